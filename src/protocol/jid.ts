// Addresses: RFC 7622. A JID is prepared once, when it is parsed; afterwards equal addresses are equal strings.
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr } from '../xml/writer.ts';
import { DomainError, prepareDomain } from './idna.ts';
import { PrecisError, opaqueString, usernameCaseMapped } from './precis.ts';

declare const brand: unique symbol;
declare const domainBrand: unique symbol;

/** A prepared address without a resource: `local@domain`, or a domain alone. */
export type BareJid = string & { readonly [brand]: 'BareJid' };
/** A prepared address with a resource. */
export type FullJid = string & { readonly [brand]: 'FullJid' };
/** A prepared domain. Every domain is also the bare JID of its server. */
export type Domain = BareJid & { readonly [domainBrand]: true };

/** A prepared address with all the forms in which the path needs it. Immutable. */
export interface Jid {
  /** '' if none. */
  readonly local: string;
  readonly domain: Domain;
  /** '' if none. */
  readonly resource: string;
  /** The domain alone if there is no localpart. */
  readonly bare: BareJid;
  /** `bare`, or `bare/resource`. */
  readonly full: string;
  /** `full` as the writer puts it between single quotes: UTF-8, escaped. */
  readonly bytes: Bytes;
  /** `bare` likewise. */
  readonly bareBytes: Bytes;
}

export type JidPart = 'localpart' | 'domainpart' | 'resourcepart';

/** The address is malformed; the message says which part and why. */
export class JidError extends Error {
  override readonly name = 'JidError';
  readonly part: JidPart;

  constructor(part: JidPart, reason: string, options?: ErrorOptions) {
    super(`the ${part} of the address is not valid: ${reason}`, options);
    this.part = part;
  }
}

// RFC 7622 §3.2, §3.3, §3.4: each part is 1 to 1023 bytes once prepared.
const MAX_PART_BYTES = 1023;
// Preparation shortens text (three bytes of a full-width letter become one), so the input may be longer
// than three parts and two separators; a bound is needed before any work that costs more than a look.
const MAX_INPUT_UNITS = 4096;

// RFC 7622 §3.3.1: these are valid in the PRECIS class but not in a localpart.
const EXCLUDED_IN_LOCALPART = /["&'/:<>@]/;

// An address that is already prepared: printable ASCII, lower case, none of the characters excluded above.
// RFC 7622 §3.5 calls a resource with a leading space (example 18) invalid, but no rule of the RFC forbids it
// and nicknames in rooms have them: it is let through, as a router that refused it would lose messages.
const PREPARED_ASCII = /^(?:([!#-%(-.0-9;=?[-`a-z{-~]+)@)?([a-z0-9._-]+)(?:\/([ -~]+))?$/;

/**
 * Reads and prepares an address.
 * @throws JidError
 * @source RFC 7622 §3
 */
export function parseJid(text: string): Jid {
  if (text.length > MAX_INPUT_UNITS) throw new JidError('domainpart', 'the address is too long');
  const match = PREPARED_ASCII.exec(text);
  if (match !== null) return fromPreparedAscii(match[1] ?? '', match[2]!, match[3] ?? '');
  // RFC 7622 §3.2: the resource is what follows the first '/', the localpart what precedes the first '@' before it.
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  if (slash === text.length - 1 && slash !== -1) throw new JidError('resourcepart', 'it is empty');
  const at = address.indexOf('@');
  if (at === 0) throw new JidError('localpart', 'it is empty');
  return makeJid(
    at === -1 ? '' : address.slice(0, at),
    address.slice(at + 1),
    slash === -1 ? '' : text.slice(slash + 1),
  );
}

/**
 * An address of its parts, each prepared; '' stands for no localpart and for no resource.
 * @throws JidError
 */
export function makeJid(local: string, domain: string, resource: string): Jid {
  if (local.length + domain.length + resource.length > MAX_INPUT_UNITS) {
    throw new JidError('domainpart', 'the address is too long');
  }
  return assemble(
    local === '' ? '' : prepareLocal(local),
    prepare('domainpart', prepareDomain, domain),
    resource === '' ? '' : prepare('resourcepart', opaqueString, resource),
  );
}

function fromPreparedAscii(local: string, domain: string, resource: string): Jid {
  checkLength('localpart', local);
  checkLength('resourcepart', resource);
  return assemble(local, prepare('domainpart', prepareDomain, domain), resource);
}

function prepareLocal(local: string): string {
  const prepared = prepare('localpart', usernameCaseMapped, local);
  // After preparation, since a full-width '＠' is mapped to the plain one.
  if (EXCLUDED_IN_LOCALPART.test(prepared)) {
    throw new JidError('localpart', 'it holds one of " & \' / : < > @');
  }
  return prepared;
}

function prepare(part: JidPart, rule: (text: string) => string, text: string): string {
  let prepared;
  try {
    prepared = rule(text);
  } catch (error) {
    if (!(error instanceof PrecisError || error instanceof DomainError)) throw error;
    throw new JidError(part, error.message, { cause: error });
  }
  checkLength(part, prepared);
  return prepared;
}

function checkLength(part: JidPart, prepared: string): void {
  // A UTF-16 unit is at least one byte and at most three.
  if (prepared.length * 3 <= MAX_PART_BYTES) return;
  if (Buffer.byteLength(prepared, 'utf8') > MAX_PART_BYTES) {
    throw new JidError(part, `it is longer than ${MAX_PART_BYTES} bytes`);
  }
}

function assemble(local: string, domain: string, resource: string): Jid {
  const bare = local === '' ? domain : `${local}@${domain}`;
  const full = resource === '' ? bare : `${bare}/${resource}`;
  const bareBytes = escapeAttr(bare);
  return {
    local,
    domain: domain as Domain,
    resource,
    bare: bare as BareJid,
    full,
    bytes: resource === '' ? bareBytes : escapeAttr(full),
    bareBytes,
  };
}

// Longer texts are parsed each time: sixteen thousand of them would be a hoard worth making on purpose.
const MAX_CACHED_UNITS = 256;

/**
 * Parsed addresses of the stanza path: one look-up when hot, the same object for the same text while cached.
 * Bounded by two generations: what is not asked for while `max / 2` others are is forgotten.
 */
export class JidCache {
  readonly #generationSize: number;
  #young = new Map<string, Jid | undefined>();
  #old = new Map<string, Jid | undefined>();

  /** @param max addresses kept, malformed ones included */
  constructor(max = 16384) {
    this.#generationSize = Math.max(1, max >> 1);
  }

  /** The address, or undefined if the text is malformed. */
  get(text: string): Jid | undefined {
    const jid = this.#young.get(text);
    if (jid !== undefined) return jid;
    return this.#young.has(text) ? undefined : this.#slow(text);
  }

  #slow(text: string): Jid | undefined {
    if (text.length > MAX_CACHED_UNITS) return tryParse(text);
    if (this.#old.has(text)) return this.#keep(text, this.#old.get(text));
    // A copy, since a key that is a slice of a received string would pin the whole of it.
    const owned = Buffer.from(text, 'utf8').toString('utf8');
    // A lone surrogate is no text and does not survive the copy.
    if (owned !== text) return tryParse(text);
    return this.#keep(owned, tryParse(owned));
  }

  #keep(text: string, jid: Jid | undefined): Jid | undefined {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, jid);
    return jid;
  }
}

function tryParse(text: string): Jid | undefined {
  try {
    return parseJid(text);
  } catch (error) {
    if (error instanceof JidError) return undefined;
    throw error;
  }
}
