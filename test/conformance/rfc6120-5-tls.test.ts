// RFC 6120 §5: STARTTLS; and TLS from the first byte, XEP-0368.
import { Client, login } from '../helpers/client.ts';
import { Connection, HEADER } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import { canonical, childOf, childrenOf, conditionOf } from '../helpers/xml.ts';

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const STARTTLS = `<starttls xmlns='${TLS}'/>`;

let server: TestServer;

beforeAll(async () => {
  // The settings that come with the server: nothing happens in the clear.
  server = await TestServer.start({
    config: { tls: { required: true }, auth: { plainWithoutTls: false, iterations: 4096 } },
  });
});
afterAll(async () => {
  await server.close();
});

test('§5.3.1: while TLS is required, nothing else is offered', async () => {
  const connection = await Connection.open(server);
  const features = await connection.features();
  expect(childrenOf(features).map(({ name }) => name)).toEqual(['starttls', 'limits']);
  expect(childOf(childrenOf(features)[0]!, 'required', TLS)).toBeDefined();
  connection.destroy();
});

test('§6.5.4: a log-in without TLS is refused', async () => {
  const user = server.user();
  const connection = await Connection.open(server);
  await connection.features();
  const answer = await login(connection, user.local, user.password);
  expect(childrenOf(answer)[0]?.name).toBe('encryption-required');
  connection.destroy();
});

test('§5.4.3.3: after the handshake a new stream offers no TLS, and SASL', async () => {
  const connection = await Connection.open(server);
  await connection.features();
  await connection.startTls();
  const names = childrenOf(await connection.features()).map(({ name }) => name);
  expect(names).not.toContain('starttls');
  expect(names).toContain('mechanisms');
  connection.destroy();
});

test('what was sent in the clear behind <starttls/> is thrown away', async () => {
  const connection = await Connection.open(server);
  await connection.features();
  connection.send(
    `${STARTTLS}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth></a>`,
  );
  await connection.element('proceed');
  await connection.secure();
  expect((await connection.features()).name).toBe('features');
  connection.destroy();
});

test('§5.4.2.1: <starttls/> inside TLS ends the stream', async () => {
  const connection = await Connection.open(server, { tls: 'direct' });
  await connection.features();
  connection.send(STARTTLS);
  expect(conditionOf(await connection.streamError())).toBe('not-authorized');
});

test('features are the same bytes on every stream of a listener, host and version of TLS', async () => {
  const featuresOn = async (how: 'clear' | 'direct' | 'starttls'): Promise<string> => {
    const connection = await Connection.open(server, { tls: how === 'direct' ? 'direct' : 'none' });
    await connection.features();
    if (how === 'starttls') {
      await connection.startTls();
      connection.received = '';
      await connection.features();
    }
    connection.destroy();
    return connection.received.slice(connection.received.indexOf('<stream:features>'));
  };
  for (const how of ['clear', 'direct', 'starttls'] as const)
    expect(await featuresOn(how)).toBe(await featuresOn(how));
  expect(await featuresOn('direct')).toBe(await featuresOn('starttls'));
});

test('features after log-in are the same bytes for every account', async () => {
  const seen = new Set<string>();
  for (let n = 0; n < 3; n++) {
    const client = await Client.login(server, server.user(), { tls: 'direct' });
    const { received } = client.connection;
    seen.add(
      received.slice(received.lastIndexOf('<stream:features>'), received.lastIndexOf('<iq')),
    );
    client.connection.destroy();
  }
  expect(seen.size).toBe(1);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'direct TLS answers over %s with ALPN',
  async (version) => {
    const connection = await Connection.open(server, { tls: 'direct', maxVersion: version });
    expect(connection.tls.getProtocol()).toBe(version);
    // XEP-0368 §4
    expect(connection.tls.alpnProtocol).toBe('xmpp-client');
    expect((await connection.features()).name).toBe('features');
    connection.destroy();
  },
);

test('two people chat over both ways to TLS', async () => {
  const alice = await Client.login(server, server.user(), { tls: 'starttls', resource: 'a' });
  const bob = await Client.login(server, server.user(), { tls: 'direct', online: true });
  alice.send(
    `<message to='${bob.bare}' type='headline' id='1'><body>${'ä'.repeat(30_000)}</body></message>`,
  );
  const message = await bob.next();
  expect(canonical(message)).toContain('ä'.repeat(30_000));
});

test('a handshake that never comes leaves nothing behind', async () => {
  const connection = await Connection.open(server);
  connection.send(HEADER + STARTTLS);
  await connection.take('header');
  await connection.element('features');
  await connection.element('proceed');
  connection.send('this is not TLS');
  let incoming = await connection.next();
  while (incoming.kind !== 'gone') incoming = await connection.next();
});
