// The books: every message sent has a number, and every number must arrive once, where it belongs, in its lane's order.
import { randomBytes } from 'node:crypto';

const TEXT =
  'Shall we meet at the station around half past six and then walk over together, or would you rather come by later?';

/** Body of 80 bytes, checked at the other end. */
export const BODY = TEXT.slice(0, 80);

/**
 * A typed array of twice the size with the old values in it.
 * @template {Float64Array | Int32Array | Uint8Array | Float32Array} T
 * @param {T} array
 * @returns {T}
 */
function doubled(array) {
  const Kind = /** @type {new (length: number) => T} */ (array.constructor);
  const larger = new Kind(array.length * 2);
  larger.set(array);
  return larger;
}

/** Durations in milliseconds, kept one by one so that percentiles are exact. */
export class Durations {
  #values = new Float32Array(1 << 16);
  #count = 0;

  get count() {
    return this.#count;
  }

  /** @param {number} ms */
  add(ms) {
    if (this.#count === this.#values.length) this.#values = doubled(this.#values);
    this.#values[this.#count++] = ms;
  }

  clear() {
    this.#count = 0;
  }

  /**
   * Percentiles in the order asked for; 0 when nothing was measured.
   * @param {readonly number[]} wanted between 0 and 100
   * @returns {number[]}
   */
  percentiles(wanted) {
    const sorted = this.#values.slice(0, this.#count).sort();
    return wanted.map((p) => {
      const index = Math.min(this.#count - 1, Math.floor((p / 100) * this.#count));
      return sorted[index] ?? 0;
    });
  }
}

/**
 * A lane is one sender to one receiver: RFC 6120 §10.1 promises order there and nowhere else.
 */
export class Ledger {
  /** Begins every id of this run; messages without it are not ours. */
  prefix = `b${randomBytes(6).toString('hex')}-`;
  sent = 0;
  delivered = 0;
  doubled = 0;
  outOfOrder = 0;
  /** Wrong receiver or changed body. */
  corrupt = 0;
  #sentAt = new Float64Array(1 << 16);
  #lane = new Int32Array(1 << 16);
  #receiver = new Int32Array(1 << 16);
  #arrivals = new Uint8Array(1 << 16);
  #lastInLane;

  /** @param {number} lanes */
  constructor(lanes) {
    this.#lastInLane = new Int32Array(lanes).fill(-1);
  }

  get lost() {
    return this.sent - this.delivered;
  }

  /**
   * Enters a message that is being sent and returns its number.
   * @param {number} lane
   * @param {number} receiver
   * @param {number} at milliseconds
   */
  send(lane, receiver, at) {
    const number = this.sent++;
    if (number === this.#lane.length) {
      this.#sentAt = doubled(this.#sentAt);
      this.#lane = doubled(this.#lane);
      this.#receiver = doubled(this.#receiver);
      this.#arrivals = doubled(this.#arrivals);
    }
    this.#sentAt[number] = at;
    this.#lane[number] = lane;
    this.#receiver[number] = receiver;
    return number;
  }

  /**
   * When the message was sent.
   * @param {number} number
   */
  sentAt(number) {
    return this.#sentAt[number] ?? 0;
  }

  /**
   * The message's number from its start tag, -1 for a message that is not of this run.
   * @param {string} text
   * @param {number} start
   * @param {number} head
   */
  numberOf(text, start, head) {
    const at = text.indexOf(this.prefix, start);
    if (at < 0 || at >= head) return -1;
    let number = 0;
    for (let i = at + this.prefix.length; i < head; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    return number < this.sent ? number : -1;
  }

  /**
   * Books an arrival. True when it is the message's first and in its right place.
   * @param {number} number
   * @param {number} receiver
   * @param {string} text
   * @param {number} head
   * @param {number} end
   */
  arrive(number, receiver, text, head, end) {
    if (this.#receiver[number] !== receiver) {
      this.corrupt++;
      return false;
    }
    const before = this.#arrivals[number] ?? 0;
    if (before < 255) this.#arrivals[number] = before + 1;
    if (before > 0) {
      this.doubled++;
      return false;
    }
    const body = text.indexOf(`>${BODY}<`, head);
    if (body < 0 || body >= end) this.corrupt++;
    const lane = this.#lane[number] ?? 0;
    if (number < (this.#lastInLane[lane] ?? -1)) this.outOfOrder++;
    else this.#lastInLane[lane] = number;
    this.delivered++;
    return true;
  }
}

/**
 * An ordinary client's message: body, chat state, receipt request and origin-id.
 * @param {string} to
 * @param {string} id
 */
export function chatMessage(to, id) {
  return (
    `<message to='${to}' type='chat' id='${id}'><body>${BODY}</body>` +
    "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>" +
    `<origin-id xmlns='urn:xmpp:sid:0' id='${id}'/></message>`
  );
}
