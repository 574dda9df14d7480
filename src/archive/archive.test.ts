// Archives as their users see them, on a server without sockets.
import fc from 'fast-check';
import { stanzaIds } from '../modules/stanza-ids/index.ts';
import { archive } from './index.ts';
import { COUNTED_ROWS, KIND_OUTGOING } from './store.ts';
import { DOMAIN, TestServer, type TestClient } from './testing/server.ts';

const READ_ROWS = {
  name: 'test.archive',
  sql: 'SELECT id, peer, resource, kind, stanza FROM archive WHERE owner = ? ORDER BY id',
};

let server: TestServer;
let alice: TestClient;
let bob: TestClient;
let aliceId: number;
let bobId: number;

beforeEach(async () => {
  server = await TestServer.open({
    modules: [stanzaIds, archive],
    options: { archive: { maxPage: 100 } },
    reads: [READ_ROWS],
  });
  aliceId = await server.addAccount('alice');
  bobId = await server.addAccount('bob');
  alice = await server.login('alice', 'phone');
  bob = await server.login('bob', 'desk');
  alice.available();
  bob.available();
  alice.take();
  bob.take();
});

afterEach(async () => {
  await server.close();
});

const chat = (to: string, body: string, more = ''): string =>
  `<message to='${to}' type='chat' id='id-${body}'>${more}<body>${body}</body></message>`;

async function rows(owner: number): Promise<readonly (readonly unknown[])[]> {
  return await server.storage.read(server.storage.query('test.archive'), [owner]);
}

interface Answer {
  readonly ids: string[];
  readonly bodies: string[];
  readonly results: string[];
  readonly end: string;
}

let queries = 0;

async function ask(client: TestClient, inner: string, attributes = ''): Promise<Answer> {
  client.take();
  client.send(
    `<iq type='set' id='q${++queries}'><query xmlns='urn:xmpp:mam:2'${attributes}>${inner}</query></iq>`,
  );
  await server.settle();
  const results = client.messages;
  return {
    results,
    ids: results.map((result) => /<result [^>]*? id='(\d+)'/.exec(result)?.[1] ?? ''),
    bodies: client.bodies,
    end: client.sent.find((stanza) => stanza.startsWith('<iq')) ?? '',
  };
}

const form = (fields: Record<string, string>, type = 'urn:xmpp:mam:2'): string =>
  `<x xmlns='jabber:x:data' type='submit'>${type === '' ? '' : `<field var='FORM_TYPE'><value>${type}</value></field>`}${Object.entries(
    fields,
  )
    .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
    .join('')}</x>`;

const rsm = (inner: string): string => `<set xmlns='http://jabber.org/protocol/rsm'>${inner}</set>`;

/** `count` messages from alice to bob, a millisecond apart. */
async function converse(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    alice.send(chat(`bob@${DOMAIN}`, `m${i}`));
    if (i % 3 === 0) await server.time.pass(1);
  }
  await server.settle();
}

describe('keeping', () => {
  it('keeps a message for its sender and for its recipient', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'hello'));
    await server.settle();
    const [sent] = await rows(aliceId);
    const [received] = await rows(bobId);
    expect(sent?.slice(1, 4)).toEqual([`bob@${DOMAIN}`, '', 6]);
    expect(received?.slice(1, 4)).toEqual([`alice@${DOMAIN}`, 'phone', 5]);
    expect(String(received?.[4])).toBe(
      `<message xmlns='jabber:client' from='alice@example.org/phone' to='bob@example.org' type='chat' id='id-hello'><body>hello</body></message>`,
    );
  });

  it('gives the recipient the id in his own archive, once the row is on disk', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'hello'));
    expect(bob.messages).toEqual([]);
    await server.settle();
    const [row] = await rows(bobId);
    expect(bob.messages).toHaveLength(1);
    expect(bob.messages[0]).toContain(
      `<stanza-id xmlns='urn:xmpp:sid:0' by='bob@example.org' id='${row?.[0] as number}'/>`,
    );
    expect(bob.messages[0]).not.toContain("by='alice@example.org'");
  });

  it('keeps what waits for a recipient who is away', async () => {
    bob.send("<presence type='unavailable'/>");
    alice.send(chat(`bob@${DOMAIN}`, 'later'));
    await server.settle();
    expect(await rows(bobId)).toHaveLength(1);
    expect(alice.messages).toEqual([]);
  });

  it("keeps a note to oneself once, with the id that it carries, and finds it by one's own JID", async () => {
    alice.send(chat(`alice@${DOMAIN}`, 'note'));
    alice.send(chat(`bob@${DOMAIN}`, 'other'));
    await server.settle();
    const kept = await rows(aliceId);
    expect(kept).toHaveLength(2);
    expect(kept[0]?.[3]).toBe(7);
    expect(alice.messages[0]).toContain(`id='${kept[0]?.[0] as number}'/>`);
    const found = await ask(alice, form({ with: `alice@${DOMAIN}` }));
    expect(found.bodies).toEqual(['note']);
  });

  it.each([
    ['a chat state', "<composing xmlns='http://jabber.org/protocol/chatstates'/>", 'chat'],
    ['a message with no-store', "<body>x</body><no-store xmlns='urn:xmpp:hints'/>", 'chat'],
    ['a headline', '<body>x</body>', 'headline'],
    ['an error', '<body>x</body>', 'error'],
  ])('does not keep %s', async (_name, content, type) => {
    alice.send(`<message to='bob@${DOMAIN}' type='${type}'>${content}</message>`);
    await server.settle();
    expect(await rows(aliceId)).toEqual([]);
    expect(await rows(bobId)).toEqual([]);
  });

  it('keeps ids rising when the clock steps back and when the account is read anew', async () => {
    await server.time.pass(3_600_000);
    await converse(20);
    const before = (await rows(bobId)).map((row) => row[0] as number);
    (server.time as unknown as { ms: number }).ms -= 3_000_000;
    await converse(5);
    bob.drop();
    server.forget('bob');
    await converse(5);
    const all = (await rows(bobId)).map((row) => row[0] as number);
    expect(all.slice(0, 20)).toEqual(before);
    expect([...all].sort((a, b) => a - b)).toEqual(all);
    expect(new Set(all).size).toBe(30);
    expect(
      (await rows(bobId)).map((row) => /<body>(.*)<\/body>/.exec(String(row[4]))?.[1]).slice(20),
    ).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm0', 'm1', 'm2', 'm3', 'm4']);
  });
});

describe('what is sent again after a crash', () => {
  it('is dropped when it is on disk: same sender, same id, same content', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'once'));
    await server.settle();
    const again = await server.login('alice', 'phone2');
    again.send(chat(`bob@${DOMAIN}`, 'once'), true);
    again.send(chat(`bob@${DOMAIN}`, 'new'), true);
    await server.settle();
    expect(bob.bodies).toEqual(['once', 'new']);
    expect(await rows(bobId)).toHaveLength(2);
    expect(await rows(aliceId)).toHaveLength(2);
  });

  it('is kept when id or content differ, or there is no id', async () => {
    const plain = `<message to='bob@${DOMAIN}' type='chat'><body>no id</body></message>`;
    alice.send(chat(`bob@${DOMAIN}`, 'once'));
    alice.send(plain);
    await server.settle();
    alice.send(
      `<message to='bob@${DOMAIN}' type='chat' id='id-once'><body>other</body></message>`,
      true,
    );
    alice.send(
      `<message to='bob@${DOMAIN}' type='chat' id='other'><body>once</body></message>`,
      true,
    );
    alice.send(plain, true);
    await server.settle();
    expect(bob.bodies).toEqual(['once', 'no id', 'other', 'once', 'no id']);
    expect(await rows(aliceId)).toHaveLength(5);
  });

  it('is kept after ten minutes', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'once'));
    await server.pass(601_000);
    alice.send(chat(`bob@${DOMAIN}`, 'once'), true);
    await server.settle();
    expect(bob.bodies).toEqual(['once', 'once']);
  });

  it('keeps the order of its lane, and is confirmed only when it is settled', async () => {
    alice.manage();
    for (let i = 0; i < 50; i++) alice.send(chat(`bob@${DOMAIN}`, `m${i}`), true);
    alice.send(chat(`bob@${DOMAIN}`, 'last'));
    expect(alice.h).toBe(0);
    await server.settle();
    expect(alice.h).toBe(51);
    expect(bob.bodies).toEqual([...Array.from({ length: 50 }, (_, i) => `m${i}`), 'last']);
  });

  it('does not hold back other senders', async () => {
    const carl = await server.addAccount('carl').then(() => server.login('carl', 'x'));
    alice.send(chat(`bob@${DOMAIN}`, 'waits'), true);
    carl.send(chat(`bob@${DOMAIN}`, 'goes on'));
    await server.settle();
    expect(bob.bodies).toEqual(['goes on', 'waits']);
  });

  it('is dropped within one run of repeats, too', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'twice'), true);
    alice.send(chat(`bob@${DOMAIN}`, 'twice'), true);
    await server.settle();
    expect(bob.bodies).toEqual(['twice']);
    expect(await rows(aliceId)).toHaveLength(1);
  });
});

describe('a query', () => {
  it('gives the messages oldest first, each forwarded with its stamp, then the end', async () => {
    await server.time.pass(500);
    alice.send(chat(`bob@${DOMAIN}`, 'hello', "<x xmlns='test'/>"));
    await server.settle();
    const { results, end } = await ask(bob, '', " queryid='f&apos;27'");
    const id = (await rows(bobId))[0]?.[0] as number;
    expect(results).toEqual([
      `<message from='bob@example.org' to='bob@example.org/desk'><result xmlns='urn:xmpp:mam:2' queryid='f&apos;27' id='${id}'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:16:40.500Z'/><message xmlns='jabber:client' from='alice@example.org/phone' to='bob@example.org' type='chat' id='id-hello'><x xmlns='test'/><body>hello</body></message></forwarded></result></message>`,
    ]);
    expect(end).toContain(
      `<fin xmlns='urn:xmpp:mam:2' complete='true'><set xmlns='http://jabber.org/protocol/rsm'><first>${id}</first><last>${id}</last></set></fin>`,
    );
  });

  it('of an empty archive is complete and has an empty set', async () => {
    const { results, end } = await ask(bob, '');
    expect(results).toEqual([]);
    expect(end).toContain(
      "complete='true'><set xmlns='http://jabber.org/protocol/rsm'></set></fin>",
    );
  });

  it('shows what was sent on the same stream right before it', async () => {
    alice.take();
    alice.send(chat(`bob@${DOMAIN}`, 'just now'));
    alice.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    await server.settle();
    expect(alice.bodies).toEqual(['just now']);
  });

  it('gives 50 messages when the client does not say how many, and at most the largest page', async () => {
    await converse(120);
    const plain = await ask(bob, '');
    expect(plain.ids).toHaveLength(50);
    expect(plain.end).not.toContain('complete');
    expect((await ask(bob, rsm('<max>1000</max>'))).ids).toHaveLength(100);
  });

  it('is complete when the page is exactly the rest', async () => {
    await converse(10);
    const { ids, end } = await ask(bob, rsm('<max>10</max>'));
    expect(ids).toHaveLength(10);
    expect(end).toContain("complete='true'");
  });

  it('gives the last page for an empty before, still oldest first', async () => {
    await converse(10);
    const { bodies, end } = await ask(bob, rsm('<max>3</max><before/>'));
    expect(bodies).toEqual(['m7', 'm8', 'm9']);
    expect(end).not.toContain('complete');
  });

  it('gives what lies between after and before', async () => {
    await converse(10);
    const { ids } = await ask(bob, '');
    const { bodies } = await ask(
      bob,
      rsm(`<after>${ids[2] ?? ''}</after><before>${ids[6] ?? ''}</before>`),
    );
    expect(bodies).toEqual(['m3', 'm4', 'm5']);
  });

  it('leaves the count out where it would take too long to tell', async () => {
    const insert = server.storage.statement('archive.insert');
    for (let i = 1; i <= COUNTED_ROWS; i += 1000) {
      const unit = server.storage.unit();
      for (let n = i; n < i + 1000; n++)
        unit.add(insert, aliceId, n, 'bob@example.org', '', KIND_OUTGOING, Buffer.from('<x/>'));
      server.storage.submit(unit, aliceId);
    }
    const { end } = await ask(alice, rsm('<max>0</max>'));
    expect(end).toContain("<set xmlns='http://jabber.org/protocol/rsm'></set>");
    expect(end).not.toContain('complete');
  });

  it('gives only the count for max 0', async () => {
    await converse(7);
    const { results, end } = await ask(bob, rsm('<max>0</max>'));
    expect(results).toEqual([]);
    expect(end).toContain("<set xmlns='http://jabber.org/protocol/rsm'><count>7</count></set>");
    expect(end).not.toContain('complete');
  });

  it('puts pages together to the whole archive, in both directions, with any filter', async () => {
    await server.addAccount('carl');
    for (let i = 0; i < 60; i++) {
      bob.send(chat(i % 4 === 0 ? `carl@${DOMAIN}` : `alice@${DOMAIN}`, `b${i}`));
      if (i % 2 === 0) alice.send(chat(`bob@${DOMAIN}/desk`, `a${i}`));
      if (i % 5 === 0) await server.time.pass(i);
    }
    await server.settle();
    const whole = (await rows(bobId)).map((row) => ({
      id: String(row[0]),
      peer: row[1],
      resource: row[2],
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.constantFrom(
          '',
          `alice@${DOMAIN}`,
          `alice@${DOMAIN}/phone`,
          `carl@${DOMAIN}`,
          `nobody@${DOMAIN}`,
        ),
        async (max, backward, peer) => {
          const filter = peer === '' ? '' : form({ with: peer });
          let seen: string[] = [];
          for (let anchor = ''; ;) {
            const tag = backward ? 'before' : 'after';
            const place = anchor === '' && !backward ? '' : `<${tag}>${anchor}</${tag}>`;
            const page = await ask(bob, `${filter}${rsm(`<max>${max}</max>${place}`)}`);
            expect(page.ids.length).toBeLessThanOrEqual(max);
            seen = backward ? [...page.ids, ...seen] : [...seen, ...page.ids];
            if (page.end.includes("complete='true'")) break;
            anchor = (backward ? page.ids[0] : page.ids.at(-1)) ?? '';
          }
          const [bare, resource] = peer.split('/');
          const expected = whole.filter(
            (row) =>
              peer === '' ||
              (row.peer === bare && (resource === undefined || row.resource === resource)),
          );
          expect(seen).toEqual(expected.map((row) => row.id));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps to start and end, both included', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'a'));
    await server.time.pass(1000);
    alice.send(chat(`bob@${DOMAIN}`, 'b'));
    await server.time.pass(1000);
    alice.send(chat(`bob@${DOMAIN}`, 'c'));
    await server.settle();
    const at = (ms: number): string => new Date(1_000_000 + ms).toISOString();
    expect((await ask(bob, form({ start: at(1000) }))).bodies).toEqual(['b', 'c']);
    expect((await ask(bob, form({ end: at(1000) }))).bodies).toEqual(['a', 'b']);
    expect((await ask(bob, form({ start: at(1), end: at(1999) }))).bodies).toEqual(['b']);
    expect((await ask(bob, form({ start: at(1000), end: at(1000) }))).bodies).toEqual(['b']);
  });

  it('finds both sides of a conversation by a bare JID, and a resource by a full one', async () => {
    alice.send(chat(`bob@${DOMAIN}`, 'to bob'));
    bob.send(chat(`alice@${DOMAIN}/phone`, 'to the phone'));
    bob.send(chat(`alice@${DOMAIN}`, 'to alice'));
    await server.settle();
    expect((await ask(bob, form({ with: `ALICE@${DOMAIN}` }))).bodies).toHaveLength(3);
    expect((await ask(bob, form({ with: `alice@${DOMAIN}/phone` }))).bodies).toEqual([
      'to bob',
      'to the phone',
    ]);
  });

  it('gives the form on get', () => {
    alice.send("<iq type='get' id='f'><query xmlns='urn:xmpp:mam:2'/></iq>");
    expect(alice.sent.at(-1)).toContain(
      "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field><field var='with' type='jid-single'/><field var='start' type='text-single'/><field var='end' type='text-single'/></x></query>",
    );
  });
});

describe('a query is refused', () => {
  it.each([
    ['item-not-found', 'an id that is not in the archive', rsm('<after>123456789</after>')],
    [
      'item-not-found',
      'an id before which there is nothing to find',
      rsm('<before>123456789</before>'),
    ],
    ['item-not-found', 'an id that is none', rsm('<after>28482-98726-73623</after>')],
    ['item-not-found', 'an unknown id with max 0', rsm('<max>0</max><after>123456789</after>')],
    ['feature-not-implemented', 'a field that is not known', form({ 'free-text': 'x' })],
    ['feature-not-implemented', 'a field of #extended', form({ ids: '1' })],
    ['feature-not-implemented', 'a page that is flipped', '<flip-page/>'],
    ['feature-not-implemented', 'an index', rsm('<index>3</index>')],
    ['bad-request', 'a start that is no date', form({ start: 'yesterday' })],
    ['bad-request', 'an end without a zone', form({ end: '2010-07-10T23:08:25' })],
    ['bad-request', 'a date that does not exist', form({ end: '2010-02-30T23:08:25Z' })],
    ['bad-request', 'a form without FORM_TYPE', form({ with: 'a@b' }, '')],
    ['bad-request', 'a form of another FORM_TYPE', form({ with: 'a@b' }, 'urn:xmpp:mam:1')],
    ['bad-request', 'a max that is no number', rsm('<max>many</max>')],
    ['jid-malformed', 'a JID that is none', form({ with: '@' })],
  ])('with %s: %s', async (condition, _name, inner) => {
    await converse(3);
    const { results, end } = await ask(bob, inner);
    expect(results).toEqual([]);
    expect(end).toContain(`<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>`);
  });

  it('alike for the archive of somebody else and of nobody', async () => {
    const answers: string[] = [];
    for (const local of ['bob', 'nobody']) {
      alice.take();
      alice.send(
        `<iq type='set' id='q' to='${local}@${DOMAIN}'><query xmlns='urn:xmpp:mam:2'/></iq>`,
      );
      await server.settle();
      answers.push((alice.sent[0] ?? '').replaceAll(local, 'somebody'));
    }
    expect(answers[0]).toContain("type='error'");
    expect(answers[0]).toBe(answers[1]);
  });
});

it('an account that is removed leaves no row', async () => {
  await converse(3);
  const unit = server.storage.unit();
  for (const statement of server.host.removals()) unit.add(statement, bobId);
  server.storage.submit(unit, bobId);
  await server.settle();
  expect(await rows(bobId)).toEqual([]);
  expect(await rows(aliceId)).toHaveLength(3);
});
