// Limits, hostile input and what is kept, on a real server of one worker. Conversations are in test/conformance.
import { DOMAIN, TestServer, type TestClient } from '../archive/testing/server.ts';
import { PLAIN } from '../account/outlet.ts';
import { parseJid } from '../protocol/jid.ts';
import { roster } from '../roster/index.ts';
import { utf8 } from '../xml/bytes.ts';
import { presence } from './index.ts';

let server: TestServer;

async function open(options: Record<string, Record<string, number>> = {}): Promise<TestClient> {
  server = await TestServer.open({ modules: [roster, presence], options });
  await server.addAccount('me');
  return await login();
}

async function login(resource = 'r'): Promise<TestClient> {
  const client = await server.login('me', resource);
  client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  client.available();
  await server.settle();
  return client;
}

afterEach(async () => {
  await server.close();
});

async function comes(from: string, xml: string): Promise<void> {
  const stanza = server.reader.read(utf8(xml));
  server.accounts.incoming(stanza, parseJid(from), parseJid(`me@${DOMAIN}`), PLAIN, undefined, 0);
  await server.settle();
}

const requests = (stanzas: readonly string[]): string[] =>
  stanzas.filter((stanza) => stanza.includes("type='subscribe'"));

test('requests beyond the limit are dropped, those before are kept', async () => {
  const me = await open({ presence: { maxRequests: 2 } });
  for (const n of [1, 2, 3]) await comes(`s${String(n)}@${DOMAIN}`, "<presence type='subscribe'/>");
  expect(requests(me.take())).toHaveLength(2);
  const later = await login('later');
  expect(requests(later.take()).map((it) => /from='(\w+)@/.exec(it)?.[1])).toEqual(['s1', 's2']);
});

test('of a request too large only the request is kept', async () => {
  const me = await open({ presence: { maxRequestBytes: 100 } });
  const status = `<status>${'x'.repeat(200)}</status>`;
  await comes(`big@${DOMAIN}`, `<presence type='subscribe'>${status}</presence>`);
  expect(requests(me.take())).toEqual([
    `<presence from='big@${DOMAIN}' to='me@${DOMAIN}' type='subscribe'/>`,
  ]);
});

test('requests outlive the memory of the account', async () => {
  await open();
  await comes(
    `big@${DOMAIN}`,
    "<presence type='subscribe' id='q'><nick xmlns='urn:n'>ü</nick></presence>",
  );
  server = await server.restart(false);
  const later = await login();
  expect(requests(later.take())).toEqual([
    utf8(
      `<presence from='big@${DOMAIN}' to='me@${DOMAIN}' type='subscribe' id='q'><nick xmlns='urn:n'>ü</nick></presence>`,
    ),
  ]);
});

test('a roster that is full takes no further subscription, and says so', async () => {
  const me = await open({ roster: { maxContacts: 1 } });
  me.send(`<presence to='one@${DOMAIN}' type='subscribe'/>`);
  await server.settle();
  me.take();
  me.send(`<presence to='two@${DOMAIN}' type='subscribe'/>`);
  await server.settle();
  const [error, ...rest] = me.take();
  expect(error).toContain('<policy-violation');
  expect(rest).toEqual([]);
});

test('directed presence has a bound, which leaving frees', async () => {
  const me = await open({ presence: { maxDirected: 2 } });
  me.take();
  for (const n of [1, 2, 3]) me.send(`<presence to='room${String(n)}@${DOMAIN}/me'/>`);
  expect(me.take().map((it) => it.includes('<policy-violation'))).toEqual([true]);
  me.send(`<presence to='room1@${DOMAIN}/me' type='unavailable'/>`);
  me.send(`<presence to='room3@${DOMAIN}/me'/>`);
  expect(me.take()).toEqual([]);
});

test('what is sent behind a subscription does not overtake it', async () => {
  const me = await open();
  await server.addAccount('you');
  const you = await server.login('you', 'r');
  you.available();
  await server.settle();
  you.take();
  me.send(`<presence to='you@${DOMAIN}' type='subscribe'/>`);
  me.send(`<message to='you@${DOMAIN}/r' id='m'><body>Hi</body></message>`);
  me.send(`<presence to='you@${DOMAIN}/r' id='p'/>`);
  await server.settle();
  expect(you.take().map((it) => /type='subscribe'|id='[mp]'/.exec(it)?.[0])).toEqual([
    "type='subscribe'",
    "id='m'",
    "id='p'",
  ]);
});

test('a removed account leaves no request behind', async () => {
  await open();
  await comes(`s@${DOMAIN}`, "<presence type='subscribe'/>");
  const unit = server.storage.unit();
  for (const statement of server.host.removals()) unit.add(statement, 1);
  server.storage.submit(unit, 1);
  await server.settle();
  const rows = await server.storage.read(server.storage.query('requests.load'), [1]);
  expect(rows).toEqual([]);
});
