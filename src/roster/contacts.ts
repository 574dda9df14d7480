// The contacts of one account in memory: all of them in one string of bytes, about 6 bytes each beside their own texts.
// PERF(src/roster/README.md): objects would take five times that, for rosters that are read once a session.
import { text, utf8, type Bytes } from '../xml/bytes.ts';

/** `remove` marks a contact that is gone and kept for the sake of versioning. RFC 6121 §2.1.2.5 */
export type Subscription = 'none' | 'to' | 'from' | 'both' | 'remove';

/** One item. Its texts may be slices of the packed string: not to be kept beyond the turn. */
export interface Contact {
  /** A prepared address: equal addresses are equal texts. */
  readonly jid: string;
  /** '' if none. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly subscription: Subscription;
  /** A subscription request is on its way. RFC 6121 §2.1.2.2 */
  readonly ask: boolean;
  /** RFC 6121 §2.1.2.1 */
  readonly approved: boolean;
  /** The roster's version that this contact was last changed by. */
  readonly version: number;
}

declare const brand: unique symbol;

/**
 * Records one behind the other, each: length of the rest, flags, version, jid, name, groups to the end of the record.
 * Numbers are base 128, lowest digits first; texts are UTF-8 behind their length.
 */
export type PackedContacts = string & { readonly [brand]: 'PackedContacts' };

export const NO_CONTACTS = '' as PackedContacts;

const SUBSCRIPTIONS: readonly Subscription[] = ['none', 'to', 'from', 'both', 'remove'];
const SUBSCRIPTION_BITS = 7;
const REMOVED = SUBSCRIPTIONS.indexOf('remove');
const ASK = 8;
const APPROVED = 16;

/** Reads numbers and texts one behind the other. */
class Cursor {
  private readonly packed: string;
  at: number;

  constructor(packed: string, at: number) {
    this.packed = packed;
    this.at = at;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const digit = this.packed.charCodeAt(this.at++);
      value |= (digit & 0x7f) << shift;
      if (digit < 0x80) return value;
    }
  }

  text(): string {
    const length = this.number();
    const start = this.at;
    this.at += length;
    return text(this.packed.slice(start, this.at) as Bytes);
  }
}

function packNumber(value: number): string {
  let out = '';
  let rest = value;
  while (rest >= 0x80) {
    out += String.fromCharCode((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return out + String.fromCharCode(rest);
}

function packText(value: string): string {
  const bytes = utf8(value);
  return packNumber(bytes.length) + bytes;
}

function packContact(contact: Contact): string {
  const flags =
    SUBSCRIPTIONS.indexOf(contact.subscription) |
    (contact.ask ? ASK : 0) |
    (contact.approved ? APPROVED : 0);
  const texts = [contact.jid, contact.name, ...contact.groups].map(packText).join('');
  const record = packNumber(flags) + packNumber(contact.version) + texts;
  return packNumber(record.length) + record;
}

// One flat string that shares memory with nothing: joined strings are trees of their parts until somebody reads them.
function flat(joined: string): PackedContacts {
  return Buffer.from(joined, 'latin1').latin1Slice() as PackedContacts;
}

function recordAt(packed: PackedContacts, start: number): { contact: Contact; end: number } {
  const cursor = new Cursor(packed, start);
  const length = cursor.number();
  const end = cursor.at + length;
  const flags = cursor.number();
  const version = cursor.number();
  const jid = cursor.text();
  const name = cursor.text();
  const groups: string[] = [];
  while (cursor.at < end) groups.push(cursor.text());
  const subscription = SUBSCRIPTIONS[flags & SUBSCRIPTION_BITS] ?? 'none';
  const ask = (flags & ASK) !== 0;
  const approved = (flags & APPROVED) !== 0;
  return { contact: { jid, name, groups, subscription, ask, approved, version }, end };
}

/** Where the record of an address lies; compares bytes and makes no text. */
function locate(packed: PackedContacts, jid: string): { start: number; end: number } | undefined {
  const wanted = packText(jid);
  const cursor = new Cursor(packed, 0);
  while (cursor.at < packed.length) {
    const start = cursor.at;
    const length = cursor.number();
    const end = cursor.at + length;
    cursor.number();
    cursor.number();
    if (packed.startsWith(wanted, cursor.at)) return { start, end };
    cursor.at = end;
  }
  return undefined;
}

/** @param contacts of different addresses */
export function pack(contacts: Iterable<Contact>): PackedContacts {
  let joined = '';
  for (const contact of contacts) joined += packContact(contact);
  return flat(joined);
}

/** All of them, removed ones included, in the order in which they were added. */
export function* unpack(packed: PackedContacts): Generator<Contact> {
  for (let at = 0; at < packed.length;) {
    const { contact, end } = recordAt(packed, at);
    yield contact;
    at = end;
  }
}

/** The contact of an address; one that was removed too, if it is still remembered. */
export function find(packed: PackedContacts, jid: string): Contact | undefined {
  const place = locate(packed, jid);
  return place === undefined ? undefined : recordAt(packed, place.start).contact;
}

/** Whose presence goes where: bits of the mask for `eachJid`. */
export const TO = 1;
export const FROM = 2;
export const ASKED = 4;

/** By the number in SUBSCRIPTIONS. */
const SIDES: readonly number[] = [0, TO, FROM, TO | FROM, 0];

/** The sides of the subscription to an address, and whether it was asked for, as a mask; makes no text. */
export function sidesOf(packed: PackedContacts, jid: string): number {
  const place = locate(packed, jid);
  if (place === undefined) return 0;
  const cursor = new Cursor(packed, place.start);
  cursor.number();
  return maskOf(cursor.number());
}

function maskOf(flags: number): number {
  return SIDES[flags & SUBSCRIPTION_BITS]! | ((flags & ASK) === 0 ? 0 : ASKED);
}

/**
 * Visits the addresses of which one of the bits in `mask` is set. PERF: presence goes this way at each broadcast, so no
 * contact is made of it.
 * @param visit given a slice of the packed string: not to be kept beyond the turn
 */
export function eachJid(
  packed: PackedContacts,
  mask: number,
  visit: (jid: string, sides: number) => void,
): void {
  const cursor = new Cursor(packed, 0);
  while (cursor.at < packed.length) {
    const length = cursor.number();
    const end = cursor.at + length;
    const sides = maskOf(cursor.number());
    if ((sides & mask) !== 0) {
      cursor.number();
      visit(cursor.text(), sides);
    }
    cursor.at = end;
  }
}

/** The same contacts with this one in the place of the one of its address, or at the end. */
export function put(packed: PackedContacts, contact: Contact): PackedContacts {
  const { start, end } = locate(packed, contact.jid) ?? {
    start: packed.length,
    end: packed.length,
  };
  return flat(packed.slice(0, start) + packContact(contact) + packed.slice(end));
}

/** How many there are, removed ones aside; makes no text. */
export function count(packed: PackedContacts): number {
  let live = 0;
  const cursor = new Cursor(packed, 0);
  while (cursor.at < packed.length) {
    const length = cursor.number();
    const end = cursor.at + length;
    if ((cursor.number() & SUBSCRIPTION_BITS) !== REMOVED) live++;
    cursor.at = end;
  }
  return live;
}
