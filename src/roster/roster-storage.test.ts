import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from '../storage/sqlite/driver.ts';
import { itemsOf, RosterServer, versionOf, type Client } from './testing/roster-fixture.ts';

let directory: string;
let path: string;
let server: RosterServer;
let juliet: Client;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'roster-'));
  path = join(directory, 'xmppd.db');
  await start();
});
afterEach(async () => {
  await server.storage.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(owner = 1): Promise<void> {
  server = await RosterServer.open({ path, options: { removalsKept: 2 } });
  juliet = server.client(await server.account('juliet', owner), 'balcony');
}

async function restart(): Promise<void> {
  await server.storage.close();
  await start();
}

const add = (jid: string, inner = ''): Promise<string> =>
  juliet.set(`<item jid='${jid}'>${inner}</item>`);
const remove = (jid: string): Promise<string> =>
  juliet.set(`<item jid='${jid}' subscription='remove'/>`);
const jids = (items: readonly { jid: string | undefined }[]): (string | undefined)[] =>
  items.map(({ jid }) => jid);

describe('a roster on disk', () => {
  it('is the same after a restart', async () => {
    await juliet.set(
      "<item jid='nurse@example.org' name='Ñurse'><group>B</group><group>A</group></item>",
    );
    await add('romeo@example.net');
    await add('tybalt@example.org');
    await remove('tybalt@example.org');
    const before = await juliet.get();
    await restart();
    const after = await juliet.get();
    expect(itemsOf(after)).toEqual(itemsOf(before));
    expect(versionOf(after)).toBe(versionOf(before));
  });

  it('is gone when the account is removed', async () => {
    await add('nurse@example.org');
    await server.removeAccount(1);
    await restart();
    expect(itemsOf(await juliet.get())).toEqual([]);
    expect(versionOf(await juliet.get())).toBe('0');
  });

  it('stays apart from those of other accounts', async () => {
    const romeo = server.client(await server.account('romeo', 2), 'orchard');
    await add('nurse@example.org');
    await romeo.set("<item jid='mercutio@example.org'/>");
    await server.removeAccount(2);
    await restart();
    expect(jids(itemsOf(await juliet.get()))).toEqual(['nurse@example.org']);
  });

  it('keeps the states of a subscription when the name changes', async () => {
    await add('nurse@example.org');
    await server.storage.close();
    const db = new (sqlite())(path);
    db.exec("UPDATE roster SET subscription = 'both', ask = 1, approved = 1");
    db.close();
    await start();
    await juliet.set("<item jid='nurse@example.org' name='N'/>");
    for (const _ of ['in memory', 'read again']) {
      const item = (await juliet.get()).firstChildElement()?.getChild('item');
      expect(item?.attrs).toEqual({
        jid: 'nurse@example.org',
        name: 'N',
        subscription: 'both',
        ask: 'subscribe',
        approved: 'true',
      });
      await restart();
    }
  });
});

describe('RFC 6121 §2.6: roster versioning', () => {
  it('is announced among the features of the stream (§2.6.2)', () => {
    expect(server.host.streamFeatures()).toBe("<ver xmlns='urn:xmpp:features:rosterver'/>");
  });

  it('gives the whole roster with its version for an empty or an unknown one (§2.6.3)', async () => {
    await add('nurse@example.org');
    for (const ver of ['', 'ver14', '0-0', 'zzzz-1']) {
      const answer = await juliet.get(ver);
      expect(jids(itemsOf(answer))).toEqual(['nurse@example.org']);
      expect(versionOf(answer)).toMatch(/^[0-9a-z]+-1$/);
    }
  });

  it('gives an empty result and no push when nothing changed', async () => {
    await add('nurse@example.org');
    const version = versionOf(await juliet.get(''));
    await restart();
    const answer = await juliet.get(version);
    expect([answer.type, answer.children.length]).toEqual(['result', 0]);
    expect(juliet.pushed()).toEqual([]);
  });

  it('pushes what changed meanwhile, removals too, with versions that rise, after a restart too', async () => {
    await add('nurse@example.org');
    await add('tybalt@example.org');
    const version = versionOf(await juliet.get(''));
    await juliet.set("<item jid='nurse@example.org' name='Angelica'/>");
    await add('romeo@example.net');
    await remove('tybalt@example.org');
    await restart();
    expect((await juliet.get(version)).children).toHaveLength(0);
    const pushes = juliet.pushes();
    expect(pushes.flatMap(itemsOf).map(({ jid, subscription }) => [jid, subscription])).toEqual([
      ['nurse@example.org', 'none'],
      ['romeo@example.net', 'none'],
      ['tybalt@example.org', 'remove'],
    ]);
    expect(pushes.map((push) => versionOf(push)?.split('-')[1])).toEqual(['3', '4', '5']);
  });

  it('goes on from the version of the last push that arrived', async () => {
    await add('a@x.org');
    const version = versionOf(await juliet.get(''));
    await add('b@x.org');
    await add('c@x.org');
    await juliet.get(version);
    const [first] = juliet.pushes().slice(-2);
    await restart();
    await juliet.get(first === undefined ? '' : versionOf(first));
    expect(jids(juliet.pushed())).toEqual(['c@x.org']);
  });

  it('makes the resource interested although it got no roster', async () => {
    await add('a@x.org');
    const version = versionOf(await juliet.get(''));
    const chamber = server.client(juliet.account, 'chamber');
    await chamber.get(version);
    await add('b@x.org');
    expect(jids(chamber.pushed())).toEqual(['b@x.org']);
  });

  it('gives the whole roster once the removals since then are forgotten, after a restart too', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await add(`${name}@x.org`);
    const version = versionOf(await juliet.get(''));
    for (const name of ['a', 'b', 'c']) await remove(`${name}@x.org`);
    for (const _ of ['in memory', 'read again']) {
      expect(jids(itemsOf(await juliet.get(version)))).toEqual(['d@x.org']);
      await restart();
    }
  });

  it('does not take the version of an earlier account of the same name for its own', async () => {
    await add('a@x.org');
    const version = versionOf(await juliet.get(''));
    await server.removeAccount(1);
    await server.storage.close();
    await start(2);
    await add('b@x.org');
    expect(jids(itemsOf(await juliet.get(version)))).toEqual(['b@x.org']);
  });
});

describe('a disk that is full', () => {
  it('refuses the change, pushes nothing, and is judged as if it had not been asked', async () => {
    await server.storage.close();
    server = await RosterServer.open({ path, maxPages: 60 });
    juliet = server.client(await server.account('juliet', 1), 'balcony');
    await juliet.get();
    const groups = Array.from(
      { length: 20 },
      (_, i) => `<group>${'g'.repeat(900)}${i.toString()}</group>`,
    );
    let refused = -1;
    for (let i = 0; i < 100 && refused < 0; i++) {
      const outcome = await add(`c${i.toString()}@x.org`, groups.join(''));
      if (outcome !== 'result') {
        expect(outcome).toBe('resource-constraint');
        refused = i;
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(juliet.pushed()).toHaveLength(refused);
    expect(itemsOf(await juliet.get())).toHaveLength(refused);
    expect(await remove(`c${refused.toString()}@x.org`)).toBe('item-not-found');
  });
});
