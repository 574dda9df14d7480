// XEP-0175: SASL ANONYMOUS (RFC 4505), for hosts that want it.
import { Client } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import { authenticate, BIND2, identifierOf, secured } from '../helpers/sasl2.ts';
import { canonical, childOf, childrenOf, textOf } from '../helpers/xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}@localhost$/;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ config: { hosts: { localhost: { anonymous: true } } } });
});
afterAll(async () => {
  await server.close();
});

/** Somebody without an account, on line. */
async function visitor(): Promise<{ connection: Connection; jid: string; bare: string }> {
  const { connection } = await secured(server);
  const children = `<bind xmlns='${BIND2}'/>`;
  const outcome = await authenticate(connection, { local: '', mechanism: 'ANONYMOUS', children });
  const jid = identifierOf(outcome);
  await connection.element('features');
  return { connection, jid, bare: jid.slice(0, jid.indexOf('/')) };
}

async function ask(connection: Connection, iq: string): Promise<string> {
  connection.send(iq);
  return canonical(await connection.element('iq'));
}

test('§1: it is offered where the operator wants it, and nowhere else', async () => {
  const { connection, features } = await secured(server);
  const offered = childrenOf(childOf(features, 'mechanisms', SASL)!).map(textOf);
  expect(offered.at(-1)).toBe('ANONYMOUS');
  connection.destroy();
  const other = await TestServer.start({ accounts: 1 });
  try {
    const { connection: strict } = await secured(other);
    expect(strict.received).not.toContain('ANONYMOUS');
    const refused = await authenticate(strict, { local: '', mechanism: 'ANONYMOUS' });
    expect(canonical(refused)).toContain('invalid-mechanism');
    strict.destroy();
  } finally {
    await other.close();
  }
});

test.each([
  ['nothing', ''],
  ['an empty trace', '='],
  ['a trace', Buffer.from('sirhc').toString('base64')],
])('§3: by RFC 6120 with %s one gets a name that is new each time', async (_what, text) => {
  const connection = await Connection.open(server, { tls: 'direct' });
  await connection.features();
  connection.send(`<auth xmlns='${SASL}' mechanism='ANONYMOUS'>${text}</auth>`);
  await connection.element('success');
  await connection.features();
  connection.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  const jid = /<jid>(.*)<\/jid>/.exec(canonical(await connection.element('iq')))?.[1] ?? '';
  expect(jid.slice(0, jid.indexOf('/'))).toMatch(UUID);
  expect(jid).not.toContain('sirhc');
  connection.destroy();
});

test('§3: by SASL2 too, and a visitor talks to an account and is answered', async () => {
  const alice = await Client.login(server, server.user(), { online: true });
  const { connection, jid, bare } = await visitor();
  expect(bare).toMatch(UUID);
  connection.send(`<message to='${alice.bare}' type='chat' id='1'><body>Hello</body></message>`);
  const heard = await alice.next();
  expect(heard.attrs).toMatchObject({ from: jid, id: '1' });
  alice.send(`<message to='${jid}' type='chat' id='2'><body>Hello yourself</body></message>`);
  expect((await connection.element('message')).attrs['id']).toBe('2');
  for (const each of [alice.connection, connection]) each.destroy();
});

test('§5: it says of itself that it is anonymous', async () => {
  const { connection, bare } = await visitor();
  const iq = `<iq type='get' id='d' to='${bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
  expect(await ask(connection, iq)).toContain("type='anonymous'");
  connection.destroy();
});

test('§3.3, §3.4: nothing of it is left when its session has ended', async () => {
  const alice = await Client.login(server, server.user(), { online: true });
  const { connection, bare } = await visitor();
  const roster = `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${alice.bare}'/></query></iq>`;
  connection.send(roster);
  connection.send('</stream:stream>');
  while ((await connection.next()).kind !== 'close tag');
  connection.end();
  while ((await connection.next()).kind !== 'gone');
  const answer = await alice.ask(`<iq type='get' to='${bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(answer.attrs['type']).toBe('error');
  alice.send(`<message to='${bare}' type='chat' id='1'><body>Still there?</body></message>`);
  expect((await alice.next()).attrs).toMatchObject({ type: 'error', id: '1' });
  alice.connection.destroy();
});
