// Contextual rules for joiners and a few other characters: RFC 5892 appendix A.
import { RangeTable } from './range-table.ts';
import { JOINING } from './tables/joining.ts';
import { SCRIPTS } from './tables/scripts.ts';

const joiningTypes = new RangeTable(JOINING);
const scripts = new RangeTable(SCRIPTS);

const EXTENDED_ARABIC_DIGIT = /[\u06f0-\u06f9]/;
const ARABIC_DIGIT = /[\u0660-\u0669]/;

/** The rules for one text. What they ask of the whole text is found once, so that all of them together are linear. */
export class TextContext {
  readonly #text: string;
  #mixesDigits: boolean | undefined;
  #holdsKanaOrHan: boolean | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether the character of class CONTEXTJ or CONTEXTO at a position (in UTF-16 units) may stand there. */
  allows(codePoint: number, at: number): boolean {
    const text = this.#text;
    switch (codePoint) {
      case 0x200c: // A.1 ZERO WIDTH NON-JOINER
        return followsVirama(text, at) || joins(text, at);
      case 0x200d: // A.2 ZERO WIDTH JOINER
        return followsVirama(text, at);
      case 0xb7: // A.3 MIDDLE DOT, as in Catalan
        return text.charAt(at - 1) === 'l' && text.charAt(at + 1) === 'l';
      case 0x375: // A.4 GREEK LOWER NUMERAL SIGN
        return scriptOf(text.codePointAt(at + 1)) === 'G';
      case 0x5f3: // A.5 HEBREW PUNCTUATION GERESH
      case 0x5f4: // A.6 HEBREW PUNCTUATION GERSHAYIM
        return scriptOf(codePointBefore(text, at)) === 'H';
      case 0x30fb: // A.7 KATAKANA MIDDLE DOT
        return (this.#holdsKanaOrHan ??= holdsKanaOrHan(text));
      default: // A.8, A.9: the two kinds of Arabic digits never together
        return !(this.#mixesDigits ??= EXTENDED_ARABIC_DIGIT.test(text) && ARABIC_DIGIT.test(text));
    }
  }
}

function scriptOf(codePoint: number | undefined): string {
  return codePoint === undefined ? 'X' : scripts.classOf(codePoint);
}

function holdsKanaOrHan(text: string): boolean {
  for (const char of text) if (scriptOf(char.codePointAt(0)) === 'K') return true;
  return false;
}

function followsVirama(text: string, at: number): boolean {
  const before = codePointBefore(text, at);
  return before !== undefined && 'VW'.includes(joiningTypes.classOf(before));
}

// A.1: between letters that would join, whatever transparent marks lie between. The scan stops at the next
// ZERO WIDTH NON-JOINER, which is not transparent, so a run of them costs no more than its length.
function joins(text: string, at: number): boolean {
  let before = at;
  let type = 'T';
  while (type === 'T' || type === 'V') {
    const codePoint = codePointBefore(text, before);
    if (codePoint === undefined) return false;
    before -= codePoint > 0xffff ? 2 : 1;
    type = joiningTypes.classOf(codePoint);
  }
  if (type !== 'L' && type !== 'D') return false;
  let after = at + 1;
  type = 'T';
  while (type === 'T' || type === 'V') {
    const codePoint = text.codePointAt(after);
    if (codePoint === undefined) return false;
    after += codePoint > 0xffff ? 2 : 1;
    type = joiningTypes.classOf(codePoint);
  }
  return type === 'R' || type === 'D';
}

function codePointBefore(text: string, at: number): number | undefined {
  const pair = text.codePointAt(at - 2);
  return pair !== undefined && pair > 0xffff ? pair : text.codePointAt(at - 1);
}
