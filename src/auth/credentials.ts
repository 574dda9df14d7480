// What is kept of a password: SCRAM keys for every hash, never the password. RFC 5802 §3.
import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { preparePassword } from '../protocol/password.ts';
import type { Random } from '../util/clock.ts';
import type { Hashing } from './hashing.ts';
import { SCRAM_HASHES, scramHash, type ScramHash } from './scram-hash.ts';

export type { ScramHash } from './scram-hash.ts';

/** Bytes of a salt, real or feigned: the two must look alike. */
export const SALT_BYTES = 16;

/** PBKDF2 iterations where nothing else is configured; RFC 7677 §4 asks for 4096 and more. */
export const DEFAULT_ITERATIONS = 10_000;

/** One row of a SCRAM password database; `storedKey` and `serverKey` are as long as the hash. */
export interface ScramKeys {
  salt: Buffer;
  iterations: number;
  storedKey: Buffer;
  serverKey: Buffer;
}

export interface Credentials {
  keys: Partial<Record<ScramHash, ScramKeys>>;
  /** The account exists and may not log in; said only to whoever proves the password. */
  disabled?: boolean;
}

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * Looks up the credentials of a prepared localpart and domain. Concurrent calls are fine, in any order.
   * SECURITY: must cost the same whether the account exists or not (no cache of one kind only).
   * @returns undefined: no such account
   * @throws anything (rejects): the attempt then ends with `temporary-auth-failure`
   */
  find(local: string, domain: string): Promise<Credentials | undefined>;
}

/**
 * The keys of a new password, for every hash: one that is missing could never be made later without the password.
 * @param password as the user typed it
 * @throws PasswordError (rejects): the password is empty or has characters that no preparation allows
 * @throws HashingRefusal (rejects): too much is queued
 */
export async function makeCredentials(
  password: string,
  hashing: Hashing,
  random: Random,
  iterations: number = DEFAULT_ITERATIONS,
): Promise<Credentials> {
  const prepared = preparePassword(password);
  const made = await Promise.all(
    SCRAM_HASHES.map(async ({ hash }): Promise<[ScramHash, ScramKeys]> => {
      // A salt for each hash: RFC 5802 §5.1 has a salt belong to one user and one hash.
      const salt = random.bytes(SALT_BYTES);
      const salted = await hashing.pbkdf2(prepared, salt, iterations, hash);
      return [hash, { salt, iterations, ...keysOf(salted, hash) }];
    }),
  );
  return { keys: Object.fromEntries(made) };
}

/** StoredKey and ServerKey of a salted password. RFC 5802 §3. */
export function keysOf(
  salted: Buffer,
  hash: ScramHash,
): Pick<ScramKeys, 'storedKey' | 'serverKey'> {
  const { digest } = scramHash(hash);
  const key = createSecretKey(salted);
  const clientKey = createHmac(digest, key).update('Client Key').digest();
  return {
    storedKey: createHash(digest).update(clientKey).digest(),
    serverKey: createHmac(digest, key).update('Server Key').digest(),
  };
}
