import { OPTIONS } from './options.ts';

test('addresses are URIs', () => {
  expect(OPTIONS.safeParse({ abuse: ['mailto:a@example.org', 'xmpp:a@example.org'] }).success).toBe(
    true,
  );
  for (const wrong of ['a@example.org', 'mailto:', 'https://a b', '<mailto:a@example.org>']) {
    expect(OPTIONS.safeParse({ admin: [wrong] }).success).toBe(false);
  }
});
