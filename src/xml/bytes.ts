// Byte strings: the wire's UTF-8 as a JavaScript string with one byte in each code unit.
// PERF(docs/performance.md): V8 keeps them one byte a character, joins them as ropes and writes them with one call.

declare const brand: unique symbol;

/** A string whose every code unit is one byte (0–255) of UTF-8. Written to sockets as 'latin1'. */
export type Bytes = string & { readonly [brand]: 'Bytes' };

// eslint-disable-next-line no-control-regex -- the test is for ASCII, control characters included
const ASCII = /^[\x00-\x7f]*$/;

/** The UTF-8 bytes of a text. @throws never: lone surrogates become U+FFFD, as in every encoder. */
export function utf8(text: string): Bytes {
  return (ASCII.test(text) ? text : Buffer.from(text, 'utf8').latin1Slice()) as Bytes;
}

/** The text of UTF-8 bytes that the tokenizer has checked. */
export function text(bytes: Bytes): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').utf8Slice();
}

/** For literals of our own, which are ASCII. */
export function ascii(literal: string): Bytes {
  return literal as Bytes;
}
