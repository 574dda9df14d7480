// XEP-0388: SASL2, with what RFC 6120 §6 asks of any profile.
import { Connection } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import {
  authenticate,
  authenticateXml,
  failureIn,
  identifierOf,
  logIn,
  newDevice,
  SASL2,
  secured,
} from '../helpers/sasl2.ts';
import { canonical, childOf, childrenOf, conditionOf, textOf } from '../helpers/xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

let server: TestServer;
let lastAddress = 1;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

/** Failed log-ins slow down their address: each test comes from one of its own. */
async function elsewhere(): Promise<Connection> {
  const connection = await Connection.open(server, { from: `127.0.2.${++lastAddress}` });
  await connection.features();
  await connection.startTls();
  await connection.features();
  return connection;
}

describe('§2.1, what is offered', () => {
  test('the mechanisms of RFC 6120, and what can be had inline', async () => {
    const { connection, features } = await secured(server);
    const authentication = childOf(features, 'authentication', SASL2)!;
    const offered = childrenOf(authentication).filter(({ name }) => name === 'mechanism');
    const old = childrenOf(childOf(features, 'mechanisms', SASL)!);
    expect(offered.map(textOf)).toEqual(old.map(textOf));
    const inline = childrenOf(childOf(authentication, 'inline', SASL2)!);
    expect(inline.map(({ name, ns }) => `${name} ${ns}`)).toEqual([
      'bind urn:xmpp:bind:0',
      'fast urn:xmpp:fast:0',
      'sm urn:xmpp:sm:3',
    ]);
    connection.destroy();
  });

  test('nothing of it in the clear', async () => {
    const connection = await Connection.open(server);
    expect(childOf(await connection.features(), 'authentication', SASL2)).toBeUndefined();
    connection.send(authenticateXml({ local: 'x', mechanism: 'PLAIN' }, Buffer.from('\0x\0y')));
    expect(failureIn(await connection.element())).toBe('encryption-required');
    connection.destroy();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'always the same bytes over %s',
    async (maxVersion) => {
      const seen = new Set<string>();
      for (let i = 0; i < 3; i++) {
        const { connection } = await secured(server, { maxVersion });
        seen.add(/<stream:features>.*<\/stream:features>/.exec(connection.received)?.[0] ?? '');
        connection.destroy();
      }
      expect([...seen]).toHaveLength(1);
      expect([...seen][0]).not.toBe('');
    },
  );

  test('a stream that is from another domain than it is for ends', async () => {
    const connection = await Connection.open(server, { tls: 'direct' });
    connection.openStream(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='alice@example.net' to='localhost' version='1.0'>",
    );
    expect(conditionOf(await connection.streamError())).toBe('invalid-from');
  });
});

describe('§2.6.1, success', () => {
  test.each(['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'by %s says who one is, and features follow on the same stream',
    async (mechanism) => {
      const user = server.user();
      const { connection, outcome } = await logIn(server, user, { mechanism });
      expect(outcome).toMatchObject({ name: 'success', ns: SASL2 });
      expect(identifierOf(outcome)).toBe(user.bare);
      const features = await connection.element('features');
      expect(childOf(features, 'bind', 'urn:ietf:params:xml:ns:xmpp-bind')).toBeDefined();
      connection.send(
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>here</resource></bind></iq>",
      );
      expect(canonical(await connection.element('iq'))).toContain(`${user.bare}/here`);
      connection.destroy();
    },
  );

  test('another <authenticate/> behind it ends the stream', async () => {
    const user = server.user();
    const { connection } = await logIn(server, user);
    await connection.element('features');
    connection.send(authenticateXml({ local: user.local, mechanism: 'PLAIN' }, undefined));
    expect(conditionOf(await connection.streamError())).toBe('policy-violation');
  });
});

describe('§2.6.2, failure', () => {
  const wrong = { mechanism: 'PLAIN', password: 'guess' };

  test('a wrong password, by its name in the namespace of RFC 6120', async () => {
    const connection = await elsewhere();
    const outcome = await authenticate(connection, { ...wrong, local: server.user().local });
    expect(outcome).toMatchObject({ name: 'failure', ns: SASL2 });
    expect(failureIn(outcome)).toBe('not-authorized');
    connection.destroy();
  });

  test('nothing of what else was asked for is done, and the next attempt may succeed', async () => {
    const connection = await elsewhere();
    const user = server.user();
    const bind = { children: "<bind xmlns='urn:xmpp:bind:0'/>" };
    const refused = await authenticate(connection, { ...wrong, ...bind, local: user.local });
    expect(canonical(refused)).not.toContain('bound');
    const login = { local: user.local, password: user.password };
    expect((await authenticate(connection, login)).name).toBe('success');
    connection.destroy();
  });

  test.each([
    ['a mechanism that is not offered', { mechanism: 'DIGEST-MD5' }, 'invalid-mechanism'],
    ['no mechanism', { mechanism: '' }, 'invalid-mechanism'],
    [
      'a mechanism of tokens without a token',
      { mechanism: 'HT-SHA-256-NONE' },
      'invalid-mechanism',
    ],
    ['a SCRAM with a token', { token: 'x' }, 'invalid-mechanism'],
  ])('%s', async (_what, login, condition) => {
    const { connection } = await secured(server);
    const outcome = await authenticate(connection, { local: 'x', device: newDevice(), ...login });
    expect(failureIn(outcome)).toBe(condition);
    connection.destroy();
  });

  test.each([
    ['=', 'incorrect-encoding'],
    ['no base64', 'incorrect-encoding'],
    ['AAAA', 'malformed-request'],
    ['', 'malformed-request'],
  ])('an initial response that is "%s"', async (text, condition) => {
    const { connection } = await secured(server);
    connection.send(
      `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${text}</initial-response></authenticate>`,
    );
    expect(failureIn(await connection.element())).toBe(condition);
    connection.destroy();
  });

  test('the fifth one ends the stream, in whichever profile they were', async () => {
    const connection = await elsewhere();
    for (let i = 0; i < 4; i++) {
      connection.send(`<abort xmlns='${i % 2 === 0 ? SASL2 : SASL}'/>`);
      expect((await connection.element('failure')).ns).toBe(i % 2 === 0 ? SASL2 : SASL);
    }
    connection.send(`<abort xmlns='${SASL2}'/>`);
    expect(conditionOf(await connection.streamError())).toBe('policy-violation');
  });
});

describe('§2.4, while it is under way', () => {
  async function begun(): Promise<Connection> {
    const { connection } = await secured(server);
    connection.send(authenticateXml({ local: 'x', mechanism: 'PLAIN' }, undefined));
    await connection.element('challenge');
    return connection;
  }

  test('<abort/> ends the attempt and not the stream', async () => {
    const connection = await begun();
    connection.send(`<abort xmlns='${SASL2}'><text>Changed my mind</text></abort>`);
    expect(failureIn(await connection.element())).toBe('aborted');
    const user = server.user();
    const login = { local: user.local, password: user.password };
    expect((await authenticate(connection, login)).name).toBe('success');
    connection.destroy();
  });

  test.each([
    ['a stanza', '<message/>'],
    ['a log-in of the old kind', `<auth xmlns='${SASL}' mechanism='PLAIN'>AHgAeQ==</auth>`],
    ['another attempt', authenticateXml({ local: 'x', mechanism: 'PLAIN' }, undefined)],
  ])('%s ends the stream', async (_what, xml) => {
    const connection = await begun();
    connection.send(xml);
    expect(conditionOf(await connection.streamError())).toBe('policy-violation');
  });

  test.each(['response', 'next', 'task-data'])('a <%s/> that nothing asked for', async (name) => {
    const { connection } = await secured(server);
    connection.send(`<${name} xmlns='${SASL2}'/>`);
    expect(failureIn(await connection.element())).toBe('malformed-request');
    connection.destroy();
  });
});

test('§2.3: who acts for somebody else than the stream is from is refused', async () => {
  const [one, other] = [server.user(), server.user()];
  const connection = await Connection.open(server, { tls: 'direct' });
  connection.openStream(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='${one.bare}' to='localhost' version='1.0'>`,
  );
  await connection.take('header');
  await connection.element('features');
  const initial = Buffer.from(`${other.bare}\0${other.local}\0${other.password}`);
  connection.send(authenticateXml({ local: other.local, mechanism: 'PLAIN' }, initial));
  expect(failureIn(await connection.element())).toBe('invalid-authzid');
  connection.destroy();
});
