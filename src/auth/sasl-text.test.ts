import { decodeSasl, encodeSasl } from './sasl-text.ts';

test.each([
  ['AGFsaWNlAHNlY3JldA==', '\0alice\0secret'],
  ['biws', 'n,,'],
  ['=', ''],
  ['', ''],
])('%s is read', (text, data) => {
  expect(decodeSasl(text)?.toString()).toBe(data);
});

test.each([
  ['white space', 'bi ws'],
  ['a line break at the end', 'biws\n'],
  ['a missing padding', 'AGFsaWNlAHNlY3JldA'],
  ['too much padding', 'biws===='],
  ['padding alone', '=='],
  ['padding in the middle', 'AA==AA=='],
  ['bits left over before the padding', 'AGFsaWNlAHNlY3JldB=='],
  ['the URL alphabet', '-_-_'],
  ['a letter outside ASCII', 'bíws'],
])('%s is refused', (_what, text) => {
  expect(decodeSasl(text)).toBeUndefined();
});

test('no data is written as nothing', () => {
  expect([encodeSasl(undefined), encodeSasl(Buffer.alloc(0))]).toEqual(['', '']);
});

test('data is written as base64', () => {
  expect(encodeSasl(Buffer.from('v=x'))).toBe('dj14');
});
