// XEP-0178 §2: SASL EXTERNAL with a client's certificate. RFC 4422 appendix A, RFC 6120 §13.7.1.4.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AUTHORITY,
  CLIENT_CERTIFICATES,
  type ClientCertificate,
} from '../helpers/client-certificates.ts';
import { Connection } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import { authenticateXml, BIND2, failureIn, identifierOf } from '../helpers/sasl2.ts';
import { childrenOf, type Element } from '../helpers/xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const { one, two, none, elsewhere, stranger } = CLIENT_CERTIFICATES;

const directory = mkdtempSync(join(tmpdir(), 'xmppd-authority-'));
const authority = join(directory, 'authority.pem');
let server: TestServer;

beforeAll(async () => {
  writeFileSync(authority, AUTHORITY);
  const hosts = { localhost: { clientAuthority: authority }, 'other.localhost': {} };
  server = await TestServer.start({ accounts: 1, config: { hosts } });
  await server.makeUser('alice');
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function shown(
  certificate: ClientCertificate | undefined,
  options: { maxVersion?: 'TLSv1.2'; servername?: string } = {},
): Promise<Connection> {
  const more = certificate === undefined ? {} : { certificate };
  const connection = await Connection.open(server, { tls: 'direct', ...more, ...options });
  await connection.features();
  return connection;
}

async function external(connection: Connection, authzid = ''): Promise<Element> {
  const text = authzid === '' ? '=' : Buffer.from(authzid).toString('base64');
  connection.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>${text}</auth>`);
  return await connection.element();
}

const outcomeOf = (answer: Element): string =>
  answer.name === 'success' ? 'success' : (childrenOf(answer)[0]?.name ?? '');

describe('is offered', () => {
  test.each([
    ['with a certificate of the authority', one, true],
    ['without a certificate', undefined, false],
    ['with one of an authority that nobody trusts', stranger, false],
  ])('%s', async (_what, certificate, is) => {
    const connection = await shown(certificate);
    expect(connection.received.includes('<mechanism>EXTERNAL</mechanism>')).toBe(is);
    if (!is) expect(outcomeOf(await external(connection))).toBe('invalid-mechanism');
    connection.destroy();
  });

  test('over TLS 1.2 and after STARTTLS too', async () => {
    const connection = await shown(one, { maxVersion: 'TLSv1.2' });
    expect(outcomeOf(await external(connection))).toBe('success');
    connection.destroy();
  });

  test('not on a stream for another host than the one whose authority it was', async () => {
    const connection = await shown(one, { servername: 'other.localhost' });
    expect(connection.received).not.toContain('EXTERNAL');
    connection.destroy();
  });
});

describe('step 11', () => {
  test.each([
    ['a: one address and no other wish', one, '', 'success'],
    ['a: the same by name', one, 'alice@localhost', 'success'],
    ['b: two addresses and the one chosen', two, 'alice@localhost', 'success'],
    ['b: two addresses and no choice', two, '', 'invalid-authzid'],
    ['b: the one chosen has no account', two, 'bob@localhost', 'not-authorized'],
    ['b: somebody else', one, 'bob@localhost', 'invalid-authzid'],
    ['c: no address', none, '', 'not-authorized'],
    ['c: no address, whatever the wish', none, 'alice@localhost', 'not-authorized'],
    ['an address of another domain', elsewhere, '', 'not-authorized'],
  ])('%s', async (_what, certificate, authzid, outcome) => {
    const connection = await shown(certificate);
    expect(outcomeOf(await external(connection, authzid))).toBe(outcome);
    connection.destroy();
  });
});

test('by SASL2, with a resource in the same round trip', async () => {
  const connection = await shown(one);
  const children = `<bind xmlns='${BIND2}'/>`;
  const login = { local: '', mechanism: 'EXTERNAL', children };
  connection.send(authenticateXml(login, Buffer.alloc(0)));
  const outcome = await connection.element();
  expect(failureIn(outcome)).toBeUndefined();
  expect(identifierOf(outcome)).toMatch(/^alice@localhost\/.+/);
  connection.destroy();
});
