// XEP-0313 (v1.1.3), `urn:xmpp:mam:2`: an account's archive, asked over the wire; pages are XEP-0059.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import {
  bodyOf,
  canonical,
  childOf,
  childrenOf,
  conditionOf,
  textOf,
  type Element,
} from '../helpers/xml.ts';

const MAM = 'urn:xmpp:mam:2';
const RSM = 'http://jabber.org/protocol/rsm';
const FORM = 'jabber:x:data';

let server: TestServer;
let alice: Client;
let bob: Client;
let carol: Client;

interface Page {
  readonly bodies: readonly string[];
  readonly ids: readonly string[];
  readonly results: readonly Element[];
  readonly fin: Element | undefined;
  readonly answer: Element;
}

/** @param content of the query: form and set */
async function query(client: Client, content: string, attributes = ''): Promise<Page> {
  const answer = await client.ask(
    `<iq type='set'><query xmlns='${MAM}'${attributes}>${content}</query></iq>`,
  );
  const results = (await client.drained()).map((message) => childOf(message, 'result', MAM)!);
  const messages = results.map((result) => childOf(childOf(result, 'forwarded')!, 'message')!);
  return {
    answer,
    results,
    fin: childOf(answer, 'fin', MAM),
    ids: results.map(({ attrs }) => attrs['id'] ?? ''),
    bodies: messages.map((message) => bodyOf(message) ?? ''),
  };
}

function form(fields: Readonly<Record<string, string>>): string {
  const all = Object.entries({ FORM_TYPE: MAM, ...fields });
  const lines = all.map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  return `<x xmlns='${FORM}' type='submit'>${lines.join('')}</x>`;
}

const set = (content: string): string => `<set xmlns='${RSM}'>${content}</set>`;
const inSet = (page: Page, name: string): string =>
  textOf(childOf(childOf(page.fin!, 'set', RSM)!, name));

beforeAll(async () => {
  server = await TestServer.start();
  alice = await Client.login(server, server.user(), { resource: 'a', managed: true, online: true });
  bob = await Client.login(server, server.user(), { resource: 'b', managed: true, online: true });
  carol = await Client.login(server, server.user(), { resource: 'c', managed: true, online: true });
  for (const [client, to, body] of [
    [alice, bob, 'b1'],
    [alice, carol, 'c1'],
    [bob, alice, 'b2'],
    [carol, alice, 'c2'],
    [alice, bob, 'b3'],
  ] as const) {
    client.send(`<message to='${to.jid}' type='chat' id='${body}'><body>${body}</body></message>`);
    await client.isAcknowledged();
  }
  for (const client of [alice, bob, carol]) await client.drained();
});
afterAll(async () => {
  await server.close();
});

test('§4: everything comes in the order in which it was sent, and the answer is the end of it', async () => {
  const page = await query(alice, '');
  expect(page.bodies).toEqual(['b1', 'c1', 'b2', 'c2', 'b3']);
  expect(page.fin?.attrs['complete']).toBe('true');
  expect([inSet(page, 'first'), inSet(page, 'last')]).toEqual([page.ids[0], page.ids[4]]);
});

test('§4.2: a result carries its id and the query’s, the time, and the message as it was sent', async () => {
  const page = await query(alice, set('<max>1</max>'), " queryid='q&apos;1'");
  const [result] = page.results;
  expect(result?.attrs).toEqual({ queryid: "q'1", id: page.ids[0] });
  const forwarded = childOf(result!, 'forwarded', 'urn:xmpp:forward:0')!;
  expect(childOf(forwarded, 'delay', 'urn:xmpp:delay')?.attrs['stamp']).toMatch(/^\d{4}-.*Z$/);
  expect(canonical(childOf(forwarded, 'message', 'jabber:client')!)).toBe(
    `<message from='${alice.jid}' id='b1' to='${bob.jid}' type='chat'><body>b1</body></message>`,
  );
});

describe('§4.1, filters', () => {
  test('with: the conversation with one person, or with one of his devices', async () => {
    expect((await query(alice, form({ with: bob.bare }))).bodies).toEqual(['b1', 'b2', 'b3']);
    expect((await query(alice, form({ with: carol.jid }))).bodies).toEqual(['c1', 'c2']);
    expect((await query(alice, form({ with: `${carol.bare}/other` }))).bodies).toEqual([]);
  });

  test('start and end: a time, both included', async () => {
    const { results } = await query(alice, '');
    const stamps = results.map(
      (result) => childOf(childOf(result, 'forwarded')!, 'delay')?.attrs['stamp'] ?? '',
    );
    const start = await query(alice, form({ start: stamps[3] as string }));
    expect(start.bodies.slice(-2)).toEqual(['c2', 'b3']);
    const end = await query(alice, form({ end: stamps[0] as string }));
    expect(end.bodies[0]).toBe('b1');
    expect((await query(alice, form({ end: '2001-01-01T00:00:00Z' }))).bodies).toEqual([]);
    expect((await query(alice, form({ start: '2099-01-01T00:00:00Z' }))).bodies).toEqual([]);
  });

  test.each([
    ['an unknown field', () => form({ mood: 'happy' }), 'feature-not-implemented'],
    ['a time that is none', () => form({ start: 'yesterday' }), 'bad-request'],
    ['an address that is none', () => form({ with: 'a@@b' }), 'jid-malformed'],
  ])('%s is refused', async (_what, content, condition) => {
    expect(conditionOf((await query(alice, content())).answer)).toBe(condition);
  });

  test('§4.1.5: the fields are told to who asks for the form', async () => {
    const answer = await alice.ask(`<iq type='get'><query xmlns='${MAM}'/></iq>`);
    const fields = childrenOf(childOf(childOf(answer, 'query', MAM)!, 'x', FORM)!);
    expect(fields.map(({ attrs }) => attrs['var'])).toEqual(['FORM_TYPE', 'with', 'start', 'end']);
  });
});

describe('§4.3, pages', () => {
  test('forward by `after`, until it is complete', async () => {
    const bodies: string[] = [];
    let after = '';
    for (let pages = 0; ; pages++) {
      const page = await query(alice, set(`<max>2</max>${after}`));
      bodies.push(...page.bodies);
      after = `<after>${inSet(page, 'last')}</after>`;
      if (page.fin?.attrs['complete'] === 'true') {
        expect(pages).toBe(2);
        break;
      }
    }
    expect(bodies).toEqual(['b1', 'c1', 'b2', 'c2', 'b3']);
  });

  test('the last page by an empty `before`, then backward; each page in order', async () => {
    const last = await query(alice, set('<max>2</max><before/>'));
    expect(last.bodies).toEqual(['c2', 'b3']);
    expect(last.fin?.attrs['complete']).toBeUndefined();
    const before = await query(alice, set(`<max>2</max><before>${inSet(last, 'first')}</before>`));
    expect(before.bodies).toEqual(['c1', 'b2']);
  });

  test('max 0 counts', async () => {
    const page = await query(alice, form({ with: bob.bare }) + set('<max>0</max>'));
    expect(page.bodies).toEqual([]);
    expect(inSet(page, 'count')).toBe('3');
  });

  test.each(['after', 'before'])(
    'an id that is not there is item-not-found (%s)',
    async (where) => {
      for (const id of ['1', '999999999999999', 'nonsense']) {
        const { answer } = await query(alice, set(`<${where}>${id}</${where}>`));
        expect(conditionOf(answer)).toBe('item-not-found');
      }
    },
  );
});

test('§3.5: the id that came with a message is the one in the archive, and only the recipient’s', async () => {
  alice.send(`<message to='${bob.jid}' type='chat' id='sid'><body>sid</body></message>`);
  await alice.isAcknowledged();
  const [message] = await bob.drained();
  const stamped = childrenOf(message!).filter(({ name }) => name === 'stanza-id');
  const { ids } = await query(bob, set('<max>1</max><before/>'));
  expect(stamped.map(({ attrs }) => attrs)).toEqual([{ by: bob.bare, id: ids[0] }]);
});

test('§8.1: nobody reads what is not his', async () => {
  const answer = await alice.ask(`<iq type='set' to='${bob.bare}'><query xmlns='${MAM}'/></iq>`);
  expect(conditionOf(answer)).toBe('service-unavailable');
});

test('§6.1.1: what is of the moment is not kept', async () => {
  const before = (await query(alice, '')).ids.length;
  for (const content of [
    "type='headline'><body>news</body>",
    "type='groupchat'><body>in a room</body>",
    "type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "type='chat'><body>off the record</body><no-store xmlns='urn:xmpp:hints'/>",
    "type='chat'><body>not for long</body><no-permanent-store xmlns='urn:xmpp:hints'/>",
    "type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
  ])
    bob.send(`<message to='${alice.jid}' ${content}</message>`);
  await bob.isAcknowledged();
  await alice.drained();
  expect((await query(alice, '')).ids).toHaveLength(before);
});
