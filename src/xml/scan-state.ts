// Where a scanner is: between two calls it keeps this and nothing else, so that reading can stop at any byte.
import * as chars from './chars.ts';
import { fail } from './errors.ts';
import * as layout from './layout.ts';
import type { XmlLimits } from './limits.ts';
import { isXmlns, type RawTag, type StreamScope } from './namespaces.ts';
import { referencePoint } from './references.ts';
import { NO_SCOPE, seenBit, TagSink } from './tag-sink.ts';

/** Told of every token of an element when it is read into a tree; the positions are absolute. */
export interface Recorder {
  start(buf: Buffer, base: number, tag: RawTag): void;
  text(buf: Buffer, start: number, end: number): void;
  cdata(buf: Buffer, start: number, end: number): void;
  end(): void;
}

const { BAD_UTF8, IS_SPACE, NAME_STOP, NO_NAME_START, VALUE_STOP } = chars;
const { APOS, CR, EQUALS, GT, HASH, QUOT, SEMICOLON, SLASH, SPACE } = chars;
const { ATTR_FIELDS, BETWEEN, NONE } = layout;
const CDATA_OPEN = '[CDATA[';

/** A character that may not be here. @throws XmlError */
function badCharacter(length: number): never {
  // RFC 6120 §4.9.3.22: a violation of the rules of UTF-8 is unsupported-encoding.
  if (length === BAD_UTF8) fail('unsupported-encoding', 'not UTF-8');
  return fail('not-well-formed', 'not a character of XML');
}

/** Bytes of the non-ASCII character at pos; 0 while its rest has not arrived. @throws XmlError */
export function wideLength(buf: Uint8Array, pos: number, end: number): number {
  const length = chars.charLength(buf, pos, end);
  if (length < 0) badCharacter(length);
  return length;
}

/**
 * A scanner's place in its input. All positions it keeps are relative to the start of the stanza, so that the bytes may
 * move between two calls.
 */
export class ScanState extends TagSink {
  /** Where the stanza begins in the buffer; the owner sets it when it moves the bytes. */
  base = 0;
  /** Where the last call stopped. */
  pos = 0;
  /** With OPENED: the root ended with its start tag. */
  rootIsEmpty = false;
  /** Set to have every token reported. */
  recorder: Recorder | null = null;
  protected state = BETWEEN;
  protected depth = 0;
  protected atStart = true;
  protected lenientStart = false;
  protected tok = 0;
  protected nameEnd = 0;
  protected colon = NONE;
  protected isAttribute = false;
  protected val = 0;
  protected quote = 0;
  protected flags = 0;
  protected ref = 0;
  protected back = 0;
  protected matched = 0;
  protected lt = 0;
  protected mark = 0;
  /** Start and length of the names of the open elements. */
  protected stack: Int32Array = new Int32Array(2 * 16);

  /** Sets the scanner before a stream header. `lenient`: white space may precede the XML declaration. */
  beginStream(scope: StreamScope, limits: XmlLimits, lenient: boolean): void {
    this.begin(scope, limits, 0);
    this.atStart = true;
    this.lenientStart = lenient;
  }

  /** Sets the scanner between two stanzas of a stream whose header said `scope`. */
  beginStanzas(scope: StreamScope, limits: XmlLimits): void {
    this.begin(scope, limits, 1);
    this.atStart = false;
  }

  private begin(scope: StreamScope, limits: XmlLimits, depth: number): void {
    this.scope = scope;
    this.limits = limits;
    this.scopes.reset(scope.bindings);
    this.state = BETWEEN;
    this.depth = depth;
    this.base = 0;
    this.recorder = null;
  }

  /** Nothing unfinished: neither a header nor a stanza. */
  get isBetweenStanzas(): boolean {
    return this.state === BETWEEN && this.depth === 1;
  }

  /** Bytes before `pos` are still needed. */
  get isInsideMarkup(): boolean {
    return this.state !== BETWEEN;
  }

  /** Nothing of a stream header was read yet. */
  get isAtStart(): boolean {
    return this.state === BETWEEN && this.depth === 0 && this.atStart;
  }

  /** Drops what it refers to, before it waits for its next use. */
  forget(): void {
    this.recorder = null;
    this.scope = NO_SCOPE;
    this.beginStanza();
    this.scopes.reset(NO_SCOPE.bindings);
  }

  /**
   * Reads the name of a start tag and the attributes behind it, as far as they are here and of the most ordinary form:
   * ASCII, no prefix, one space in front, no space around `=`, no reference in the value. It changes nothing else, so
   * that the general way can go on where this one stops.
   * PERF(docs/performance.md): nearly all tags end here; a function with few variables is twice as fast as next().
   * @returns where it stopped: behind the name or an attribute, or -1 if the name is not of that form
   */
  protected quickTag(buf: Uint8Array, from: number, end: number, base: number): number {
    let pos = from;
    while (pos < end && NAME_STOP[buf[pos]!] === 0) pos++;
    const length = pos - from;
    if (pos >= end || length === 0 || length > this.limits.maxNameBytes) return -1;
    const c = buf[pos]!;
    if ((c !== SPACE && c !== GT && c !== SLASH) || NO_NAME_START[buf[from]!] === 1) return -1;
    this.elementName = from - base;
    this.elementNameEnd = pos - base;
    this.elementColon = 0;
    return c === SPACE ? this.quickAttributes(buf, pos, end, base) : pos;
  }

  /** The part of quickTag() behind the name. */
  protected quickAttributes(buf: Uint8Array, from: number, end: number, base: number): number {
    const { maxAttributes, maxNameBytes } = this.limits;
    let done = from;
    let count = this.attrCount;
    let seen = this.seen;
    while (done < end && buf[done] === SPACE) {
      const name = done + 1;
      let pos = name;
      while (pos < end && NAME_STOP[buf[pos]!] === 0) pos++;
      const length = pos - name;
      if (length === 0 || length > maxNameBytes || count >= maxAttributes || pos + 1 >= end) break;
      const quote = buf[pos + 1]!;
      const isUsual = buf[pos] === EQUALS && (quote === APOS || quote === QUOT);
      if (!isUsual || NO_NAME_START[buf[name]!] === 1) break;
      const nameEnd = pos;
      const value = pos + 2;
      pos = value;
      while (pos + 4 <= end) {
        const near = VALUE_STOP[buf[pos]!]! | (VALUE_STOP[buf[pos + 1]!]! << 1);
        const stops = near | (VALUE_STOP[buf[pos + 2]!]! << 2) | (VALUE_STOP[buf[pos + 3]!]! << 3);
        if (stops !== 0) {
          pos += 31 - Math.clz32(stops & -stops);
          break;
        }
        pos += 4;
      }
      while (pos < end && VALUE_STOP[buf[pos]!] === 0) pos++;
      if (pos >= end || buf[pos] !== quote) break;
      if (count * ATTR_FIELDS >= this.attrs.length) this.growAttributes();
      const attrs = this.attrs;
      const at = count * ATTR_FIELDS;
      attrs[at] = name - base;
      attrs[at + 1] = nameEnd - base;
      attrs[at + 2] = 0;
      attrs[at + 3] = value - base;
      attrs[at + 4] = pos - base;
      attrs[at + 5] = 0;
      const bit = seenBit(length, buf[name]!, buf[nameEnd - 1]!);
      if ((seen & bit) !== 0) this.needsResolving = true;
      seen |= bit;
      if (length === 5 && isXmlns(buf, name)) this.xmlnsIndex = count;
      count++;
      done = pos + 1;
    }
    this.attrCount = count;
    this.seen = seen;
    return done;
  }

  protected skipSpace(buf: Uint8Array, from: number, end: number): number {
    let pos = from;
    for (; pos < end; pos++) {
      const c = buf[pos]!;
      if (IS_SPACE[c] === 0) break;
      if (c === CR) this.isPlain = false;
    }
    return pos;
  }

  /**
   * Goes on with the reference whose `&` is at ref.
   * @returns the position behind its `;`, or ~end while that has not arrived
   * @throws XmlError
   */
  protected readReference(buf: Uint8Array, ref: number, from: number, end: number): number {
    let pos = from;
    for (; pos < end; pos++) {
      const c = buf[pos]!;
      if (c === SEMICOLON) {
        referencePoint(buf, ref + 1, pos);
        return pos + 1;
      }
      const isNamed = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || c === HASH;
      if (!isNamed && !(c >= 0x61 && c <= 0x7a)) fail('not-well-formed', 'a bare &');
    }
    return ~pos;
  }

  /**
   * Goes on with what began with `<!`, `matched` bytes of `[CDATA[` being read.
   * @returns the position behind it, or ~end while it has not arrived
   * @throws XmlError
   */
  protected readMarkup(buf: Uint8Array, from: number, end: number, depth: number): number {
    let pos = from;
    while (this.matched < CDATA_OPEN.length) {
      if (pos >= end) return ~pos;
      const c = buf[pos]!;
      if (c !== CDATA_OPEN.charCodeAt(this.matched)) {
        // RFC 6120 §11.1: no comments and no document type declarations.
        const isFirst = this.matched === 0;
        if (isFirst && c === 0x2d) fail('restricted-xml', 'comment');
        if (isFirst && c === 0x44) fail('restricted-xml', 'document type declaration');
        fail('not-well-formed', '<! begins nothing known');
      }
      if (depth < 2) this.strayCharacter(buf, pos, depth);
      pos++;
      this.matched++;
    }
    return pos;
  }

  /** Something other than white space at a depth where only elements may be. @throws XmlError always */
  protected strayCharacter(buf: Uint8Array, pos: number, depth: number): never {
    const c = buf[pos]!;
    // Only what the first byte shows: the others may not be here yet, and the answer must not depend on that.
    if (c >= 0x80 && (c < 0xc2 || c > 0xf4)) badCharacter(BAD_UTF8);
    if (depth === 0) fail('not-well-formed', 'character data outside of the root element');
    // RFC 6120 §11.7 allows white space between stanzas; other character data there violates the streams schema, which
    // is §4.9.3.11's case.
    return fail('invalid-xml', 'character data between stanzas');
  }

  protected growStack(): Int32Array {
    const stack = new Int32Array(this.stack.length * 2);
    stack.set(this.stack);
    this.stack = stack;
    return stack;
  }
}
