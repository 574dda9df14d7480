// What a client sent and the server has not acknowledged (XEP-0198 §4), as tags, oldest first.

// Acknowledged tags are cut off in bulk, so that one costs nothing.
const CUT_AT = 1024;

export class SentQueue {
  /** @type {number[]} */
  #tags = [];
  #from = 0;
  #acknowledged = 0;

  get length() {
    return this.#tags.length - this.#from;
  }

  /** @param {number} tag */
  push(tag) {
    this.#tags.push(tag);
  }

  /**
   * The tags that an `h` newly covers, or undefined when it covers more than was sent.
   * @param {number} handled counts modulo 2^32
   * @returns {number[] | undefined}
   */
  acknowledge(handled) {
    const count = (handled - this.#acknowledged) >>> 0;
    if (count > this.length) return undefined;
    this.#acknowledged = handled;
    const covered = this.#tags.slice(this.#from, this.#from + count);
    this.#from += count;
    if (this.#from === this.#tags.length || this.#from > CUT_AT) {
      this.#tags = this.#tags.slice(this.#from);
      this.#from = 0;
    }
    return covered;
  }
}
