// The kinds of argument that commands take.
import { z } from 'zod';
import { JidError, parseJid, type BareJid, type Domain } from '../protocol/jid.ts';
import { PasswordError, preparePassword } from '../protocol/password.ts';
import { OperatorError } from '../util/errors.ts';
import type { AdminContext } from './command.ts';

/** The address of an account, prepared (RFC 7622). */
export const accountAddress: z.ZodType<BareJid> = z.unknown().transform((value, context) => {
  const jid = read(value, context);
  if (jid === undefined) return z.NEVER;
  if (jid.local !== '' && jid.resource === '') return jid.bare;
  context.addIssue({ code: 'custom', message: 'expected an address such as alice@example.org' });
  return z.NEVER;
});

/** A domain, prepared. */
export const domain: z.ZodType<Domain> = z.unknown().transform((value, context) => {
  const jid = read(value, context);
  if (jid === undefined) return z.NEVER;
  if (jid.local === '' && jid.resource === '') return jid.domain;
  context.addIssue({ code: 'custom', message: 'expected a domain such as example.org' });
  return z.NEVER;
});

// SECURITY: bounded before PBKDF2 sees it; the message of a failure never repeats it.
const MAX_PASSWORD_BYTES = 1024;

/** A password that SCRAM can work with. It is passed on as it was given: preparing belongs to its hashing. */
export const password: z.ZodType<string> = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && Buffer.byteLength(value) <= MAX_PASSWORD_BYTES) {
    try {
      preparePassword(value);
      return value;
    } catch (error) {
      if (!(error instanceof PasswordError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  }
  const limit = String(MAX_PASSWORD_BYTES);
  context.addIssue({ code: 'custom', message: `expected a password of at most ${limit} bytes` });
  return z.NEVER;
});

/** @throws OperatorError `host-unknown` for an address of a domain that is not served here */
export function requireHost(context: AdminContext, address: BareJid | Domain): void {
  const host = address.slice(address.indexOf('@') + 1);
  if (context.hosts.includes(host)) return;
  throw new OperatorError(
    'host-unknown',
    `${host} is not served here`,
    `Hosts served: ${context.hosts.join(', ')}. Add it to \`hosts\` in the configuration and restart.`,
  );
}

function read(value: unknown, context: z.RefinementCtx): ReturnType<typeof parseJid> | undefined {
  if (typeof value === 'string') {
    try {
      return parseJid(value);
    } catch (error) {
      if (!(error instanceof JidError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return undefined;
    }
  }
  context.addIssue({ code: 'custom', message: 'expected an address' });
  return undefined;
}
