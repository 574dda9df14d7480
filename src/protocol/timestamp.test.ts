import fc from 'fast-check';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

test('a moment is written in UTC with milliseconds', () => {
  expect(formatTimestamp(-14182925000)).toBe('1969-07-20T20:17:55.000Z');
});

// The two forms of XEP-0082 §3.2 for the same moment.
test.each([
  ['1969-07-21T02:56:15Z', -14159025000],
  ['1969-07-20T21:56:15-05:00', -14159025000],
  ['1969-07-21T08:26:15+05:30', -14159025000],
  ['2002-09-10T23:08:25.5Z', 1031699305500],
  ['2002-09-10T23:08:25.123456789Z', 1031699305123],
  ['2000-02-29T00:00:00Z', 951782400000],
  ['0001-01-01T00:00:00Z', -62135596800000],
])('%s is read', (text, epochMs) => {
  expect(parseTimestamp(text)).toBe(epochMs);
});

test.each([
  ['no zone', '2002-09-10T23:08:25'],
  ['a blank for the T', '2002-09-10 23:08:25Z'],
  ['a small z', '2002-09-10T23:08:25z'],
  ['no seconds', '2002-09-10T23:08Z'],
  ['a date alone', '2002-09-10'],
  ['the form of XEP-0091', '20020910T23:08:25'],
  ['a month that does not exist', '2002-13-10T23:08:25Z'],
  ['a day that does not exist', '2001-02-29T23:08:25Z'],
  ['day 0', '2001-02-00T23:08:25Z'],
  ['hour 24', '2002-09-10T24:00:00Z'],
  ['minute 60', '2002-09-10T23:60:00Z'],
  ['second 60', '2002-09-10T23:59:60Z'],
  ['an empty fraction', '2002-09-10T23:08:25.Z'],
  ['a zone that does not exist', '2002-09-10T23:08:25+14:01'],
  ['white space around it', ' 2002-09-10T23:08:25Z'],
  ['a line break behind it', '2002-09-10T23:08:25Z\n'],
  ['digits of another script', '\u0662002-09-10T23:08:25Z'],
])('a text with %s is not a moment', (_, text) => {
  expect(parseTimestamp(text)).toBeUndefined();
});

test('what is written is read as the same moment', () => {
  const moments = fc.integer({ min: -62167219200000, max: 253402300799999 });
  fc.assert(
    fc.property(moments, (epochMs) => {
      expect(parseTimestamp(formatTimestamp(epochMs))).toBe(epochMs);
    }),
  );
});
