// All chance of a run comes from one seed: the scheduler's, the faults', and the Random port of the server.

/** sfc32: small, fast, and good enough for schedules. */
export class Chance {
  #a = 0;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #d = 1;

  constructor(seed, stream = 0) {
    this.#a = seed | 0;
    this.#b ^= Math.floor(seed / 2 ** 32) ^ Math.imul(stream + 1, 0x85ebca6b);
    for (let i = 0; i < 15; i++) this.next();
  }

  /** 32 bits. */
  next() {
    const t = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  /** 0 <= x < 1 */
  real() {
    return this.next() / 2 ** 32;
  }

  /** 0 <= n < below */
  below(below) {
    return Math.floor(this.real() * below);
  }

  hit(probability) {
    return this.real() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** One of the keys, as likely as its value says. */
  weighted(weights) {
    const entries = Object.entries(weights);
    let at = this.real() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) if ((at -= weight) < 0) return name;
    return entries.at(-1)[0];
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The Random port. */
export function randomPort(chance) {
  return {
    bytes(count) {
      const bytes = Buffer.alloc(count);
      for (let at = 0; at + 4 <= count; at += 4) bytes.writeUInt32LE(chance.next(), at);
      return bytes;
    },
    id: () => Array.from({ length: 22 }, () => ALPHABET[chance.below(64)]).join(''),
  };
}
