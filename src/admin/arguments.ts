// The kinds of argument that commands take. Plain functions and no schemas: the supervisor runs commands, and a library
// of schemas would be a quarter of its memory.
import { JidError, parseJid, type BareJid, type Domain, type Jid } from '../protocol/jid.ts';
import { PasswordError, preparePassword } from '../protocol/password.ts';

/** What is wrong with an argument, in words for whoever wrote it. */
class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** Checks one argument, undefined when it was left out, and returns it as the command gets it. @throws ArgumentError */
export type Argument<T> = (value: unknown) => T;

/** The arguments of a command by name. @typeParam A what it is run with */
export type Arguments<A> = { readonly [K in keyof A]: Argument<A[K]> };

/** The address of an account, prepared (RFC 7622). */
export const accountAddress: Argument<BareJid> = (value) => {
  const jid = read(value);
  if (jid.local !== '' && jid.resource === '') return jid.bare;
  throw new ArgumentError('expected an address such as alice@example.org');
};

/** A domain, prepared. */
export const domain: Argument<Domain> = (value) => {
  const jid = read(value);
  if (jid.local === '' && jid.resource === '') return jid.domain;
  throw new ArgumentError('expected a domain such as example.org');
};

/** An account or one of its sessions. */
export const accountOrSession: Argument<string> = (value) => {
  const jid = read(value);
  if (jid.local !== '') return jid.full;
  throw new ArgumentError(
    'expected an address such as alice@example.org or alice@example.org/phone',
  );
};

/** Any address without a resource: of a person, of a server. */
export const anyBare: Argument<BareJid> = (value) => {
  const jid = read(value);
  if (jid.resource === '') return jid.bare;
  throw new ArgumentError('expected a domain or an address without a resource');
};

// eslint-disable-next-line no-control-regex -- these are what XML cannot carry
const NO_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]/u;

/** Words for people or for XML. */
export function words(maxBytes: number): Argument<string> {
  return (value) => {
    if (typeof value !== 'string' || value.trim() === '') throw new ArgumentError('expected text');
    if (Buffer.byteLength(value) > maxBytes) {
      throw new ArgumentError(`expected at most ${String(maxBytes)} bytes`);
    }
    if (NO_XML.test(value)) throw new ArgumentError('it holds characters that XML cannot carry');
    return value;
  };
}

export function integer(min: number, max: number): Argument<number> {
  return (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) {
      return value;
    }
    throw new ArgumentError(`expected a whole number from ${String(min)} to ${String(max)}`);
  };
}

export function choice<T extends string>(...allowed: readonly T[]): Argument<T> {
  return (value) => {
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    throw new ArgumentError(`expected one of ${allowed.join(', ')}`);
  };
}

export const flag: Argument<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  throw new ArgumentError('expected true or false');
};

/** At most so many, each of one kind. */
export function listOf<T>(argument: Argument<T>, max: number): Argument<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > max) {
      throw new ArgumentError(`expected a list of at most ${String(max)}`);
    }
    return value.map((each) => argument(each));
  };
}

// SECURITY: bounded before PBKDF2 sees it; the message of a failure never repeats it.
const MAX_PASSWORD_BYTES = 1024;

/** A password that SCRAM can work with. It is passed on as it was given: preparing belongs to its hashing. */
export const password: Argument<string> = (value) => {
  if (typeof value !== 'string' || Buffer.byteLength(value) > MAX_PASSWORD_BYTES) {
    throw new ArgumentError(`expected a password of at most ${String(MAX_PASSWORD_BYTES)} bytes`);
  }
  try {
    preparePassword(value);
  } catch (error) {
    if (!(error instanceof PasswordError)) throw error;
    throw new ArgumentError(error.message, { cause: error });
  }
  return value;
};

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): Argument<T> {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new ArgumentError(`expected one of ${words.join(', ')}`);
    return found;
  };
}

/** An argument that may be left out. */
export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return (value) => (value === undefined ? undefined : argument(value));
}

/**
 * Checks what a caller sent against what a command takes: everything it needs, nothing besides.
 * @returns the checked arguments; else what is wrong with them, one sentence each
 */
export function checkArguments<A extends object>(
  wanted: Arguments<A>,
  given: unknown,
): { readonly checked: A } | { readonly wrong: readonly string[] } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { wrong: ['expected arguments by name'] };
  }
  const wrong = Object.keys(given)
    .filter((name) => !Object.hasOwn(wanted, name))
    .map((name) => `there is no argument ${JSON.stringify(name.slice(0, 60))}`);
  const checked: Record<string, unknown> = {};
  for (const [name, argument] of Object.entries<Argument<unknown>>(wanted)) {
    const value = Object.hasOwn(given, name)
      ? (given as Readonly<Record<string, unknown>>)[name]
      : undefined;
    try {
      checked[name] = argument(value);
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      wrong.push(`${name}: ${error.message}`);
    }
  }
  return wrong.length > 0 ? { wrong } : { checked: checked as A };
}

function read(value: unknown): Jid {
  if (typeof value !== 'string') throw new ArgumentError('expected an address');
  try {
    return parseJid(value);
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
    throw new ArgumentError(error.message, { cause: error });
  }
}
