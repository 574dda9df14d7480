// Values as bytes, little-endian and tagged: how units and pages cross a thread or a socket without an object a value.
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Value } from './storage.ts';

const FIRST_BYTES = 4096;
/** What once was large gives its buffer back when it is emptied. */
const KEEP_BYTES = 64 * 1024;
/** PERF(docs/performance.md): up to here a loop over code units beats the call into C++ (10 against 40 ns for 8). */
const LOOP_CHARS = 24;
const LENGTH_HEADER_BYTES = 5;

const TAG_NULL = 0;
const TAG_INT32 = 1;
const TAG_DOUBLE = 2;
const TAG_TEXT = 3;
const TAG_BLOB = 4;

/** Appends packed values to a growing buffer of its own. */
export class PackedWriter {
  buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** How much of `buffer` is used. */
  length = 0;
  readonly #maxBytes: number;
  readonly #float = new Float64Array(1);
  readonly #floatBytes = new Uint8Array(this.#float.buffer);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  clear(): void {
    this.length = 0;
    if (this.buffer.length > KEEP_BYTES) this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** @throws InvariantError for NaN and infinities */
  int(value: number): this {
    const int32 = value | 0;
    if (int32 === value) {
      this.reserve(5);
      const { buffer, length } = this;
      buffer[length] = TAG_INT32;
      buffer[length + 1] = int32 & 0xff;
      buffer[length + 2] = (int32 >>> 8) & 0xff;
      buffer[length + 3] = (int32 >>> 16) & 0xff;
      buffer[length + 4] = int32 >>> 24;
      this.length = length + 5;
      return this;
    }
    if (!Number.isFinite(value)) throw new InvariantError(`not a number that SQL has: ${value}`);
    this.reserve(9);
    this.buffer[this.length] = TAG_DOUBLE;
    this.#double(value, this.length + 1);
    this.length += 9;
    return this;
  }

  text(value: string): this {
    // A code unit takes at most three bytes of UTF-8.
    this.reserve(LENGTH_HEADER_BYTES + value.length * 3);
    const at = this.length + LENGTH_HEADER_BYTES;
    let bytes = value.length <= LOOP_CHARS ? copyAscii(this.buffer, at, value) : -1;
    if (bytes < 0) bytes = this.buffer.write(value, at, 'utf8');
    this.#header(TAG_TEXT, bytes);
    return this;
  }

  blob(value: Uint8Array): this {
    this.reserve(LENGTH_HEADER_BYTES + value.length);
    this.buffer.set(value, this.length + LENGTH_HEADER_BYTES);
    this.#header(TAG_BLOB, value.length);
    return this;
  }

  bytes(value: Bytes): this {
    this.reserve(LENGTH_HEADER_BYTES + value.length);
    const at = this.length + LENGTH_HEADER_BYTES;
    if (value.length > LOOP_CHARS || copyAscii(this.buffer, at, value) < 0) {
      this.buffer.write(value, at, 'latin1');
    }
    this.#header(TAG_BLOB, value.length);
    return this;
  }

  nil(): this {
    this.reserve(1);
    this.buffer[this.length++] = TAG_NULL;
    return this;
  }

  value(value: Value): this {
    if (typeof value === 'number') return this.int(value);
    if (typeof value === 'string') return this.text(value);
    return value === null ? this.nil() : this.blob(value);
  }

  /** A bare byte without a tag. */
  u8(value: number): this {
    this.ensure(1);
    this.buffer[this.length++] = value;
    return this;
  }

  /** A bare count or number without a tag. */
  u32(value: number): this {
    this.ensure(4);
    writeU32(this.buffer, this.length, value);
    this.length += 4;
    return this;
  }

  /** A bare double without a tag. */
  double(value: number): this {
    this.ensure(8);
    this.#double(value, this.length);
    this.length += 8;
    return this;
  }

  /** What was written, in memory of its own; the writer is empty afterwards. */
  take(): Buffer {
    const own = Buffer.allocUnsafeSlow(this.length);
    this.buffer.copy(own, 0, 0, this.length);
    this.clear();
    return own;
  }

  /** Called before a value is written; a unit counts its parameters here. */
  protected reserve(bytes: number): void {
    this.ensure(bytes);
  }

  /** Makes room for so many more bytes. @throws InvariantError beyond the bound */
  protected ensure(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.buffer.length) return;
    if (wanted > this.#maxBytes) {
      throw new InvariantError(`more than ${this.#maxBytes} bytes of packed values`);
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  #header(tag: number, bytes: number): void {
    this.buffer[this.length] = tag;
    writeU32(this.buffer, this.length + 1, bytes);
    this.length += LENGTH_HEADER_BYTES + bytes;
  }

  #double(value: number, at: number): void {
    this.#float[0] = value;
    const bytes = this.#floatBytes;
    for (let i = 0; i < 8; i++) this.buffer[at + i] = bytes[i] ?? 0;
  }
}

/** Writes an unsigned 32-bit number, little-endian. */
export function writeU32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value & 0xff;
  buffer[at + 1] = (value >>> 8) & 0xff;
  buffer[at + 2] = (value >>> 16) & 0xff;
  buffer[at + 3] = value >>> 24;
}

/** Copies a string whose code units are all below 128. @returns its length, or -1 if it is another kind of string */
function copyAscii(target: Buffer, at: number, value: string): number {
  const { length } = value;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 127) return -1;
    target[at + i] = unit;
  }
  return length;
}

/** How the values of a page are wanted: BLOBs as views of the read buffer, as Buffers of their own, or as Bytes strings. */
export type BlobForm = 'view' | 'own' | 'bytes';

/** Reads packed values one after another; the counterpart of PackedWriter, for back-ends. */
export class PackedReader {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  readonly #float = new Float64Array(1);
  readonly #floatBytes = new Uint8Array(this.#float.buffer);

  /** Reads from `at` on. */
  reset(buffer: Buffer, at: number): void {
    this.buffer = buffer;
    this.at = at;
  }

  u8(): number {
    return this.buffer[this.at++] ?? 0;
  }

  u16(): number {
    const { buffer, at } = this;
    this.at = at + 2;
    return (buffer[at] ?? 0) | ((buffer[at + 1] ?? 0) << 8);
  }

  u32(): number {
    const { buffer, at } = this;
    this.at = at + 4;
    return (
      ((buffer[at] ?? 0) |
        ((buffer[at + 1] ?? 0) << 8) |
        ((buffer[at + 2] ?? 0) << 16) |
        ((buffer[at + 3] ?? 0) << 24)) >>>
      0
    );
  }

  double(): number {
    const { buffer, at } = this;
    const bytes = this.#floatBytes;
    for (let i = 0; i < 8; i++) bytes[i] = buffer[at + i] ?? 0;
    this.at = at + 8;
    return this.#float[0] ?? 0;
  }

  /** @throws InvariantError for bytes that PackedWriter does not write */
  value(form: BlobForm): Value {
    const tag = this.u8();
    switch (tag) {
      case TAG_INT32:
        return this.u32() | 0;
      case TAG_DOUBLE:
        return this.double();
      case TAG_NULL:
        return null;
      case TAG_TEXT: {
        const end = this.#end();
        const value = this.buffer.toString('utf8', this.at, end);
        this.at = end;
        return value;
      }
      case TAG_BLOB: {
        const end = this.#end();
        const start = this.at;
        this.at = end;
        if (form === 'bytes') return this.buffer.toString('latin1', start, end);
        const view = this.buffer.subarray(start, end);
        if (form === 'view') return view;
        // What outlives a tick owns its memory: no slice of the page, none of Node's pool.
        const own = Buffer.allocUnsafeSlow(view.length);
        own.set(view);
        return own;
      }
      default:
        throw new InvariantError(`unknown tag ${tag} in packed values`);
    }
  }

  #end(): number {
    const bytes = this.u32();
    const end = this.at + bytes;
    if (end > this.buffer.length) throw new InvariantError('packed values end early');
    return end;
  }
}
