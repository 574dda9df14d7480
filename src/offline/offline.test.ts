// What waits, as the users see it, on a server without sockets.
import { archive } from '../archive/index.ts';
import { DOMAIN, TestServer, type TestClient } from '../archive/testing/server.ts';
import { stanzaIds } from '../modules/stanza-ids/index.ts';
import { offline } from './index.ts';

const READS = [
  { name: 'test.pending', sql: 'SELECT id FROM pending WHERE owner = ? ORDER BY id' },
  { name: 'test.marks', sql: 'SELECT proven, above, given FROM marks WHERE owner = ?' },
  { name: 'test.archive', sql: 'SELECT id FROM archive WHERE owner = ? ORDER BY id' },
];

let server: TestServer;
let alice: TestClient;
let bobId: number;

async function start(options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  server = await TestServer.open({ modules: [stanzaIds, archive, offline], options, reads: READS });
  await server.addAccount('alice');
  bobId = await server.addAccount('bob');
  await arrive();
}

async function arrive(): Promise<void> {
  alice = await server.login('alice', 'phone');
  alice.available();
  alice.manage();
  alice.take();
}

async function restart(graceful: boolean): Promise<void> {
  server = await server.restart(graceful);
  await arrive();
}

/** Bob comes with XEP-0198 and is given what waits. */
async function bobComes(resource = 'desk', presence = '<presence/>'): Promise<TestClient> {
  const bob = await server.login('bob', resource);
  bob.manage();
  bob.send(presence);
  await server.settle();
  return bob;
}

async function read(
  what: 'pending' | 'marks' | 'archive',
): Promise<readonly (readonly unknown[])[]> {
  return await server.storage.read(server.storage.query(`test.${what}`), [bobId]);
}

/** Kept in the archive. */
function chat(body: string, to = `bob@${DOMAIN}`): void {
  alice.send(`<message to='${to}' type='chat' id='id-${body}'><body>${body}</body></message>`);
}

/** Not kept in the archive, but until it is delivered. */
function passing(body: string): void {
  alice.send(
    `<message to='bob@${DOMAIN}' type='chat'><body>${body}</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>`,
  );
}

afterEach(async () => {
  await server.close();
});

describe.each([
  ['archived', chat],
  ['not archived', passing],
] as const)('a message that is %s', (_name, send) => {
  beforeEach(async () => {
    await start();
  });

  it('waits for a user who is away and is given to him at his first presence, with a stamp', async () => {
    send('one');
    send('two');
    await server.settle();
    expect(alice.h).toBe(2);
    expect(alice.messages).toEqual([]);
    const bob = await server.login('bob', 'desk');
    await server.settle();
    expect(bob.messages).toEqual([]);
    bob.available();
    await server.settle();
    expect(bob.bodies).toEqual(['one', 'two']);
    for (const message of bob.messages) {
      expect(message).toContain(
        "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='1970-01-01T00:16:40.000Z'/></message>",
      );
    }
  });

  it('is not given to a session of negative priority', async () => {
    send('one');
    const bob = await bobComes('desk', '<presence><priority>-1</priority></presence>');
    expect(bob.bodies).toEqual([]);
    bob.available();
    await server.settle();
    expect(bob.bodies).toEqual(['one']);
  });

  it('is given once when it is proven, even after a restart', async () => {
    send('one');
    const bob = await bobComes();
    bob.acknowledge();
    bob.drop();
    await restart(true);
    const again = await bobComes();
    await server.pass(10_000);
    expect(again.bodies).toEqual([]);
    expect(await read('pending')).toEqual([]);
  });

  it('is given again when it was not proven and the session is gone', async () => {
    send('one');
    const bob = await bobComes();
    expect(bob.bodies).toEqual(['one']);
    bob.drop();
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual(['one']);
  });

  it('given live and not proven waits for the next log-in', async () => {
    const bob = await bobComes();
    send('live');
    await server.settle();
    expect(bob.bodies).toEqual(['live']);
    expect(bob.messages[0]).not.toContain('urn:xmpp:delay');
    bob.drop();
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual(['live']);
  });

  it('is not lost by a crash, proven or not', async () => {
    const bob = await bobComes();
    send('live');
    await server.settle();
    expect(alice.h).toBe(1);
    expect(bob.bodies).toEqual(['live']);
    await restart(false);
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual(['live']);
  });

  it('that one session holds is not given to another', async () => {
    send('one');
    await bobComes();
    const other = await bobComes('other');
    await server.pass(10_000);
    expect(other.bodies).toEqual([]);
  });

  it('goes to the other sessions when the one that held it is gone', async () => {
    send('one');
    const bob = await bobComes();
    const other = await bobComes('other');
    bob.drop();
    await server.settle();
    expect(other.bodies).toEqual(['one']);
    expect(other.messages[0]).toContain('urn:xmpp:delay');
  });

  it('stays with the others that hold it when one session is gone', async () => {
    const bob = await bobComes();
    const other = await bobComes('other');
    send('both');
    await server.settle();
    bob.drop();
    await server.settle();
    expect(other.bodies).toEqual(['both']);
  });

  it('is given to the next session when the first one left while it was being read', async () => {
    send('one');
    await server.settle();
    const bob = await server.login('bob', 'desk');
    bob.manage();
    bob.available();
    bob.drop();
    await server.settle();
    const again = await bobComes();
    await server.pass(4000);
    expect(bob.bodies).toEqual([]);
    expect(again.bodies).toEqual(['one']);
  });

  it('comes before what is sent meanwhile, and not twice', async () => {
    for (let i = 0; i < 120; i++) send(`m${i}`);
    await server.settle();
    const bob = await server.login('bob', 'desk');
    bob.manage();
    bob.available();
    send('live');
    await server.settle();
    expect(bob.bodies).toEqual([...Array.from({ length: 120 }, (_, i) => `m${i}`), 'live']);
  });

  it('proves itself on a stream without XEP-0198 by the answer to a ping', async () => {
    send('one');
    await server.settle();
    const bob = await server.login('bob', 'desk');
    bob.available();
    await server.settle();
    await server.pass(3000);
    const ping = bob.sent.find((stanza) => stanza.includes('urn:xmpp:ping'));
    bob.session.answered(
      server.reader.read(
        `<iq type='result' id='${/ id='([^']+)'/.exec(ping ?? '')?.[1] ?? ''}'/>` as never,
      ),
    );
    bob.drop();
    await server.pass(2000);
    const again = await bobComes();
    await server.pass(10_000);
    expect(again.bodies).toEqual([]);
  });
});

describe('the archive and what waits', () => {
  beforeEach(async () => {
    await start();
  });

  it('have one order', async () => {
    for (let i = 0; i < 20; i++) (i % 3 === 0 ? passing : chat)(`m${i}`);
    const bob = await bobComes();
    expect(bob.bodies).toEqual(Array.from({ length: 20 }, (_, i) => `m${i}`));
  });

  it('carries the id of the archive in what is given late', async () => {
    chat('one');
    const bob = await bobComes();
    const id = (await read('archive'))[0]?.[0] as number;
    expect(bob.messages[0]).toContain(
      `<stanza-id xmlns='urn:xmpp:sid:0' by='bob@example.org' id='${id}'/>`,
    );
  });

  it('does not give again what a session may have seen to a client that asks its archive', async () => {
    const bob = await bobComes();
    chat('seen');
    await server.settle();
    bob.drop();
    const again = await bobComes();
    expect(again.bodies).toEqual([]);
    again.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    await server.pass(10_000);
    expect(again.bodies).toEqual(['seen']);
    expect(again.messages[0]).toContain('<result');
  });

  it('takes a page of the archive that was received for proof', async () => {
    const bob = await bobComes();
    chat('seen');
    await server.settle();
    bob.drop();
    const again = await bobComes();
    again.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    await server.settle();
    again.acknowledge();
    again.drop();
    const third = await bobComes();
    await server.pass(10_000);
    expect(third.bodies).toEqual([]);
  });

  it('does not take a page for proof that was not received', async () => {
    const bob = await bobComes();
    chat('seen');
    await server.settle();
    bob.drop();
    const again = await bobComes();
    again.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    await server.settle();
    again.drop();
    const third = await bobComes();
    await server.pass(10_000);
    expect(third.bodies).toEqual(['seen']);
  });

  it('gives at once what no session was ever given, and the rest after three seconds', async () => {
    const bob = await bobComes();
    chat('seen');
    await server.settle();
    bob.drop();
    chat('new');
    const again = await bobComes();
    expect(again.bodies).toEqual(['new']);
    await server.pass(2000);
    expect(again.bodies).toEqual(['new']);
    await server.pass(2000);
    expect(again.bodies).toEqual(['new', 'seen']);
  });

  it('keeps a proven message above an unproven one proven over a restart', async () => {
    const bob = await bobComes();
    const other = await bobComes('other');
    chat('held', `bob@${DOMAIN}/desk`);
    await server.settle();
    chat('proven', `bob@${DOMAIN}/other`);
    await server.settle();
    other.acknowledge();
    bob.drop();
    other.send("<presence type='unavailable'/>");
    await restart(true);
    expect((await read('marks'))[0]?.[1]).toBe(String((await read('archive'))[1]?.[0] as number));
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual(['held']);
  });

  it('gives what it was told of when a session is restored to nobody else', async () => {
    const bob = await bobComes();
    chat('held');
    await server.settle();
    const id = (await read('archive'))[0]?.[0] as number;
    await restart(true);
    const restored = await server.login('bob', 'desk');
    const account = server.accounts.cache.peek(restored.session.jid.bare);
    const ref = account?.sessions[0];
    for (const { handler } of server.host.hooks.list('session.restored')) {
      if (account !== undefined && ref !== undefined) handler(account, ref, [id]);
    }
    const other = await bobComes('other');
    await server.pass(10_000);
    expect(other.bodies).toEqual([]);
    expect(bob.bodies).toEqual(['held']);
  });

  it('gives a session that outlived its owner what it had not been given', async () => {
    await bobComes();
    for (const body of ['old', 'given', 'on its way']) chat(body);
    await server.settle();
    const given = (await read('archive'))[1]?.[0] as number;
    await restart(true);
    const bob = await server.login('bob', 'desk');
    const account = server.accounts.cache.peek(bob.session.jid.bare);
    const ref = account?.sessions[0];
    if (account === undefined || ref === undefined) throw new Error('no session');
    ref.available = true;
    for (const { handler } of server.host.hooks.list('session.restored')) {
      handler(account, ref, [], { from: given, upTo: given });
    }
    await server.settle();
    expect(bob.bodies).toEqual(['on its way']);
    await server.pass(4000);
    expect(bob.bodies).toEqual(['on its way', 'old']);
  });

  it('is not forgotten, however much is proven above it', async () => {
    const bob = await bobComes();
    chat('held');
    await server.settle();
    bob.drop();
    // Too short a time for what may have been seen, and much that is confirmed.
    const busy = await bobComes();
    for (let i = 0; i < 700; i++) chat(`m${i}`);
    await server.settle();
    busy.acknowledge();
    busy.drop();
    expect(busy.bodies).not.toContain('held');
    await restart(true);
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual(['held']);
  });

  it('that lay in the queue of a session without a connection comes at once to whoever replaces it', async () => {
    const bob = await server.login('bob', 'desk');
    bob.manage('token');
    bob.available();
    chat('on the wire');
    await server.settle();
    bob.drop();
    chat('queued');
    chat('for the desk', `bob@${DOMAIN}/desk`);
    await server.settle();
    expect(bob.bodies).toEqual(['on the wire']);
    const again = await bobComes();
    expect(again.bodies).toEqual(['queued', 'for the desk']);
    // This one may have been seen: its client might ask the archive first.
    await server.pass(4000);
    expect(again.bodies).toEqual(['queued', 'for the desk', 'on the wire']);
  });

  it('stays with a session without a connection when another resource logs in', async () => {
    const bob = await server.login('bob', 'desk');
    bob.manage('token');
    bob.available();
    bob.drop();
    chat('queued');
    const other = await bobComes('other');
    await server.pass(590_000);
    expect(other.bodies).toEqual([]);
    await server.pass(15_000);
    expect(other.bodies).toEqual(['queued']);
  });

  it.each([
    ['in one life of the server', false],
    ['over a restart', true],
  ])('is given in order, once, beyond what is followed: %s', async (_name, isRestarted) => {
    const all = Array.from({ length: 2600 }, (_, i) => `m${i}`);
    for (const body of all.slice(0, 2500)) chat(body);
    await server.settle();
    if (isRestarted) await restart(true);
    const bob = await bobComes();
    expect(bob.bodies).toEqual(all.slice(0, 1000));
    for (let go = 0; bob.bodies.length < 2500 && go < 20; go++) {
      bob.acknowledge();
      await server.settle();
    }
    for (const body of all.slice(2500)) chat(body);
    await server.settle();
    expect(bob.bodies).toEqual(all);
    bob.acknowledge();
    bob.drop();
    const again = await bobComes();
    await server.pass(4000);
    expect(again.bodies).toEqual([]);
    await server.pass(2000);
    expect((await read('marks'))[0]?.[1]).toBe('');
  });

  it('beyond what is followed is given to the next session when the first leaves in the middle', async () => {
    const all = Array.from({ length: 2500 }, (_, i) => `m${i}`);
    for (const body of all) chat(body);
    await server.settle();
    const bob = await bobComes();
    bob.acknowledge();
    await server.settle();
    bob.acknowledge();
    await server.settle();
    const had = bob.bodies.length;
    expect(had).toBeGreaterThan(1500);
    bob.drop();
    await restart(true);
    const again = await bobComes();
    await server.pass(4000);
    for (let go = 0; go < 10; go++) {
      again.acknowledge();
      await server.settle();
    }
    const last = [...bob.bodies.slice(0, had), ...again.bodies];
    expect(new Set(last).size).toBe(2500);
    expect(again.bodies.length).toBeLessThan(1100);
  });

  it('beyond what is followed is left to the archive by a client that has asked it, if it may be seen', async () => {
    const bob = await bobComes();
    for (let i = 0; i < 1500; i++) chat(`seen${i}`);
    await server.settle();
    bob.drop();
    await server.pass(1000);
    for (let i = 0; i < 20; i++) chat(`new${i}`);
    await server.settle();
    const again = await bobComes();
    again.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    await server.pass(4000);
    expect(again.bodies.filter((body) => !body.startsWith('seen'))).toHaveLength(20);
    again.drop();
    const third = await bobComes();
    await server.pass(4000);
    for (let go = 0; go < 10; go++) {
      third.acknowledge();
      await server.settle();
    }
    expect(new Set(third.bodies).size).toBe(1520);
  });

  it('follows in goes that have to be acknowledged when it is much', async () => {
    const large = 'x'.repeat(100_000);
    for (let i = 0; i < 70; i++) {
      chat(`${large}${i}`);
      await server.settle();
    }
    const bob = await bobComes();
    for (let go = 1; go < 5; go++) {
      expect(bob.messages.length).toBeLessThan(go * 30);
      bob.acknowledge();
      await server.settle();
    }
    expect(bob.bodies.map((body) => body.slice(100_000))).toEqual(
      Array.from({ length: 70 }, (_, i) => String(i)),
    );
  });
});

describe('what may not be kept', () => {
  beforeEach(async () => {
    await start();
  });

  it.each([
    ['a chat state', "<composing xmlns='http://jabber.org/protocol/chatstates'/>", 'chat'],
    [
      'a chat state with a hint',
      "<composing xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>",
      'chat',
    ],
    ['a headline', '<body>news</body>', 'headline'],
    ['an error', '<body>x</body>', 'error'],
  ])('%s for a user who is away is dropped without a word', async (_name, content, type) => {
    alice.send(`<message to='bob@${DOMAIN}' type='${type}'>${content}</message>`);
    await server.settle();
    expect(alice.messages).toEqual([]);
    const bob = await bobComes();
    expect(bob.messages).toEqual([]);
  });

  it('a message with a body and no-store is answered with an error', async () => {
    alice.send(
      `<message to='bob@${DOMAIN}' id='x' type='chat'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>`,
    );
    await server.settle();
    expect(alice.messages[0]).toContain('<service-unavailable');
  });

  it('nothing is kept of a live message whose sender cannot be told', async () => {
    const bob = await bobComes();
    const plain = await server.login('alice', 'plain');
    plain.send(
      `<message to='bob@${DOMAIN}' type='chat'><body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>`,
    );
    await server.settle();
    expect(bob.bodies).toEqual(['x']);
    expect(await read('pending')).toEqual([]);
  });
});

it('a live message is kept until it is proven when its sender can be told', async () => {
  await start();
  const bob = await bobComes();
  passing('x');
  expect(bob.bodies).toEqual(['x']);
  await server.settle();
  expect(await read('pending')).toHaveLength(1);
  bob.acknowledge();
  await server.settle();
  expect(await read('pending')).toEqual([]);
});

it('the sender of one more than may wait gets an error, and archived messages do not count', async () => {
  await start({ offline: { maxMessages: 2, maxAgeDays: 0 } });
  for (const body of ['a', 'b', 'c']) chat(body);
  for (const body of ['1', '2', '3']) passing(body);
  await server.settle();
  expect(alice.messages).toHaveLength(1);
  expect(alice.messages[0]).toContain("<error type='wait'><service-unavailable");
  expect(alice.messages[0]).toContain('Too many messages wait for the recipient.');
  expect(alice.h).toBe(6);
  expect((await bobComes()).bodies).toEqual(['a', 'b', 'c', '1', '2']);
});

it('what has waited too long is dropped', async () => {
  await start({ offline: { maxMessages: 10, maxAgeDays: 1 } });
  passing('old');
  await server.settle();
  await server.pass(23 * 3_600_000);
  passing('young');
  await server.settle();
  await server.pass(2 * 3_600_000);
  expect(await read('pending')).toHaveLength(1);
  expect((await bobComes()).bodies).toEqual(['young']);
});

it('a message sent again is not kept twice without the archive', async () => {
  await start({ archive: { enabled: false, maxPage: 50 } });
  chat('once');
  await server.settle();
  await restart(false);
  const message = `<message to='bob@${DOMAIN}' type='chat' id='id-once'><body>once</body></message>`;
  alice.send(message, true);
  alice.send(message.replaceAll('once', 'other'), true);
  await server.settle();
  expect((await bobComes()).bodies).toEqual(['once', 'other']);
});

it('an account that is removed leaves no row, and none comes after', async () => {
  await start();
  chat('a');
  passing('b');
  const bob = await bobComes();
  bob.acknowledge();
  const unit = server.storage.unit();
  for (const statement of server.host.removals()) unit.add(statement, bobId);
  unit.add(server.storage.statement('accounts.remove'), bobId);
  server.storage.submit(unit, bobId);
  await server.pass(5000);
  for (const table of ['pending', 'marks', 'archive'] as const)
    expect(await read(table)).toEqual([]);
});
