import { CapsCache } from './cache.ts';

const PSI = { hash: 'sha-1', node: 'http://psi-im.org', ver: 'q07IKJEyjvHSyhy//CH0CxmKi8w=' };
const JULIET = 'juliet@example.org/balcony';
const ROMEO = 'romeo@example.org/orchard';

test('one client is asked, and what it proves holds for all who show the hash', () => {
  const cache = new CapsCache();
  expect(cache.wants(PSI, JULIET)).toBe(true);
  expect(cache.wants(PSI, ROMEO)).toBe(false);
  cache.settled(PSI, JULIET, ['urn:xmpp:ping']);
  expect(cache.features({ ...PSI, node: 'http://other.example' })).toEqual(
    new Set(['urn:xmpp:ping']),
  );
  expect(cache.wants(PSI, ROMEO)).toBe(false);
});

test('who proves nothing is not asked again, and somebody else is', () => {
  const cache = new CapsCache();
  cache.wants(PSI, JULIET);
  cache.settled(PSI, JULIET, undefined);
  expect(cache.features(PSI)).toBeUndefined();
  expect(cache.wants(PSI, JULIET)).toBe(false);
  expect(cache.wants(PSI, ROMEO)).toBe(true);
});

test('the same text under another hash is something else', () => {
  const cache = new CapsCache();
  cache.wants(PSI, JULIET);
  cache.settled(PSI, JULIET, []);
  expect(cache.features({ ...PSI, hash: 'sha-256' })).toBeUndefined();
});

test('what was unused for longest is forgotten first', () => {
  const cache = new CapsCache();
  const kind = (n: number) => ({ ...PSI, ver: String(n) });
  for (let n = 0; n < 2000; n++) cache.settled(kind(n), JULIET, []);
  cache.features(kind(0));
  cache.settled(kind(2000), JULIET, []);
  expect(cache.features(kind(0))).toBeDefined();
  expect(cache.features(kind(1))).toBeUndefined();
});
