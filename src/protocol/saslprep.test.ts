import fc from 'fast-check';
import { SaslprepError, saslprep } from './saslprep.ts';

describe('the examples of RFC 4013 §3', () => {
  test.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
  ])('%j becomes %s', (input, prepared) => {
    expect(saslprep(input)).toBe(prepared);
  });

  test.each([['\u0007'], ['\u0627\u0031']])('%j is refused', (input) => {
    expect(() => saslprep(input)).toThrow(SaslprepError);
  });
});

test.each([
  ['full-width letters are made narrow', '\uff50\uff41\uff53\uff53', 'pass'],
  ['ligatures are taken apart', '\ufb01sh', 'fish'],
  ['letters and marks are composed', 'e\u0301', '\u00e9'],
  ['other spaces become plain', 'a\u00a0b\u1680c\u3000d', 'a b c d'],
  ['a zero width space becomes a space, since the spaces are mapped first', 'a\u200bb', 'a b'],
  ['joiners and variation selectors vanish', 'a\u200d\ufe0f\u2060\ufeffb', 'ab'],
  ['case is kept', 'aB\u00c9', 'aB\u00c9'],
  ['right-to-left text is kept', '\u0627\u0031\u0628', '\u0627\u0031\u0628'],
  ['nothing remains of what is mapped to nothing', '\u00ad', ''],
  ['the empty text remains', '', ''],
])('%s', (_, input, prepared) => {
  expect(saslprep(input)).toBe(prepared);
});

test.each([
  ['an ASCII control', 'a\u007f'], // C.2.1
  ['another control', 'a\u0085'], // C.2.2
  ['a line separator', 'a\u2028'], // C.2.2
  ['a musical control', 'a\u{1d173}'], // C.2.2
  ['a private character', '\ue000'], // C.3
  ['a private character of plane 16', '\u{10fffd}'], // C.3
  ['a noncharacter', '\ufdd0'], // C.4
  ['a lone surrogate', 'a\ud800'], // C.5
  ['the replacement character', '\ufffd'], // C.6
  ['an ideographic description', '\u2ff0'], // C.7
  ['a direction mark', '\u05d0\u200e\u05d0'], // C.8
  ['a tag', '\u{e0041}'], // C.9
  ['both writing directions', '\u05d0a\u05d0'], // RFC 3454 §6
  ['right-to-left text that begins with a digit', '1\u05d0'], // RFC 3454 §6
])('%s is refused', (_, input) => {
  expect(() => saslprep(input, 'query')).toThrow(SaslprepError);
});

test.each([
  ['the first unassigned one', '\u0221'],
  ['an emoji', '\u{1f600}'],
  ['a later capital of sharp s', '\u1e9e'],
])(
  'a character that Unicode 3.2 does not know is refused in a stored string only: %s',
  (_, input) => {
    expect(() => saslprep(input, 'stored')).toThrow(SaslprepError);
    expect(saslprep(input, 'query')).toBe(input);
  },
);

test('a prepared text is prepared to itself, whatever comes', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
      (input) => {
        let prepared;
        try {
          prepared = saslprep(input);
        } catch (error) {
          if (error instanceof SaslprepError) return;
          throw error;
        }
        expect(saslprep(prepared)).toBe(prepared);
      },
    ),
    { numRuns: 2000 },
  );
});
