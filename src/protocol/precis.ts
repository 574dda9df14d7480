// PRECIS: RFC 8264 (framework) and the profiles of RFC 8265 that addresses and passwords need.
// Normalisation is the runtime's; the tables are pinned to a version that every supported runtime knows.
import { RangeTable } from './range-table.ts';
import { satisfiesBidiRule } from './precis-bidi.ts';
import { TextContext } from './precis-context.ts';
import { PRECIS } from './tables/precis.ts';

/** The text has no form under the profile; the message says why. */
export class PrecisError extends Error {
  override readonly name = 'PrecisError';
}

const derivedProperties = new RangeTable(PRECIS);

// eslint-disable-next-line no-control-regex -- the test is for ASCII, control characters included
const ASCII = /^[\x00-\x7f]*$/;
const ASCII_IDENTIFIER = /^[!-~]+$/;
const ASCII_FREEFORM = /^[ -~]+$/;
const WIDE_OR_NARROW = /[\u3000\uff01-\uffee]/g;
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/**
 * The UsernameCaseMapped profile: what two spellings of one user name have in common.
 * @throws PrecisError
 * @source RFC 8265 §3.3
 */
export function usernameCaseMapped(text: string): string {
  if (ASCII_IDENTIFIER.test(text)) return text.toLowerCase();
  return untilStable(text, usernameOnce);
}

/**
 * The OpaqueString profile: for resources, nicknames and passwords.
 * @throws PrecisError
 * @source RFC 8265 §4.2
 */
export function opaqueString(text: string): string {
  if (ASCII_FREEFORM.test(text)) return text;
  return untilStable(text, opaqueOnce);
}

// RFC 8264 §7: width, additional mapping, case, normalisation, directionality, and only then the class:
// a decomposed Hangul name, as some file systems give it, is judged by the composed form that is kept.
function usernameOnce(text: string): string {
  // RFC 8265 §3.3.1: for these code points NFKC is the decomposition mapping, or leads to what is refused likewise.
  const narrow = text.replace(WIDE_OR_NARROW, (char) => char.normalize('NFKC'));
  const result = narrow.toLowerCase().normalize('NFC');
  if (!satisfiesBidiRule(result)) {
    throw new PrecisError('it mixes writing directions in a way that cannot be displayed safely');
  }
  checkClass(result, 'P');
  return result;
}

function opaqueOnce(text: string): string {
  // RFC 8265 §4.2.2: other spaces become U+0020; width and case stay.
  const result = text.replace(SPACES, ' ').normalize('NFC');
  checkClass(result, 'PF');
  return result;
}

// RFC 8264 §7: the rules are applied again until nothing changes, at most three more times.
function untilStable(text: string, once: (text: string) => string): string {
  let result = once(text);
  if (ASCII.test(result)) return result;
  for (let again = 0; again < 3; again++) {
    const next = once(result);
    if (next === result) return result;
    result = next;
  }
  throw new PrecisError('it has no stable form');
}

/** Every character must be of the class or satisfy its contextual rule. @param allowed letters of the PRECIS table */
function checkClass(text: string, allowed: string): void {
  if (text === '') throw new PrecisError('it is empty');
  const context = new TextContext(text);
  for (let at = 0; at < text.length; at++) {
    const codePoint = text.codePointAt(at)!;
    const property = derivedProperties.classOf(codePoint);
    const fits =
      allowed.includes(property) ||
      ((property === 'J' || property === 'O') && context.allows(codePoint, at));
    if (!fits) {
      throw new PrecisError(`it holds ${named(codePoint)}, which is not allowed here`);
    }
    if (codePoint > 0xffff) at++;
  }
}

// The number, never the character itself: the message goes into logs and error stanzas.
function named(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}
