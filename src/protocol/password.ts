// What is hashed of a password. Clients and server must come to the same bytes, whoever prepares them.
import { PrecisError, opaqueString } from './precis.ts';
import { SaslprepError, saslprep } from './saslprep.ts';

/** The text cannot be a password. Its message never repeats the text. */
export class PasswordError extends Error {
  override readonly name = 'PasswordError';
}

/**
 * The form of a password that is hashed: SASLprep, as SCRAM clients compute it (RFC 5802 §2.2);
 * OpaqueString (RFC 8265 §4) only where SASLprep refuses the text, such as characters younger than Unicode 3.2.
 * @throws PasswordError if it is empty or both refuse it
 */
export function preparePassword(text: string): string {
  const prepared = trySaslprep(text) ?? tryOpaqueString(text);
  if (prepared === '') throw new PasswordError('the password is empty');
  return prepared;
}

function trySaslprep(text: string): string | undefined {
  try {
    return saslprep(text, 'stored');
  } catch (error) {
    if (error instanceof SaslprepError) return undefined;
    throw error;
  }
}

function tryOpaqueString(text: string): string {
  try {
    return opaqueString(text);
  } catch (error) {
    if (!(error instanceof PrecisError)) throw error;
    throw new PasswordError(`the password cannot be used: ${error.message}`, { cause: error });
  }
}
