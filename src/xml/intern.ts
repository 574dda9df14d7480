// Bounded direct-mapped caches that give equal bytes the same string without allocating: names, namespaces, addresses.
// SECURITY: a colliding entry replaces the other one, so input can make the caches slow but never large or wrong.

const ENTRY_BYTES = 64;

/** A hash over all of a short range. PERF(docs/performance.md): four bytes a step cost as much as one. */
function hashOf(buf: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let pos = start;
  for (; pos + 4 <= end; pos += 4) {
    const word = buf[pos]! | (buf[pos + 1]! << 8) | (buf[pos + 2]! << 16) | (buf[pos + 3]! << 24);
    hash = (Math.imul(hash, 31) + word) | 0;
  }
  for (; pos < end; pos++) hash = (Math.imul(hash, 31) + buf[pos]!) | 0;
  hash = Math.imul(hash, 0x9e3779b1 | 0);
  return (hash ^ (hash >>> 15)) | 0;
}

/** Whether `length` bytes of buf at start are those of the arena at offset. */
function isSame(
  buf: Uint8Array,
  start: number,
  arena: Uint8Array,
  offset: number,
  length: number,
): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const a = start + i;
    const b = offset + i;
    const difference =
      (buf[a]! ^ arena[b]!) |
      (buf[a + 1]! ^ arena[b + 1]!) |
      (buf[a + 2]! ^ arena[b + 2]!) |
      (buf[a + 3]! ^ arena[b + 3]!);
    if (difference !== 0) return false;
  }
  for (; i < length; i++) if (buf[start + i] !== arena[offset + i]) return false;
  return true;
}

/** Equal byte ranges give equal strings, and the same object while their slot is not taken by another range. */
export class ByteInterner {
  private readonly slots: (string | undefined)[];
  private readonly lengths: Uint8Array;
  /** The bytes of each slot: comparing with them costs half of comparing with the string. */
  private readonly arena: Uint8Array;

  /** @param size number of slots, a power of two */
  constructor(size: number) {
    this.slots = new Array<string | undefined>(size).fill(undefined);
    this.lengths = new Uint8Array(size);
    this.arena = new Uint8Array(size * ENTRY_BYTES);
  }

  /** The text of checked UTF-8 bytes. Ranges beyond 64 bytes are not kept. */
  lookup(buf: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > ENTRY_BYTES) return buf.utf8Slice(start, end);
    const slot = hashOf(buf, start, end) & (this.lengths.length - 1);
    const offset = slot * ENTRY_BYTES;
    const known = this.slots[slot];
    if (
      known !== undefined &&
      this.lengths[slot] === length &&
      isSame(buf, start, this.arena, offset, length)
    ) {
      return known;
    }
    const value = buf.utf8Slice(start, end);
    this.slots[slot] = value;
    this.lengths[slot] = length;
    for (let i = 0; i < length; i++) this.arena[offset + i] = buf[start + i]!;
    return value;
  }
}

/** What is known of a kind of child element once it was seen. */
export interface ChildKind {
  readonly name: string;
  readonly ns: string;
  /** Registered mask bit, 0 if nobody asked for this kind. */
  readonly bit: number;
  /** The namespace is jabber:client or jabber:server. */
  readonly claimsStanza: boolean;
}

const KIND_SLOTS = 512;
const MASK_BITS = 31;

export function isStanzaNamespace(ns: string): boolean {
  return ns === 'jabber:client' || ns === 'jabber:server';
}

/** Kinds by name and namespace, and the mask bits that features register for them. */
export class KindTable {
  private readonly kinds: (ChildKind | undefined)[] = new Array<undefined>(KIND_SLOTS).fill(
    undefined,
  );
  private readonly lengths = new Uint8Array(KIND_SLOTS);
  private readonly arena = new Uint8Array(KIND_SLOTS * ENTRY_BYTES);
  private readonly bits = new Map<string, number>();

  /** @see XmlContext.bit */
  bit(ns: string, name: string): number {
    const key = `${name}\n${ns}`;
    let bit = this.bits.get(key);
    if (bit === undefined) {
      bit = 1 << (this.bits.size % MASK_BITS);
      this.bits.set(key, bit);
      this.kinds.fill(undefined);
    }
    return bit;
  }

  make(ns: string, name: string): ChildKind {
    const bit = this.bits.get(`${name}\n${ns}`) ?? 0;
    return { name, ns, bit, claimsStanza: isStanzaNamespace(ns) };
  }

  /** The kind of the element whose local name is the checked bytes start–end. */
  lookup(buf: Buffer, start: number, end: number, ns: string): ChildKind {
    const length = end - start;
    if (length > ENTRY_BYTES) return this.make(ns, buf.utf8Slice(start, end));
    const ends = buf[start]! * 31 + buf[end - 1]! * 7 + buf[start + (length >> 1)]!;
    const slot = (ends + length * 3 + ns.length * 53) & (KIND_SLOTS - 1);
    const arena = this.arena;
    const offset = slot * ENTRY_BYTES;
    const known = this.kinds[slot];
    if (
      known !== undefined &&
      this.lengths[slot] === length &&
      known.ns === ns &&
      isSame(buf, start, arena, offset, length)
    ) {
      return known;
    }
    const kind = this.make(ns, buf.utf8Slice(start, end));
    this.kinds[slot] = kind;
    this.lengths[slot] = length;
    for (let i = 0; i < length; i++) arena[offset + i] = buf[start + i]!;
    return kind;
  }
}

const HEAD_BYTES = 128;
const HEAD_SLOTS = 256;
/** Bytes behind `<` that are sampled to find a slot. */
const HEAD_SAMPLE = 21;

/**
 * The beginnings of children's start tags that were read before: `<active xmlns='…'`, name and namespace, byte by byte.
 * What the scanner found in such bytes depends on nothing else, so that it need not find it again.
 * PERF(docs/performance.md): half of a typical message is such tags.
 */
export class HeadTable {
  private readonly kinds: (ChildKind | undefined)[] = new Array<undefined>(HEAD_SLOTS).fill(
    undefined,
  );
  private readonly lengths = new Uint8Array(HEAD_SLOTS);
  private readonly nameLengths = new Uint8Array(HEAD_SLOTS);
  private readonly arena = new Uint8Array(HEAD_SLOTS * HEAD_BYTES);

  private slotOf(buf: Uint8Array, name: number): number {
    const early = buf[name]! + buf[name + 1]! * 3 + buf[name + 3]! * 7;
    return (early + buf[name + 12]! * 31 + buf[name + 20]! * 131) & (HEAD_SLOTS - 1);
  }

  /** @returns the slot of a head that stands at `name`, the byte behind `<`, or -1 */
  find(buf: Uint8Array, name: number, end: number): number {
    if (name + HEAD_SAMPLE > end) return -1;
    const slot = this.slotOf(buf, name);
    const length = this.lengths[slot]!;
    if (length === 0 || name + length > end) return -1;
    return isSame(buf, name, this.arena, slot * HEAD_BYTES, length) ? slot : -1;
  }

  kindAt(slot: number): ChildKind {
    return this.kinds[slot]!;
  }

  /** Bytes from the name to behind the namespace's closing quote. */
  lengthAt(slot: number): number {
    return this.lengths[slot]!;
  }

  nameLengthAt(slot: number): number {
    return this.nameLengths[slot]!;
  }

  /** Notes that the bytes from `name` to `end` are a name of nameLength, one space, and xmlns='…' without references. */
  note(buf: Uint8Array, name: number, nameLength: number, end: number, kind: ChildKind): void {
    const length = end - name;
    if (length < HEAD_SAMPLE || length > HEAD_BYTES) return;
    const slot = this.slotOf(buf, name);
    this.kinds[slot] = kind;
    this.lengths[slot] = length;
    this.nameLengths[slot] = nameLength;
    for (let i = 0; i < length; i++) this.arena[slot * HEAD_BYTES + i] = buf[name + i]!;
  }

  clear(): void {
    this.lengths.fill(0);
  }
}

/** The caches that all scanners of a worker share. */
export interface Tables {
  readonly names: ByteInterner;
  readonly namespaces: ByteInterner;
  readonly values: ByteInterner;
  readonly kinds: KindTable;
  readonly heads: HeadTable;
}
