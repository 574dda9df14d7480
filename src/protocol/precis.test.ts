import fc from 'fast-check';
import { PrecisError, opaqueString, usernameCaseMapped } from './precis.ts';

const ASSIGNED = /[\p{L}\p{N}\p{M}\p{P}\p{S}\p{Z}]/u;

describe('a user name (RFC 8265 §3.5)', () => {
  test.each([
    ['juliet@example.com', 'juliet@example.com'],
    ['fussball', 'fussball'],
    ['fu\u00dfball', 'fu\u00dfball'],
    ['\u03c0', '\u03c0'],
    ['\u03a3', '\u03c3'],
    ['\u03c3', '\u03c3'],
    ['\u03c2', '\u03c2'],
  ])('%s is allowed', (input, prepared) => {
    expect(usernameCaseMapped(input)).toBe(prepared);
  });

  test.each([['foo bar'], [''], ['henry\u2163'], ['\u221e']])('"%s" is refused', (input) => {
    expect(() => usernameCaseMapped(input)).toThrow(PrecisError);
  });
});

describe('a password (RFC 8265 §4.3)', () => {
  test.each([
    ['correct horse battery staple', 'correct horse battery staple'],
    ['Correct Horse Battery Staple', 'Correct Horse Battery Staple'],
    ['\u03c0\u00df\u00e5', '\u03c0\u00df\u00e5'],
    ['Jack of \u2666s', 'Jack of \u2666s'],
    ['foo\u1680bar', 'foo bar'],
  ])('"%s" is allowed', (input, prepared) => {
    expect(opaqueString(input)).toBe(prepared);
  });

  test.each([[''], ['my cat is a \u0009by']])('"%s" is refused', (input) => {
    expect(() => opaqueString(input)).toThrow(PrecisError);
  });
});

describe('a user name', () => {
  test.each([
    ['full-width letters made narrow and small', '\uff21\uff22\uff43', 'abc'],
    ['half-width katakana made full', '\uff76\uff9e', '\u30ac'],
    ['capital letters with marks made small', '\u00c9\u01cd', '\u00e9\u01ce'],
    ['letters and marks composed', 'e\u0301', '\u00e9'],
    ['Hangul composed', '\u1112\u1161\u11ab', '\ud55c'],
    ['a dotted capital I made small', '\u0130', 'i\u0307'],
    ['a final sigma at the end of a word', '\u0391\u03a3', '\u03b1\u03c2'],
    ['ideographs beyond the first plane', '\u{20000}', '\u{20000}'],
  ])('has %s', (_, input, prepared) => {
    expect(usernameCaseMapped(input)).toBe(prepared);
  });

  test.each([
    ['a middle dot between two l', 'col\u00b7lega'],
    ['a Greek numeral sign before a Greek letter', '\u0375\u03b1'],
    ['a geresh behind a Hebrew letter', '\u05d0\u05f3'],
    ['a gershayim behind a Hebrew letter', '\u05d0\u05f4\u05d1'],
    ['a katakana middle dot beside katakana', '\u30a2\u30fb\u30a4'],
    ['a katakana middle dot beside Han', 'a\u30fb\u{20000}'],
    ['Arabic digits behind Arabic letters', '\u0628\u0661\u0662'],
    ['extended Arabic digits behind Arabic letters', '\u0628\u06f1'],
    ['a joiner behind a virama', '\u0915\u094d\u200d\u0937'],
    ['a non-joiner behind a virama', '\u0915\u094d\u200c\u0937'],
    ['a non-joiner behind a virama beyond the first plane', '\u{11107}\u{11133}\u200c\u{11107}'],
    ['a non-joiner between letters that join', '\u0628\u200c\u0628'],
    ['a non-joiner between letters that join, with marks', '\u0628\u064e\u200c\u064e\u0628'],
    ['right-to-left letters', '\u05d0\u05d1'],
    ['right-to-left letters and European digits', '\u05d01'],
    ['a right-to-left letter with a mark at the end', '\u05d0\u05b0'],
    ['left-to-right letters with symbols that have no direction', 'a-b.c_1'],
  ])('may hold %s', (_, input) => {
    expect(usernameCaseMapped(input)).toBe(input);
  });

  test.each([
    ['a middle dot elsewhere', 'a\u00b7l'],
    ['a middle dot at the end', 'l\u00b7'],
    ['a Greek numeral sign before anything else', '\u0375a'],
    ['a Greek numeral sign at the end', '\u03b1\u0375'],
    ['a geresh behind anything else', '\u05d0-\u05f3'],
    ['a katakana middle dot alone', 'a\u30fbb'],
    ['both kinds of Arabic digits', '\u0628\u0661\u06f1'],
    ['a joiner elsewhere', 'a\u200db'],
    ['a joiner at the front', '\u200da'],
    ['a non-joiner elsewhere', 'a\u200cb'],
    ['a non-joiner behind a letter that joins, and nothing more', '\u0628\u200c'],
    ['a non-joiner before a letter that joins, behind one that does not', '\u0627\u200c\u0628'],
    ['a soft hyphen', 'a\u00adb'],
    ['a variation selector', 'a\ufe0f'],
    ['a symbol', '\u2665'],
    ['an emoji', '\u{1f600}'],
    ['a ligature', '\ufb01sh'],
    ['a private character', '\ue000'],
    ['a noncharacter', '\ufdd0'],
    ['an unassigned code point', '\u0378'],
    ['a conjoining vowel alone', '\u1161'],
    ['a lone surrogate', 'a\ud800'],
    ['a tatweel', '\u0628\u0640\u0628'],
    ['an ideographic space', 'a\u3000b'],
    ['a direction mark', 'a\u200fb'],
    ['a letter of each direction', 'a\u05d0'],
    ['a right-to-left letter and then the other', '\u05d0a'],
    ['a digit before a right-to-left letter', '1\u05d0'],
    ['right-to-left letters and a full stop at the end', '\u05d0.'],
    ['European and Arabic digits', '\u06281\u0661'],
  ])('may not hold %s', (_, input) => {
    expect(() => usernameCaseMapped(input)).toThrow(PrecisError);
  });
});

describe('an opaque string', () => {
  test.each([
    ['case', 'aB\u00c9', 'aB\u00c9'],
    ['width', '\uff50\uff41\uff53\uff53', '\uff50\uff41\uff53\uff53'],
    ['ligatures', '\ufb01sh', '\ufb01sh'],
    ['symbols and emoji', '\u2665\u{1f600}', '\u2665\u{1f600}'],
    ['mixed directions', 'a\u05d0', 'a\u05d0'],
    ['spaces at both ends', ' a ', ' a '],
  ])('keeps its %s', (_, input, prepared) => {
    expect(opaqueString(input)).toBe(prepared);
  });

  test.each([
    ['composed letters', 'e\u0301', '\u00e9'],
    ['plain spaces', 'a\u00a0b\u3000c\u2003d', 'a b c d'],
  ])('has %s', (_, input, prepared) => {
    expect(opaqueString(input)).toBe(prepared);
  });

  test.each([
    ['NUL', 'a\u0000'],
    ['DEL', 'a\u007f'],
    ['a zero width space', 'a\u200bb'],
    ['a byte order mark', '\ufeffa'],
    ['an emoji that a joiner makes of two', '\u{1f468}\u200d\u{1f469}'],
    ['a noncharacter', '\u{1ffff}'],
    ['an unassigned code point', '\u{e01f0}'],
  ])('may not hold %s', (_, input) => {
    expect(() => opaqueString(input)).toThrow(PrecisError);
  });
});

test('a refusal names the code point by number', () => {
  expect(() => opaqueString('a\u200b')).toThrow('U+200B');
});

test.each([
  ['a user name', usernameCaseMapped],
  ['an opaque string', opaqueString],
])('%s is prepared to itself, whatever comes', (_, prepare) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
      (input) => {
        let prepared;
        try {
          prepared = prepare(input);
        } catch (error) {
          if (error instanceof PrecisError) return;
          throw error;
        }
        expect(prepare(prepared)).toBe(prepared);
      },
    ),
    { numRuns: 2000 },
  );
});

test('every assigned character is either prepared to something stable or refused', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const char = String.fromCodePoint(codePoint);
    if (!ASSIGNED.test(char)) continue;
    let prepared;
    try {
      prepared = usernameCaseMapped(char);
    } catch (error) {
      if (!(error instanceof PrecisError)) throw error;
      continue;
    }
    if (usernameCaseMapped(prepared) !== prepared) throw new PrecisError(`U+${codePoint}`);
  }
});
