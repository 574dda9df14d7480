import { PasswordError, preparePassword } from './password.ts';

test.each([
  ['plain ASCII is left alone', 'correct horse', 'correct horse'],
  ['full-width letters become narrow', '\uff50\uff41\uff53\uff53', 'pass'],
  ['ligatures are taken apart', '\ufb01sh', 'fish'],
  ['a soft hyphen vanishes', 'I\u00adX', 'IX'],
  ['an emoji, which SASLprep does not know, is kept', 'p\u{1f600}', 'p\u{1f600}'],
  ['with an emoji beside them full-width letters stay', '\uff50\u{1f600}', '\uff50\u{1f600}'],
  ['mixed directions, which SASLprep refuses, are kept', '\u05d0a', '\u05d0a'],
])('%s', (_, input, prepared) => {
  expect(preparePassword(input)).toBe(prepared);
});

test.each([
  ['nothing', ''],
  ['nothing that remains', '\u00ad'],
  ['a control character', 'a\u0007'],
  ['an unassigned code point', 'a\u0378'],
])('%s is no password', (_, input) => {
  expect(() => preparePassword(input)).toThrow(PasswordError);
});

test('a refusal does not repeat the password', () => {
  expect(() => preparePassword('hunter2\u0007')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});
