// RFC 6120 §6: SASL. SCRAM is RFC 5802 and RFC 7677, its channel bindings are RFC 5929 and RFC 9266.
import { createHash, X509Certificate } from 'node:crypto';
import { login, type Binding } from '../helpers/client.ts';
import { Connection, type ConnectOptions } from '../helpers/connection.ts';
import { TestServer, type User } from '../helpers/server.ts';
import {
  canonical,
  childOf,
  childrenOf,
  conditionOf,
  textOf,
  type Element,
} from '../helpers/xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

let server: TestServer;
let lastAddress = 1;

beforeAll(async () => {
  server = await TestServer.start({ config: { tls: { required: true } } });
});
afterAll(async () => {
  await server.close();
});

/** Failed log-ins slow down their address: each test comes from one of its own. */
function elsewhere(): string {
  return `127.0.1.${++lastAddress}`;
}

async function open(options: ConnectOptions = {}): Promise<Connection> {
  const connection = await Connection.open(server, { ...options, tls: 'direct' });
  await connection.features();
  return connection;
}

async function openFrom(address: string): Promise<Connection> {
  const connection = await Connection.open(server, { from: address });
  await connection.features();
  await connection.startTls();
  await connection.features();
  return connection;
}

function failureOf(answer: Element): string | undefined {
  expect(answer).toMatchObject({ name: 'failure', ns: SASL });
  return childrenOf(answer)[0]?.name;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('§6.3, what is offered', () => {
  test.each([
    ['TLSv1.3', ['tls-exporter', 'tls-server-end-point']],
    ['TLSv1.2', ['tls-server-end-point']],
  ] as const)(
    'over %s the strongest comes first, with its channel bindings',
    async (version, types) => {
      const connection = await Connection.open(server, { tls: 'direct', maxVersion: version });
      const features = await connection.features();
      const offered = childrenOf(childOf(features, 'mechanisms', SASL)!).map(textOf);
      expect(offered).toEqual([
        'SCRAM-SHA-512-PLUS',
        'SCRAM-SHA-256-PLUS',
        'SCRAM-SHA-1-PLUS',
        'SCRAM-SHA-512',
        'SCRAM-SHA-256',
        'SCRAM-SHA-1',
        'PLAIN',
      ]);
      const bindings = childOf(features, 'sasl-channel-binding', 'urn:xmpp:sasl-cb:0')!;
      expect(childrenOf(bindings).map(({ attrs }) => attrs['type'])).toEqual(types);
      connection.destroy();
    },
  );
});

test.each(['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
  '%s logs in',
  async (mechanism) => {
    const { local, password } = server.user();
    const connection = await open();
    expect((await login(connection, local, password, mechanism)).name).toBe('success');
    connection.destroy();
  },
);

describe('channel binding', () => {
  const endPointOf = (connection: Connection): Buffer => {
    const certificate = new X509Certificate(connection.tls.getPeerCertificate().raw);
    return createHash('sha256').update(certificate.raw).digest();
  };
  const exporterOf = (connection: Connection): Buffer =>
    connection.tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));

  test.each(['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-512-PLUS'])(
    '%s logs in, bound by tls-exporter and by tls-server-end-point',
    async (mechanism) => {
      const { local, password } = server.user();
      for (const [type, data] of [
        ['tls-exporter', exporterOf],
        ['tls-server-end-point', endPointOf],
      ] as const) {
        const connection = await open();
        const binding: Binding = { type, data: data(connection) };
        expect((await login(connection, local, password, mechanism, binding)).name).toBe('success');
        connection.destroy();
      }
    },
  );

  test('tls-server-end-point works over TLS 1.2, and tls-exporter is refused there (RFC 9266 §4.2)', async () => {
    const { local, password } = server.user();
    const first = await open({ maxVersion: 'TLSv1.2' });
    const good = { type: 'tls-server-end-point', data: endPointOf(first) };
    expect((await login(first, local, password, 'SCRAM-SHA-256-PLUS', good)).name).toBe('success');
    first.destroy();
    const second = await open({ maxVersion: 'TLSv1.2' });
    const bad = { type: 'tls-exporter', data: exporterOf(second) };
    expect(
      failureOf(await login(second, local, password, 'SCRAM-SHA-256-PLUS', bad)),
    ).toBeDefined();
    second.destroy();
  });

  test('a binding to another connection is refused', async () => {
    const { local, password } = server.user();
    const connection = await openFrom(elsewhere());
    const wrong = { type: 'tls-exporter', data: Buffer.alloc(32, 1) };
    const answer = await login(connection, local, password, 'SCRAM-SHA-1-PLUS', wrong);
    expect(failureOf(answer)).toBe('not-authorized');
    connection.destroy();
  });
});

describe('§6.5, failures by name', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['§6.5.7', `<auth xmlns='${SASL}' mechanism='CRAM-MD5'/>`, 'invalid-mechanism'],
    ['§6.5.7', `<auth xmlns='${SASL}'/>`, 'invalid-mechanism'],
    ['§6.5.5', `<auth xmlns='${SASL}' mechanism='PLAIN'>not base64!</auth>`, 'incorrect-encoding'],
    [
      '§6.5.8',
      `<auth xmlns='${SASL}' mechanism='PLAIN'>${base64('nonsense')}</auth>`,
      'malformed-request',
    ],
    [
      '§6.5.8',
      `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>${base64('nonsense')}</auth>`,
      'malformed-request',
    ],
    ['§6.5.8', `<response xmlns='${SASL}'>${base64('x')}</response>`, 'malformed-request'],
    [
      '§6.4.4',
      `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'/><abort xmlns='${SASL}'/>`,
      'aborted',
    ],
  ];

  test.each(cases)('%s: %s', async (_section, input, condition) => {
    const connection = await openFrom(elsewhere());
    connection.send(input);
    let answer = await connection.element();
    if (answer.name === 'challenge') answer = await connection.element();
    expect(failureOf(answer)).toBe(condition);
    connection.destroy();
  });

  test('§6.3.8: nobody logs in as somebody else', async () => {
    const { local, password } = server.user();
    const other = server.user();
    const connection = await openFrom(elsewhere());
    const message = base64(`${other.bare}\0${local}\0${password}`);
    connection.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${message}</auth>`);
    expect(failureOf(await connection.element())).toBe('invalid-authzid');
    connection.destroy();
  });

  test('§6.3.8: the own bare address may be named', async () => {
    const { local, bare, password } = server.user();
    const connection = await open();
    const message = base64(`${bare}\0${local}\0${password}`);
    connection.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${message}</auth>`);
    expect((await connection.element()).name).toBe('success');
    connection.destroy();
  });

  test('§6.4.2: an empty challenge asks for what the client did not say at first', async () => {
    const { local, password } = server.user();
    const connection = await open();
    connection.send(`<auth xmlns='${SASL}' mechanism='PLAIN'/>`);
    expect(textOf(await connection.element('challenge'))).toBe('');
    connection.send(`<response xmlns='${SASL}'>${base64(`\0${local}\0${password}`)}</response>`);
    expect((await connection.element()).name).toBe('success');
    connection.destroy();
  });

  test('§6.4.5: a client may try again, and is sent away after a number of failures', async () => {
    const connection = await openFrom(elsewhere());
    for (let n = 0; n < 5; n++) {
      connection.send(`<auth xmlns='${SASL}' mechanism='NONE'/>`);
      expect(failureOf(await connection.element())).toBe('invalid-mechanism');
    }
    expect(conditionOf(await connection.streamError())).toBe('policy-violation');
  });

  test('after a failure the right password logs in on the same stream', async () => {
    const { local, password } = server.user();
    const connection = await openFrom(elsewhere());
    expect(failureOf(await login(connection, local, 'wrong', 'SCRAM-SHA-1'))).toBe(
      'not-authorized',
    );
    expect((await login(connection, local, password, 'SCRAM-SHA-1')).name).toBe('success');
    connection.destroy();
  });
});

describe('§13.11, an account that does not exist cannot be told from one that does', () => {
  const attempt = async (
    user: Pick<User, 'local'>,
    mechanism: string,
  ): Promise<{ readonly answer: string; readonly challenge: string }> => {
    const connection = await openFrom(elsewhere());
    const from = connection.received.length;
    const answer = canonical(await login(connection, user.local, 'wrong', mechanism));
    connection.destroy();
    const challenge = /<challenge[^>]*>([^<]*)/.exec(connection.received.slice(from))?.[1] ?? '';
    return { answer, challenge: Buffer.from(challenge, 'base64').toString() };
  };

  test('by SCRAM', async () => {
    const mechanisms = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
    await Promise.all(mechanisms.map(cannotBeTold));
  });

  // A failure is answered after a while, so all wait together.
  async function cannotBeTold(mechanism: string): Promise<void> {
    const nobody = { local: `nobody-${mechanism.toLowerCase()}` };
    const [known, unknown, again] = await Promise.all([
      attempt(server.user(), mechanism),
      attempt(nobody, mechanism),
      attempt(nobody, mechanism),
    ]);
    expect(unknown.answer).toBe(known.answer);
    const shape = (text: string): string => text.replace(/r=[^,]+/, 'r=').replace(/s=[^,]+/, 's=');
    expect(shape(unknown.challenge)).toBe(shape(known.challenge));
    const salt = (text: string): string => /s=([^,]+)/.exec(text)?.[1] ?? '';
    expect(salt(unknown.challenge)).toHaveLength(salt(known.challenge).length);
    // The same salt every time, as a real account has.
    expect(salt(again.challenge)).toBe(salt(unknown.challenge));
  }

  test('by PLAIN', async () => {
    const [known, unknown] = await Promise.all([
      attempt(server.user(), 'PLAIN'),
      attempt({ local: 'nobody' }, 'PLAIN'),
    ]);
    expect(unknown.answer).toBe(known.answer);
  });
});
