// Reading accounts: what is not known is not taken for absent, and nobody's reads crowd out those of the others.
import { parseJid, type BareJid } from '../protocol/jid.ts';
import { StorageError, type QueryId, type Row, type Storage } from '../storage/storage.ts';
import { silentLog } from '../util/log.ts';
import type { Account } from './account.ts';
import { AccountCache } from './account-cache.ts';
import { Accounts, type AccountParts } from './accounts.ts';
import type { Attached, AttachRequest } from './attach.ts';
import { Commits } from './commits.ts';
import { PLAIN } from './outlet.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { utf8 } from '../xml/bytes.ts';
import { XmlContext } from '../xml/xml-context.ts';

const ROMEO = parseJid('romeo@example.org/orchard');
const JULIET = parseJid('juliet@example.org');

type Answer = (rows: readonly Row[] | StorageError) => void;

/** A storage whose reads wait for the test to answer them. */
function slowStorage() {
  const waiting: Answer[] = [];
  const storage = {
    read: () =>
      new Promise<readonly Row[]>((resolve, reject) => {
        waiting.push((answer) =>
          answer instanceof StorageError ? reject(answer) : resolve(answer),
        );
      }),
    onDone: () => undefined,
  } as unknown as Storage;
  const answer = async (rows: readonly Row[] | StorageError): Promise<void> => {
    waiting.shift()?.(rows);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { storage, waiting, answer };
}

function cacheOver(storage: Storage): AccountCache {
  return new AccountCache({
    commits: new Commits(storage, () => undefined),
    loaders: () => [],
    findAccount: 0 as QueryId,
    limits: { inboxStanzas: 10, cachedAccounts: 10 },
    clock: { now: () => 0, monotonicMs: () => 0 },
    log: silentLog,
  });
}

const BROKEN = new StorageError('query', 'the disk is broken');

describe('an account that cannot be read', () => {
  test('is not taken for one that does not exist, then or later', async () => {
    const { storage, waiting, answer } = slowStorage();
    const cache = cacheOver(storage);
    const seen: [Account | undefined, boolean][] = [];
    const look = (): boolean => cache.whenLoaded(JULIET, (...found) => seen.push(found));
    look();
    await answer(BROKEN);
    expect(seen).toEqual([[undefined, true]]);
    look();
    expect(waiting).toHaveLength(1);
    await answer([[7, 0]]);
    expect(seen[1]?.[0]?.owner).toBe(7);
  });

  test('is said to be unreachable for now, to whoever writes to it and to whoever binds', async () => {
    const { storage, answer } = slowStorage();
    const errors: string[] = [];
    const outlet = { send: (bytes: string) => errors.push(bytes) };
    const parts = { cache: cacheOver(storage), outlet } as unknown as AccountParts;
    const accounts = new Accounts(parts);
    const xml =
      "<message from='romeo@example.org/orchard' to='juliet@example.org' id='1' type='chat'/>";
    const stanza = new StanzaReader(new XmlContext()).read(utf8(xml));
    accounts.incoming(stanza, ROMEO, JULIET, PLAIN, undefined, 0);
    const bound: Attached[] = [];
    accounts.attach({ jid: JULIET, worker: 0, id: 1 } as AttachRequest, (result) =>
      bound.push(result),
    );
    await answer(BROKEN);
    expect(errors).toEqual([expect.stringMatching(/<error type='wait'><resource-constraint /)]);
    expect(bound).toEqual([{ refused: 'resource-constraint' }]);
  });
});

test('what one account sends has only so many accounts read at once; others go on', async () => {
  const { storage, waiting, answer } = slowStorage();
  const cache = cacheOver(storage);
  const write = (by: BareJid | undefined, to: number): boolean =>
    cache.whenLoaded(parseJid(`u${to}@example.org`), () => undefined, by);
  let taken = 0;
  while (taken < 1000 && write(ROMEO.bare, taken)) taken++;
  expect(taken).toBe(256);
  expect(write(JULIET.bare, 5000)).toBe(true);
  expect(write(undefined, 5001)).toBe(true);
  // Behind one that is being read anyway there is room.
  expect(write(ROMEO.bare, 5000)).toBe(true);
  await answer([]);
  expect(write(ROMEO.bare, 6000)).toBe(true);
  expect(write(ROMEO.bare, 6001)).toBe(false);
  expect(waiting).toHaveLength(258);
});
