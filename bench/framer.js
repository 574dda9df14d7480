// Cuts what a server sends into stanzas, by searching for end tags instead of tokenizing: the generator must be cheaper
// than what it measures. Sound for streams without CDATA and comments whose end tags hold no white space.

/**
 * Index behind the `>` that ends the tag at `at`, or -1 when it has not arrived; `>` inside quotes does not count.
 * @param {string} text
 * @param {number} at
 */
function tagEnd(text, at) {
  let quote = 0;
  for (let i = at + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (quote !== 0) {
      if (unit === quote) quote = 0;
    } else if (unit === 62 /* > */) {
      return i + 1;
    } else if (unit === 34 || unit === 39) {
      quote = unit;
    }
  }
  return -1;
}

/**
 * Whether the tag name that ends at `at` really ends there: `<iq` must not match `<iqx`.
 * @param {string} text
 * @param {number} at
 */
function nameEndsAt(text, at) {
  const unit = text.charCodeAt(at);
  return unit === 32 || unit === 62 || unit === 47 || unit === 10 || unit === 9 || unit === 13;
}

/**
 * Index behind the element whose start tag ended at `from`, or -1 when it is not complete.
 * @param {string} text
 * @param {string} name
 * @param {number} from
 */
function elementEnd(text, name, from) {
  const open = `<${name}`;
  const close = `</${name}>`;
  let depth = 1;
  let at = from;
  for (;;) {
    const closing = text.indexOf(close, at);
    if (closing < 0) return -1;
    // Elements of the same name inside (a forwarded message in a message) have end tags of their own.
    for (let inner = text.indexOf(open, at); inner >= 0 && inner < closing;) {
      const end = tagEnd(text, inner);
      if (end < 0) return -1;
      if (nameEndsAt(text, inner + open.length) && text.charCodeAt(end - 2) !== 47) depth++;
      inner = text.indexOf(open, end);
    }
    at = closing + close.length;
    if (--depth === 0) return at;
  }
}

/**
 * @typedef {object} FrameSink
 * @property {(name: string, text: string, start: number, head: number, end: number) => void} onElement
 *   one complete child of the stream: `text` from `start` to `end`, its start tag ends at `head`
 * @property {() => void} onStreamEnd the peer's `</stream:stream>`
 * @property {() => void} [onStreamStart] the peer's stream header
 */

export class Framer {
  #sink;
  #rest = '';
  #open = false;
  /** Raised by `restart()` while a chunk is being cut: what follows the element belongs to nobody. */
  #restarted = false;

  /** @param {FrameSink} sink */
  constructor(sink) {
    this.#sink = sink;
  }

  /** A new stream begins (after TLS or SASL, RFC 6120 §4.3.3): what is buffered is dropped. */
  restart() {
    this.#rest = '';
    this.#open = false;
    this.#restarted = true;
  }

  /**
   * Hands out every element that is complete with this chunk.
   * @param {string} chunk one UTF-16 unit per byte ('latin1')
   */
  push(chunk) {
    const text = this.#rest === '' ? chunk : this.#rest + chunk;
    this.#restarted = false;
    let at = 0;
    while (at < text.length) {
      const next = this.#cut(text, at);
      if (this.#restarted) return;
      if (next < 0) break;
      at = next;
    }
    this.#rest = at < text.length ? text.slice(at) : '';
  }

  /**
   * Cuts one thing at `at` and returns where the next begins, -1 when more bytes are needed.
   * @param {string} text
   * @param {number} at
   */
  #cut(text, at) {
    if (text.charCodeAt(at) !== 60 /* < */) {
      const next = text.indexOf('<', at);
      return next < 0 ? text.length : next;
    }
    const head = tagEnd(text, at);
    if (head < 0) return -1;
    const kind = text.charCodeAt(at + 1);
    if (kind === 63 /* <?xml ?> */) return head;
    if (!this.#open) {
      this.#open = true;
      this.#sink.onStreamStart?.();
      return head;
    }
    if (kind === 47 /* </stream:stream> */) {
      this.#sink.onStreamEnd();
      return head;
    }
    const name = nameAt(text, at);
    const end = text.charCodeAt(head - 2) === 47 ? head : elementEnd(text, name, head);
    if (end < 0) return -1;
    this.#sink.onElement(name, text, at, head, end);
    return end;
  }
}

/**
 * The name of the tag at `at`. Stanzas first, as constants: they are nearly all there is.
 * @param {string} text
 * @param {number} at
 */
function nameAt(text, at) {
  if (text.startsWith('message', at + 1) && nameEndsAt(text, at + 8)) return 'message';
  if (text.startsWith('iq', at + 1) && nameEndsAt(text, at + 3)) return 'iq';
  let end = at + 1;
  while (!nameEndsAt(text, end)) end++;
  return text.slice(at + 1, end);
}

/**
 * The value of an attribute in the start tag between `start` and `head`, or undefined. Not unescaped.
 * @param {string} text
 * @param {number} start
 * @param {number} head
 * @param {string} name
 */
export function attribute(text, start, head, name) {
  const at = text.indexOf(` ${name}=`, start);
  if (at < 0 || at >= head) return undefined;
  const from = at + name.length + 3;
  const end = text.indexOf(text.charAt(from - 1), from);
  return end < 0 || end >= head ? undefined : text.slice(from, end);
}

/**
 * The text of the first element `name` between `start` and `end`, or undefined when there is none or it is empty.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {string} name
 */
export function elementText(text, start, end, name) {
  const open = `<${name}`;
  let at = text.indexOf(open, start);
  while (at >= 0 && at < end && !nameEndsAt(text, at + open.length))
    at = text.indexOf(open, at + 1);
  if (at < 0 || at >= end) return undefined;
  const head = tagEnd(text, at);
  if (head < 0 || text.charCodeAt(head - 2) === 47) return undefined;
  const stop = text.indexOf('<', head);
  return stop < 0 || stop > end || stop === head ? undefined : text.slice(head, stop);
}

/**
 * Whether `needle` occurs between `start` and `end`.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {string} needle
 */
export function contains(text, start, end, needle) {
  const at = text.indexOf(needle, start);
  return at >= 0 && at + needle.length <= end;
}
