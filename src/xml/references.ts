// Character and entity references, and the normalisation of values: bytes that the scanner has checked become text.
import { AMP, CR, HASH, isXmlChar, LF, SEMICOLON, TAB } from './chars.ts';
import { fail } from './errors.ts';
import * as layout from './layout.ts';

const { HAS_WIDE } = layout;

function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 99;
}

const PREDEFINED: readonly (readonly [name: string, point: number])[] = [
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['amp', 0x26],
  ['quot', 0x22],
  ['apos', 0x27],
];

/**
 * The code point of a reference.
 * @param start the byte after `&`
 * @param end the byte of `;`
 * @throws XmlError for anything but a character of XML or one of the five predefined entities
 */
export function referencePoint(buf: Uint8Array, start: number, end: number): number {
  if (buf[start] === HASH) {
    const hex = buf[start + 1] === 0x78;
    const base = hex ? 16 : 10;
    let pos = hex ? start + 2 : start + 1;
    // Without any digit this stays 0, which is no character.
    let point = 0;
    for (; pos < end; pos++) {
      const value = digit(buf[pos]!);
      if (value >= base) fail('not-well-formed', 'bad digit in a character reference');
      // Bounded, so that a run of digits cannot leave the range of exact integers.
      point = Math.min(point * base + value, 0x110000);
    }
    if (!isXmlChar(point)) fail('not-well-formed', 'reference to what is no XML character');
    return point;
  }
  for (const [name, point] of PREDEFINED) {
    if (name.length !== end - start) continue;
    let same = true;
    for (let i = 0; i < name.length; i++) same &&= name.charCodeAt(i) === buf[start + i];
    if (same) return point;
  }
  // RFC 6120 §11.1: only the predefined entities; there is no DTD that could declare another.
  return fail('restricted-xml', 'entity reference');
}

/** Resolves references and normalises line ends (XML 1.0 §2.11); in an attribute, white space as well (§3.3.3). */
function resolve(buf: Buffer, start: number, end: number, isAttribute: boolean): string {
  let out = '';
  let run = start;
  let pos = start;
  while (pos < end) {
    const byte = buf[pos]!;
    if (byte === AMP) {
      out += buf.utf8Slice(run, pos);
      const close = buf.indexOf(SEMICOLON, pos);
      out += String.fromCodePoint(referencePoint(buf, pos + 1, close));
      run = pos = close + 1;
    } else if (byte === CR || (isAttribute && (byte === TAB || byte === LF))) {
      out += buf.utf8Slice(run, pos);
      out += isAttribute ? ' ' : '\n';
      pos += byte === CR && pos + 1 < end && buf[pos + 1] === LF ? 2 : 1;
      run = pos;
    } else pos++;
  }
  return out + buf.utf8Slice(run, end);
}

/** The text of character data that has been checked. The result owns its memory. */
export function textValue(buf: Buffer, start: number, end: number): string {
  for (let pos = start; pos < end; pos++) {
    const byte = buf[pos]!;
    if (byte === AMP || byte === CR) return resolve(buf, start, end, false);
  }
  return buf.utf8Slice(start, end);
}

/** The text of a CDATA section's content: only line ends are normalised. */
export function cdataValue(buf: Buffer, start: number, end: number): string {
  return buf.utf8Slice(start, end).replace(/\r\n?/g, '\n');
}

/** The normalised value of an attribute; `flags` as the scanner found them. The result owns its memory. */
export function attributeValue(buf: Buffer, start: number, end: number, flags: number): string {
  if (flags === 0) return buf.latin1Slice(start, end);
  if (flags === HAS_WIDE) return buf.utf8Slice(start, end);
  return resolve(buf, start, end, true);
}
