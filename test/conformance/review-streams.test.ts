// Streams at their edges: RFC 6120 §4 (headers, ids, errors), RFC 5929 §4 beside SNI.
import { createHash } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { login } from '../helpers/client.ts';
import { Connection, HEADER } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import { childrenOf, conditionOf, textOf } from '../helpers/xml.ts';

const OTHER_HOST = 'other.example';
const WIDE_HOST = 'bücher.example';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    config: { hosts: ['localhost', OTHER_HOST, WIDE_HOST] },
    accounts: 5,
  });
});
afterAll(async () => {
  await server.close();
});

/** The server's header in answer to one with these attributes more. */
async function headerFor(attributes: string) {
  const connection = await Connection.open(server);
  connection.openStream(HEADER.replace(/>$/, ` ${attributes}>`));
  const { element } = await connection.take('header');
  connection.destroy();
  return element;
}

describe('RFC 6120 §4.7.2: `to` of the response header', () => {
  test('is the bare JID of whoever says who it is', async () => {
    const header = await headerFor("from='Juliet@LOCALHOST/balcony'");
    expect(header.attrs['to']).toBe('juliet@localhost');
  });

  test('is left out where the client says nothing, or no JID', async () => {
    expect((await headerFor('')).attrs['to']).toBeUndefined();
    expect((await headerFor("from='a&lt;b@@'")).attrs['to']).toBeUndefined();
  });
});

describe('RFC 6120 §4.7.5: the version', () => {
  test.each(['abc', '1', '0.9', '-1.0', '1.x'])(
    '%s is none that is spoken here',
    async (version) => {
      const connection = await Connection.open(server);
      connection.openStream(HEADER.replace("version='1.0'>", `version='${version}'>`));
      expect(conditionOf(await connection.streamError())).toBe('unsupported-version');
    },
  );

  test.each(['1.1', '2.0', '01.00'])('%s is answered with 1.0', async (version) => {
    const connection = await Connection.open(server);
    connection.openStream(HEADER.replace("version='1.0'>", `version='${version}'>`));
    expect((await connection.take('header')).element.attrs['version']).toBe('1.0');
    connection.destroy();
  });
});

test('RFC 6120 §4.3.3: a stream that is begun anew has an id of its own', async () => {
  const user = server.user();
  const connection = await Connection.open(server);
  const ids: (string | undefined)[] = [];
  const open = async (): Promise<void> => {
    connection.openStream();
    ids.push((await connection.take('header')).element.attrs['id']);
    await connection.element('features');
  };
  await open();
  await connection.startTls();
  await open();
  expect((await login(connection, user.local, user.password)).name).toBe('success');
  await open();
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(3);
  connection.destroy();
});

test('RFC 6120 §4.9.1.1: an error of the client is answered with the close tag alone', async () => {
  const connection = await Connection.open(server);
  await connection.features();
  connection.send(
    "<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  await connection.take('close tag');
  await connection.take('end');
  connection.destroy();
});

async function secured(servername: string): Promise<TLSSocket> {
  const { tlsPort: port } = server;
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  return socket;
}

test.each([
  ['OTHER.example', 'DNS:other.example'],
  ['xn--bcher-kva.example', 'DNS:xn--bcher-kva.example'],
  ['unknown.example', 'DNS:localhost'],
])('RFC 6066 §3: who asks for %s is shown the certificate of %s', async (asked, shown) => {
  const socket = await secured(asked);
  expect(socket.getPeerCertificate().subjectaltname).toBe(shown);
  socket.destroy();
});

test('RFC 5929 §4: tls-server-end-point is of the certificate that was shown, not of the host in `to`', async () => {
  const user = server.user();
  const socket = await secured(OTHER_HOST);
  const shown = socket.getPeerCertificate();
  expect(shown.subject.CN).toBe(OTHER_HOST);
  const connection = new Connection(server, socket);
  await connection.features();
  const data = createHash('sha256').update(shown.raw).digest();
  const answer = await login(connection, user.local, user.password, 'SCRAM-SHA-256-PLUS', {
    type: 'tls-server-end-point',
    data,
  });
  expect(answer.name).toBe('success');
  connection.destroy();
});

test('XEP-0478 §3: idle-seconds is the silence after which a client is asked for a sign of life', async () => {
  const user = server.user();
  const connection = await Connection.open(server);
  await connection.features();
  expect((await login(connection, user.local, user.password)).name).toBe('success');
  const limits = childrenOf(await connection.features()).find(({ name }) => name === 'limits');
  const idle = childrenOf(limits!).find(({ name }) => name === 'idle-seconds');
  // limits.idlePingMs by default
  expect(textOf(idle)).toBe('240');
  connection.destroy();
});
