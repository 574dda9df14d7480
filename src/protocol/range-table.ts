// Reads the packed tables below tables/: a class letter for each code point, as runs of equal class.

const RUN = /([A-Z])([0-9a-z]+)/g;

/** A class letter per code point. Unpacked at the first look-up, since most servers never see what needs them. */
export class RangeTable {
  readonly #packed: string;
  #starts: Uint32Array | undefined;
  #classes = '';

  /** @param packed runs of a class letter and a length in base 36, from U+0000 on without a gap */
  constructor(packed: string) {
    this.#packed = packed;
  }

  /** The class letter of a code point. */
  classOf(codePoint: number): string {
    const starts = this.#starts ?? this.#unpack();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= codePoint) low = middle;
      else high = middle - 1;
    }
    return this.#classes.charAt(low);
  }

  #unpack(): Uint32Array {
    const starts: number[] = [];
    let classes = '';
    let next = 0;
    for (const [, letter, length] of this.#packed.matchAll(RUN)) {
      starts.push(next);
      classes += letter!;
      next += Number.parseInt(length!, 36);
    }
    this.#classes = classes;
    this.#starts = Uint32Array.from(starts);
    return this.#starts;
  }
}
