// Characters of XML 1.0 (fifth edition) as bytes of UTF-8: class tables for ASCII, ranges for the rest.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const BANG = 0x21;
export const QUOT = 0x22;
export const HASH = 0x23;
export const AMP = 0x26;
export const APOS = 0x27;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LT = 0x3c;
export const EQUALS = 0x3d;
export const GT = 0x3e;
export const QUESTION = 0x3f;
export const BRACKET_CLOSE = 0x5d;

function table(isSpecial: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isSpecial(byte) ? 1 : 0));
}

const isControl = (byte: number): boolean =>
  byte < SPACE && byte !== TAB && byte !== LF && byte !== CR;

const isAsciiNameStart = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f;

const isAsciiNameChar = (byte: number): boolean =>
  isAsciiNameStart(byte) || (byte >= 0x30 && byte <= 0x39) || byte === DASH || byte === 0x2e;

/** 1 for bytes at which scanning of character data stops to look: `<` `&` `>` CR, controls, lead bytes. */
export const TEXT_STOP = table(
  (b) => isControl(b) || b === LT || b === AMP || b === GT || b === CR || b >= 0x80,
);

/** The same for attribute values: quotes and white space that is normalised stop too, `>` does not. */
export const VALUE_STOP = table(
  (b) => b < SPACE || b === LT || b === AMP || b === APOS || b === QUOT || b >= 0x80,
);

/** 1 for bytes that are not plain ASCII name characters; the colon and lead bytes are looked at apart. */
export const NAME_STOP = table((b) => !isAsciiNameChar(b));

/** 1 for ASCII that may not begin a name. */
export const NO_NAME_START = table((b) => b < 0x80 && !isAsciiNameStart(b));

/** XML 1.0 §2.3, production S. */
export const IS_SPACE = table((b) => b === SPACE || b === LF || b === TAB || b === CR);

/** charLength(): the rest of the character has not arrived. */
export const INCOMPLETE = 0;
/** charLength(): not UTF-8 (overlong, surrogate, stray or missing continuation, beyond U+10FFFF). */
export const BAD_UTF8 = -1;
/** charLength(): UTF-8, but not a character of XML (U+FFFE, U+FFFF). */
export const BAD_CHAR = -2;

/** Bytes of the non-ASCII character at pos (2–4), or INCOMPLETE, BAD_UTF8, BAD_CHAR. */
export function charLength(buf: Uint8Array, pos: number, end: number): number {
  const a = buf[pos]!;
  if (a < 0xc2) return BAD_UTF8;
  if (a < 0xe0) {
    if (pos + 1 >= end) return INCOMPLETE;
    return (buf[pos + 1]! & 0xc0) === 0x80 ? 2 : BAD_UTF8;
  }
  if (a < 0xf0) {
    if (pos + 2 >= end) return INCOMPLETE;
    const b = buf[pos + 1]!;
    const c = buf[pos + 2]!;
    if ((b & 0xc0) !== 0x80 || (c & 0xc0) !== 0x80) return BAD_UTF8;
    if ((a === 0xe0 && b < 0xa0) || (a === 0xed && b > 0x9f)) return BAD_UTF8;
    return a === 0xef && b === 0xbf && c >= 0xbe ? BAD_CHAR : 3;
  }
  if (a > 0xf4) return BAD_UTF8;
  if (pos + 3 >= end) return INCOMPLETE;
  const b = buf[pos + 1]!;
  if ((b & 0xc0) !== 0x80 || (a === 0xf0 && b < 0x90) || (a === 0xf4 && b > 0x8f)) return BAD_UTF8;
  return (buf[pos + 2]! & 0xc0) === 0x80 && (buf[pos + 3]! & 0xc0) === 0x80 ? 4 : BAD_UTF8;
}

/** The code point of the checked character of `length` (2–4) bytes at pos. */
export function codePoint(buf: Uint8Array, pos: number, length: number): number {
  const a = buf[pos]!;
  const b = buf[pos + 1]! & 0x3f;
  if (length === 2) return ((a & 0x1f) << 6) | b;
  const c = buf[pos + 2]! & 0x3f;
  if (length === 3) return ((a & 0x0f) << 12) | (b << 6) | c;
  return ((a & 0x07) << 18) | (b << 12) | (c << 6) | (buf[pos + 3]! & 0x3f);
}

/** XML 1.0 §2.2, production Char. */
export function isXmlChar(point: number): boolean {
  return (
    (point >= SPACE && point <= 0xd7ff) ||
    point === TAB ||
    point === LF ||
    point === CR ||
    (point >= 0xe000 && point <= 0xfffd) ||
    (point >= 0x10000 && point <= 0x10ffff)
  );
}

/** XML 1.0 §2.3, production NameStartChar without the colon, beyond ASCII. */
export function isWideNameStart(point: number): boolean {
  return (
    (point >= 0xc0 && point <= 0x2ff && point !== 0xd7 && point !== 0xf7) ||
    (point >= 0x370 && point <= 0x1fff && point !== 0x37e) ||
    point === 0x200c ||
    point === 0x200d ||
    (point >= 0x2070 && point <= 0x218f) ||
    (point >= 0x2c00 && point <= 0x2fef) ||
    (point >= 0x3001 && point <= 0xd7ff) ||
    (point >= 0xf900 && point <= 0xfdcf) ||
    (point >= 0xfdf0 && point <= 0xfffd) ||
    (point >= 0x10000 && point <= 0xeffff)
  );
}

/** XML 1.0 §2.3, production NameChar, beyond ASCII. */
export function isWideNameChar(point: number): boolean {
  return (
    isWideNameStart(point) ||
    point === 0xb7 ||
    (point >= 0x300 && point <= 0x36f) ||
    point === 0x203f ||
    point === 0x2040
  );
}

/** Namespaces in XML §4: a name without a colon, as text. */
export function isNcName(name: string): boolean {
  let first = true;
  for (const char of name) {
    const point = char.codePointAt(0)!;
    const good =
      point < 0x80
        ? NAME_STOP[point] === 0 && !(first && NO_NAME_START[point] === 1)
        : first
          ? isWideNameStart(point)
          : isWideNameChar(point);
    if (!good) return false;
    first = false;
  }
  return !first;
}
