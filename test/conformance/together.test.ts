// Archive, carbons, client state, resumption and offline storage together: every cell of docs/reference/delivery-together.md.
import { readFileSync } from 'node:fs';
import { Client } from '../helpers/client.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { pause } from '../helpers/waiting.ts';
import { childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const NO_STORE = "<no-store xmlns='urn:xmpp:hints'/>";
const STORE = "<store xmlns='urn:xmpp:hints'/>";
const STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
const BODY = '<body>Hi</body>';
const OTHER = "<x xmlns='urn:example:x'/>";

/** What is sent for each row of the table. */
const MESSAGES: Readonly<Record<string, string>> = {
  'chat: body': BODY,
  'chat: body, no-store': BODY + NO_STORE,
  'chat: body, no-permanent-store': `${BODY}<no-permanent-store xmlns='urn:xmpp:hints'/>`,
  'chat: body, no-copy': `${BODY}<no-copy xmlns='urn:xmpp:hints'/>`,
  'chat: body, private': `${BODY}<private xmlns='urn:xmpp:carbons:2'/>`,
  'chat: chat state': STATE,
  'chat: chat state, store': STATE + STORE,
  'chat: receipt': "<received xmlns='urn:xmpp:receipts' id='r'/>",
  'chat: displayed marker': "<displayed xmlns='urn:xmpp:chat-markers:0' id='r'/>",
  'chat: encrypted, without a body': "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
  'chat: call proposed': "<propose xmlns='urn:xmpp:jingle-message:0' id='c'/>",
  'chat: something else': OTHER,
  'chat: something else, store': OTHER + STORE,
  'chat: nothing at all': '',
  'normal: body': BODY,
  'normal: chat state': STATE,
  'normal: invitation to a room': "<x xmlns='jabber:x:conference' jid='r@x.org'/>",
  'normal: something else': OTHER,
  'headline: body': BODY,
  'headline: event of a contact': "<event xmlns='http://jabber.org/protocol/pubsub#event'/>",
  'headline: body, store': BODY + STORE,
  'groupchat: body': BODY,
  'error: an error':
    "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
};

interface Row {
  readonly message: string;
  readonly id: string;
  /** By the heads of the columns. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What was seen of one message in one state. */
interface Seen {
  outcome: string;
  /** In the archive of the recipient, of the sender. */
  archived: [boolean, boolean];
  /** As sent; as received when it was for one client of two. */
  sent: boolean;
  received: boolean | undefined;
}

type Observed = Map<string, Seen>;

const rows = readTable();
const STATES = ['online', 'inactive', 'hibernating', 'away, reads its archive', 'never seen'];
const observed = new Map<string, Observed>();
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
  for (const state of STATES) observed.set(state, await observe(state));
}, 60_000);
afterAll(async () => {
  await server.close();
});

test('the table has a row for each message that is tried', () => {
  expect(rows.map(({ message }) => message)).toEqual(Object.keys(MESSAGES));
});

describe.each(STATES)('%s', (state) => {
  test.each(rows.map((row) => [row.message, row] as const))('%s', (_message, row) => {
    const seen = observed.get(state)?.get(row.id);
    const outcome = row.cells[state] ?? '';
    const isKept = !['refused', 'dropped'].includes(outcome);
    const isArchived = row.cells['archived'] === 'yes';
    const isCopied = row.cells['copied'] === 'yes';
    expect(seen).toEqual({
      outcome,
      archived: [isArchived && isKept, isArchived],
      sent: isCopied,
      received: seen?.received === undefined ? undefined : isCopied,
    });
  });
});

function readTable(): Row[] {
  const page = new URL('../../docs/reference/delivery-together.md', import.meta.url);
  const lines = readFileSync(page, 'utf8').split('\n');
  const [head = [], , ...body] = lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  return body.map((cells, n) => ({
    message: cells[0] ?? '',
    id: `m${n}`,
    cells: Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])),
  }));
}

/** The stanza of a row. */
function stanza({ message, id }: Row, to: string): string {
  const type = message.slice(0, message.indexOf(':'));
  return `<message to='${to}' type='${type}' id='${id}'>${MESSAGES[message] ?? ''}</message>`;
}

async function observe(state: string): Promise<Observed> {
  const alice = await Client.login(server, server.user(), { resource: 'a', online: true });
  const other = await withCopies(alice.user, 'b');
  const bob = server.user();
  const seen: Observed = new Map();
  for (const row of rows)
    seen.set(row.id, { outcome: '', archived: [false, false], sent: false, received: undefined });
  const client = await PLAYS[state]?.(alice, bob, seen);
  if (client === undefined) throw new TypeError(`nobody plays ${state}`);
  await alice.reached(bob.bare);
  for (const element of await alice.drained()) {
    const entry = seen.get(element.attrs['id'] ?? '');
    if (entry !== undefined && conditionOf(element) === 'service-unavailable')
      entry.outcome ||= 'refused';
  }
  for (const id of copiesOf(await other.drained(), 'sent')) at(seen, id).sent = true;
  for (const id of await archived(client)) at(seen, id).archived[0] = true;
  for (const id of await archived(alice)) at(seen, id).archived[1] = true;
  for (const [, entry] of seen) {
    if (entry.outcome === '') entry.outcome = entry.archived[0] ? 'in the archive' : 'dropped';
  }
  if (LIVE.has(state)) await observeCopies(state, alice, seen);
  for (const one of [alice, other, client]) one.connection.destroy();
  return seen;
}

const LIVE = new Set(['online', 'inactive', 'hibernating']);

/** Each returns the client that is there in the end. */
const PLAYS: Readonly<
  Record<string, (alice: Client, bob: User, seen: Observed) => Promise<Client>>
> = {
  online: async (alice, bob, seen) => {
    const phone = await Client.login(server, bob, { resource: 'phone', online: true });
    await sendAll(alice, bob.bare);
    note(seen, await phone.drained(), 'at once');
    return phone;
  },
  inactive: async (alice, bob, seen) => {
    const phone = await Client.login(server, bob, { resource: 'phone', online: true });
    for (const row of rows) {
      phone.sendRaw("<inactive xmlns='urn:xmpp:csi:0'/>");
      await phone.drained();
      alice.send(stanza(row, bob.bare));
      await alice.reached(bob.bare);
      await pause(40);
      const early: Element[] = [];
      while (phone.connection.pending().length > 0) early.push(await phone.next());
      note(seen, early, 'at once');
      phone.sendRaw("<active xmlns='urn:xmpp:csi:0'/>");
      note(seen, await phone.drained(), 'when active');
    }
    return phone;
  },
  hibernating: async (alice, bob, seen) => {
    const phone = await Client.login(server, bob, {
      resource: 'phone',
      managed: true,
      online: true,
    });
    await phone.drained();
    phone.cut();
    await sendAll(alice, bob.bare);
    expect(await phone.resume()).toBeUndefined();
    note(seen, await phone.drained(), 'at resumption');
    return phone;
  },
  'away, reads its archive': async (alice, bob, seen) => {
    const before = await Client.login(server, bob, { resource: 'phone', online: true });
    await before.close();
    await sendAll(alice, bob.bare);
    const phone = await Client.login(server, bob, { resource: 'phone' });
    await archived(phone);
    await phone.comeOnline();
    note(seen, await phone.drained(), 'at log-in');
    return phone;
  },
  'never seen': async (alice, bob, seen) => {
    await sendAll(alice, bob.bare);
    const phone = await Client.login(server, bob, { resource: 'phone', online: true });
    note(seen, await phone.drained(), 'at log-in');
    return phone;
  },
};

/** The same messages for one client of two, of which the other one wants copies. */
async function observeCopies(state: string, alice: Client, seen: Observed): Promise<void> {
  const carol = server.user();
  const phone = await Client.login(server, carol, {
    resource: 'phone',
    managed: state === 'hibernating',
    online: true,
  });
  const desk = await withCopies(carol, 'desk');
  if (state === 'inactive') phone.sendRaw("<inactive xmlns='urn:xmpp:csi:0'/>");
  await phone.drained();
  if (state === 'hibernating') phone.cut();
  await sendAll(alice, phone.jid);
  const copies = new Set(copiesOf(await desk.drained(), 'received'));
  for (const [id, entry] of seen) entry.received = copies.has(id);
  desk.connection.destroy();
  phone.connection.destroy();
}

async function withCopies(user: User, resource: string): Promise<Client> {
  const client = await Client.login(server, user, { resource });
  await client.ask("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  return client;
}

async function sendAll(from: Client, to: string): Promise<void> {
  for (const row of rows) from.send(stanza(row, to));
  await from.reached(to.split('/')[0] ?? '');
}

function note(seen: Observed, came: readonly Element[], outcome: string): void {
  for (const { name, attrs } of came) {
    const entry = seen.get(attrs['id'] ?? '');
    if (name === 'message' && entry !== undefined) entry.outcome ||= outcome;
  }
}

function at(seen: Observed, id: string): Seen {
  const entry = seen.get(id);
  if (entry === undefined) throw new TypeError(`what is ${id}?`);
  return entry;
}

function copiesOf(came: readonly Element[], name: 'sent' | 'received'): string[] {
  return came.flatMap((element) => {
    const wrapper = childOf(element, name, 'urn:xmpp:carbons:2');
    return wrapper === undefined ? [] : [forwardedId(wrapper)];
  });
}

function forwardedId(wrapper: Element): string {
  const forwarded = childOf(wrapper, 'forwarded', 'urn:xmpp:forward:0');
  const message = forwarded === undefined ? undefined : childOf(forwarded, 'message');
  return message?.attrs['id'] ?? '';
}

/** Ids of the messages in the client's archive. */
async function archived(client: Client): Promise<string[]> {
  const query = `<query xmlns='urn:xmpp:mam:2' queryid='together'><set xmlns='http://jabber.org/protocol/rsm'><max>100</max></set></query>`;
  await client.ask(`<iq type='set'>${query}</iq>`);
  return (await client.drained()).flatMap((element) => {
    const result = childrenOf(element).find(({ name }) => name === 'result');
    return result?.attrs['queryid'] === 'together' ? [forwardedId(result)] : [];
  });
}
