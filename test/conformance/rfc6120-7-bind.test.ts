// RFC 6120 §7: binding a resource.
import { Client, login } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { pause } from '../helpers/waiting.ts';
import { canonical, childOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

let server: TestServer;
let refusing: TestServer;

beforeAll(async () => {
  [server, refusing] = await Promise.all([
    TestServer.start({ config: { limits: { connectionsPerAddress: 0, sessionsPerAccount: 3 } } }),
    TestServer.start({ config: { resourceConflict: 'refuse' }, accounts: 2 }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.close(), refusing.close()]);
});

async function loggedIn(user: User): Promise<Connection> {
  const connection = await Connection.open(server);
  await connection.features();
  await login(connection, user.local, user.password);
  await connection.features();
  return connection;
}

async function bind(connection: Connection, content: string): Promise<Element> {
  connection.send(`<iq type='set' id='b'><bind xmlns='${BIND}'>${content}</bind></iq>`);
  return await connection.element('iq');
}

const jidIn = (answer: Element): string =>
  textOf(childOf(childOf(answer, 'bind', BIND)!, 'jid', BIND));

test('§7.6: the server makes a resource that cannot be guessed', async () => {
  const user = server.user();
  const [one, two] = [await loggedIn(user), await loggedIn(user)];
  const jids = [jidIn(await bind(one, '')), jidIn(await bind(two, '<resource/>'))];
  for (const jid of jids) expect(jid).toMatch(new RegExp(`^${user.bare}/[\\w-]{16,}$`));
  expect(jids[0]).not.toBe(jids[1]);
  one.destroy();
  two.destroy();
});

test('§7.7: the client chooses a resource, in characters of any kind', async () => {
  const user = server.user();
  const connection = await loggedIn(user);
  const answer = await bind(connection, '<resource>Küche &amp; Bad</resource>');
  expect(answer.attrs).toEqual({ type: 'result', id: 'b' });
  expect(jidIn(answer)).toBe(`${user.bare}/Küche & Bad`);
  connection.destroy();
});

test('§7.7.2.1: a resource that is none is refused, and another may be asked for', async () => {
  const connection = await loggedIn(server.user());
  const long = `<resource>${'x'.repeat(1100)}</resource>`;
  expect(conditionOf(await bind(connection, long))).toBe('bad-request');
  expect((await bind(connection, '<resource>short</resource>')).attrs['type']).toBe('result');
  connection.destroy();
});

test('§7.1: before a resource is bound no stanza is taken', async () => {
  const connection = await loggedIn(server.user());
  connection.send('<presence/>');
  expect(conditionOf(await connection.streamError())).toBe('not-authorized');
});

test('§7.6.2.1: an account that has all the sessions it may have is refused another', async () => {
  const user = server.user();
  const clients = [];
  for (let n = 0; n < 3; n++) clients.push(await Client.login(server, user, { resource: `${n}` }));
  const connection = await loggedIn(user);
  expect(conditionOf(await bind(connection, ''))).toBe('resource-constraint');
  await clients[0]?.close();
  await clients[1]?.drained();
  expect((await bind(connection, '')).attrs['type']).toBe('result');
  connection.destroy();
});

test('§7.7.2.2: a resource in use is taken over, or refused where the operator wants that', async () => {
  const user = refusing.user();
  await Client.login(refusing, user, { resource: 'desk' });
  const connection = await Connection.open(refusing);
  await connection.features();
  await login(connection, user.local, user.password);
  await connection.features();
  const refused = await bind(connection, '<resource>desk</resource>');
  expect(canonical(refused)).toContain("<error type='cancel'><conflict");
  expect((await bind(connection, '<resource>other</resource>')).attrs['type']).toBe('result');
  connection.destroy();
});

test('§7.7.2.2: a session without a connection uses no resource, whatever the operator wants', async () => {
  const user = refusing.user();
  const old = await Client.login(refusing, user, { resource: 'desk', managed: true });
  old.cut();
  // The server is told by the network.
  await pause(200);
  const again = await Client.login(refusing, user, { resource: 'desk' });
  expect(again.jid).toBe(`${user.bare}/desk`);
});

test('RFC 3921 §3: the session that old clients ask for is granted', async () => {
  const client = await Client.login(server, server.user());
  const answer = await client.ask(
    "<iq type='set'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
  );
  expect(answer.attrs['type']).toBe('result');
});
