import { parseJid } from '../../protocol/jid.ts';
import { Blocklist } from './blocklist.ts';

test.each([
  [
    'romeo@montague.net/a',
    ['romeo@montague.net/a'],
    ['romeo@montague.net/b', 'romeo@montague.net'],
  ],
  ['romeo@montague.net', ['romeo@montague.net/a', 'romeo@montague.net'], ['iago@montague.net']],
  ['montague.net/a', ['montague.net/a'], ['romeo@montague.net/a', 'montague.net']],
  ['montague.net', ['montague.net', 'montague.net/a', 'romeo@montague.net/a'], ['a.montague.net']],
])('§5: %s stands for %s and not for %s', (entry, blocked, free) => {
  const list = new Blocklist([entry]);
  for (const jid of blocked) expect(list.has(parseJid(jid))).toBe(true);
  for (const jid of free) expect(list.has(parseJid(jid))).toBe(false);
});

test('a change holds at once, and is taken back when it was not stored', () => {
  const list = new Blocklist(['a@x.org']);
  const first = { isBlocking: true, jids: ['b@x.org'], ticket: 1 };
  const second = { isBlocking: false, jids: undefined, ticket: 2 };
  list.begin(first);
  list.begin(second);
  expect([...list.jids]).toEqual([]);
  list.commit(first);
  list.dropFailed(2);
  expect([...list.jids]).toEqual(['a@x.org', 'b@x.org']);
});
