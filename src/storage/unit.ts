// Units as bytes: a sequence of [u16 statement, u8 count, count packed values]. A unit costs no object a parameter.
import { InvariantError } from '../util/errors.ts';
import { PackedWriter } from './packed.ts';
import type { StatementId, Unit, Value } from './storage.ts';

/** Upper bound for one unit. Stanzas end at 256 KiB; what is larger than this is a feature's mistake. */
export const MAX_UNIT_BYTES = 16 * 1024 * 1024;

const MAX_PARAMS = 255;
/** Any number that takes the room of a double: tag and eight bytes. */
const NOT_INT32 = 2 ** 32;
const STATEMENT_HEADER_BYTES = 3;

/** The one implementation of `Unit`; back-ends copy `buffer[0, length)` out of it. */
export class PackedUnit extends PackedWriter implements Unit {
  /** False as soon as a statement was added that does not only free. */
  onlyFrees = true;
  readonly #frees: readonly boolean[];
  #countAt = -1;
  #late: { readonly at: number; readonly value: () => number }[] | undefined;

  /** @param frees for each statement id, whether it only takes rows away; its length is the number of statements */
  constructor(frees: readonly boolean[]) {
    super(MAX_UNIT_BYTES);
    this.#frees = frees;
  }

  get empty(): boolean {
    return this.length === 0;
  }

  override clear(): void {
    super.clear();
    this.onlyFrees = true;
    this.#countAt = -1;
    this.#late = undefined;
  }

  late(value: () => number): this {
    (this.#late ??= []).push({ at: this.length, value });
    this.int(NOT_INT32);
    return this;
  }

  /** Puts in what was to come late; a back-end calls it right before it copies the unit out. */
  complete(): void {
    const late = this.#late;
    if (late === undefined) return;
    const { length } = this;
    for (const { at, value } of late) {
      this.length = at + 1;
      this.double(value());
    }
    this.length = length;
  }

  add(statement: StatementId, ...params: Value[]): this {
    this.start(statement);
    for (const value of params) this.value(value);
    return this;
  }

  start(statement: StatementId): this {
    const frees = this.#frees[statement];
    if (frees === undefined) throw new InvariantError(`no statement has the id ${statement}`);
    this.ensure(STATEMENT_HEADER_BYTES);
    const { buffer, length } = this;
    buffer[length] = statement & 0xff;
    buffer[length + 1] = statement >>> 8;
    buffer[length + 2] = 0;
    this.#countAt = length + 2;
    this.length = length + STATEMENT_HEADER_BYTES;
    if (!frees) this.onlyFrees = false;
    return this;
  }

  protected override reserve(bytes: number): void {
    const count = this.#countAt < 0 ? MAX_PARAMS : (this.buffer[this.#countAt] ?? MAX_PARAMS);
    if (count === MAX_PARAMS) {
      throw new InvariantError('a parameter without a statement, or a 256th one');
    }
    this.ensure(bytes);
    this.buffer[this.#countAt] = count + 1;
  }
}
