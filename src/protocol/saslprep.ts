// SASLprep: RFC 4013, a profile of stringprep (RFC 3454). Frozen at Unicode 3.2, and what SCRAM clients compute.
import { RangeTable } from './range-table.ts';
import { STRINGPREP } from './tables/stringprep.ts';

/** The text has no form under the profile; the message says why. */
export class SaslprepError extends Error {
  override readonly name = 'SaslprepError';
}

const stringprepClasses = new RangeTable(STRINGPREP);

const PRINTABLE_ASCII = /^[ -~]*$/;

// RFC 4013 §2.1: table C.1.2 becomes a space, except U+200B, which table B.1 maps to nothing as well; the
// profile names the spaces first.
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/g;

// RFC 4013 §2.3: tables C.1.2, C.2.1, C.2.2, C.3, C.4, C.5, C.6, C.7, C.8, C.9 of RFC 3454.
const PROHIBITED = new RegExp(
  [
    '[\\u00a0\\u1680\\u2000-\\u200b\\u202f\\u205f\\u3000]', // C.1.2
    '[\\u0000-\\u001f\\u007f]', // C.2.1
    '[\\u0080-\\u009f\\u06dd\\u070f\\u180e\\u200c\\u200d\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f]', // C.2.2
    '[\\ufeff\\ufff9-\\ufffc\\u{1d173}-\\u{1d17a}]', // C.2.2
    '[\\ue000-\\uf8ff\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}]', // C.3
    '\\p{Noncharacter_Code_Point}', // C.4
    '\\p{Surrogate}', // C.5
    '[\\ufff9-\\ufffd]', // C.6
    '[\\u2ff0-\\u2ffb]', // C.7
    '[\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e\\u206a-\\u206f]', // C.8
    '[\\u{e0001}\\u{e0020}-\\u{e007f}]', // C.9
  ].join('|'),
  'u',
);

/**
 * The SASLprep form of a text; '' if everything in it is mapped to nothing.
 * @param use a 'stored' string must hold no code point that Unicode 3.2 leaves unassigned, a 'query' may.
 *   RFC 5802 §2.2: SCRAM always asks for a stored string.
 * @throws SaslprepError
 */
export function saslprep(text: string, use: 'stored' | 'query' = 'stored'): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  const mapped = text.replace(SPACES, ' ').replace(MAPPED_TO_NOTHING, '');
  // RFC 3454 §7: unassigned code points are looked for before normalisation, which here is of a later Unicode.
  if (use === 'stored') refuseUnassigned(mapped);
  // Of what Unicode 3.2 knew, five ideographs of U+2F800–U+2FA1F decompose otherwise since (Corrigendum 4).
  const result = mapped.normalize('NFKC');
  if (PROHIBITED.test(result)) throw new SaslprepError('it holds a prohibited character');
  checkBidi(result);
  return result;
}

function refuseUnassigned(text: string): void {
  for (const char of text) {
    if (stringprepClasses.classOf(char.codePointAt(0)!) === 'U') {
      throw new SaslprepError('it holds a character that Unicode 3.2 does not know');
    }
  }
}

// RFC 3454 §6: with a right-to-left character in it, no left-to-right one, and one at each end.
function checkBidi(text: string): void {
  let classes = '';
  for (const char of text) classes += stringprepClasses.classOf(char.codePointAt(0)!);
  if (!classes.includes('R')) return;
  if (classes.includes('L') || !classes.startsWith('R') || !classes.endsWith('R')) {
    throw new SaslprepError('it mixes writing directions');
  }
}
