// The bidi rule for one label: RFC 5893 §2, as RFC 8265 §3.3.2 applies it to user names.
import { RangeTable } from './range-table.ts';
import { BIDI } from './tables/bidi.ts';

const bidiClasses = new RangeTable(BIDI);

// Nothing below U+0590 is of class R, AL or AN, and surrogate pairs are looked at in full.
const MAY_BE_RIGHT_TO_LEFT = /[\u0590-\uffff]/;

// Letters as in the table; the conditions are numbered as in the RFC.
const RIGHT_TO_LEFT = /[RAN]/;
const RTL_ALLOWED = /^[RANESCTOBM]*$/; // 2
const RTL_END = /[RAEN]M*$/; // 3
const LTR_ALLOWED = /^[LESCTOBM]*$/; // 5
const LTR_END = /[LE]M*$/; // 6

/** Whether a text may be shown among others without its characters seeming to belong elsewhere. */
export function satisfiesBidiRule(text: string): boolean {
  if (!MAY_BE_RIGHT_TO_LEFT.test(text)) return true;
  let classes = '';
  for (const char of text) classes += bidiClasses.classOf(char.codePointAt(0)!);
  // RFC 8265 §3.3.2: the rule applies only to strings that contain right-to-left characters.
  if (!RIGHT_TO_LEFT.test(classes)) return true;
  const first = classes.charAt(0);
  if (first === 'R' || first === 'A') {
    // 4: European and Arabic numbers never together.
    const mixedNumbers = classes.includes('E') && classes.includes('N');
    return RTL_ALLOWED.test(classes) && endsWith(RTL_END, classes) && !mixedNumbers;
  }
  // 1: otherwise it must begin with a left-to-right character.
  return first === 'L' && LTR_ALLOWED.test(classes) && endsWith(LTR_END, classes);
}

// Looks at the tail alone: run from the front, the expression would try every run of marks in turn.
function endsWith(end: RegExp, classes: string): boolean {
  let last = classes.length;
  while (last > 0 && classes.charAt(last - 1) === 'M') last--;
  return end.test(classes.slice(Math.max(0, last - 1), last));
}
