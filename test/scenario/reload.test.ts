// The server takes another configuration while it runs: nobody is disconnected but those whose host is gone, and a file
// with mistakes changes nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { generate } from 'selfsigned';
import { Client, login } from '../helpers/client.ts';
import { Connection, HEADER } from '../helpers/connection.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { authenticate, secured } from '../helpers/sasl2.ts';
import { bodyOf, childOf, textOf, type Element } from '../helpers/xml.ts';

const OTHER = 'other.example';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 10 });
});
beforeEach(async () => {
  server.rewrite({});
  await server.command('reload', {});
});
afterAll(async () => {
  await server.close();
});

async function isAlive(client: Client): Promise<void> {
  const answer = await client.ask(`<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(answer.attrs['type']).toBe('result');
}

test('each option says when it holds, and those that are live hold for streams that stand', async () => {
  const client = await Client.login(server, server.user(), { online: true });
  server.rewrite({ limits: { maxStanzaBytes: 10_000 }, workers: 5 });
  const wanted = [
    expect.objectContaining({ option: 'workers', to: '5', live: false }) as unknown,
    { option: 'limits.maxStanzaBytes', from: '256 KiB', to: '10000', live: true },
  ];
  expect((await server.command('config diff', {})).changes).toEqual(wanted);
  const big = `<message to='${client.bare}' id='big'><body>${'x'.repeat(12_000)}</body></message>`;
  client.send(big);
  expect(bodyOf(await client.next())).toHaveLength(12_000);
  expect((await server.command('reload', {})).changes).toEqual(wanted);
  await isAlive(client);
  client.send(big);
  const error = await client.connection.element('error');
  expect(childOf(error, 'policy-violation', 'urn:ietf:params:xml:ns:xmpp-streams')).toBeDefined();
  // What needs a restart still differs.
  expect((await server.command('config diff', {})).changes).toEqual([wanted[0]]);
});

test('a file with mistakes leaves the configuration that runs in force, and says where they are', async () => {
  const client = await Client.login(server, server.user(), { online: true });
  server.rewrite('limits:\n  maxStanzaBytes: 10000\n  maxStanzaByte: 7\n');
  const { code, errors } = await server.cli('reload');
  expect(code).toBe(78);
  expect(errors).toMatch(/error config-invalid: .*xmppd\.yml:3:3: unknown option "maxStanzaByte"/);
  server.rewrite('hosts: [');
  await expect(server.command('reload', {})).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(server.command('config diff', {})).rejects.toMatchObject({ code: 'config-invalid' });
  process.kill(server.pid, 'SIGHUP');
  await server.logged(/the one before stays/);
  await isAlive(client);
  server.rewrite({});
  expect((await server.command('config diff', {})).changes).toEqual([]);
});

test('SIGHUP reloads', async () => {
  server.rewrite({ limits: { idlePingMs: '77s' } });
  process.kill(server.pid, 'SIGHUP');
  await server.logged(/"option":"limits.idlePingMs".*"to":"77s".*"holds":"now"/);
});

test('the command line tells what differs', async () => {
  server.rewrite({ log: { level: 'debug', format: 'pretty' } });
  const { code, output } = await server.cli('config', 'diff');
  expect(code).toBe(0);
  expect(output).toContain('2 options differ.');
  expect(output).toContain('log.level: info → debug  [at reload]');
  expect(output).toContain('log.format: json → pretty  [at restart]');
  const json = await server.cli('--json', 'reload');
  expect(JSON.parse(json.output)).toMatchObject({
    changes: [{ option: 'log.level', live: true }, { live: false }],
  });
});

test('the log level changes at once, and goes back to the file at a reload', async () => {
  await server.command('log level', { level: 'error' });
  server.rewrite({ limits: { idlePingMs: '78s' } });
  const { changes } = await server.command('reload', {});
  expect(changes.map(({ option, to }) => [option, to])).toEqual([
    ['log.level', 'info'],
    ['limits.idlePingMs', '78s'],
  ]);
  await expect(server.command('log level', { level: 'loud' })).rejects.toMatchObject({
    code: 'command-arguments',
  });
});

/** Logs in at the other host. @returns the answer to the log-in, and the connection, bound if that went well */
async function loginElsewhere(local: string): Promise<{ connection: Connection; answer: Element }> {
  const header = HEADER.replace(`to='${HOST}'`, `to='${OTHER}'`);
  const connection = await Connection.open(server);
  connection.openStream(header);
  await connection.take('header');
  const features = await connection.element();
  if (features.name === 'error') return { connection, answer: features };
  const answer = await login(connection, local, 'open sesame');
  if (answer.name === 'success') {
    connection.openStream(header);
    await connection.take('header');
    await connection.element();
    connection.send(`<iq type='set' id='b'><bind xmlns='${BIND}'/></iq>`);
    const bound = childOf(await connection.element('iq'), 'bind', BIND);
    expect(textOf(childOf(bound as Element, 'jid', BIND))).toMatch(`${local}@${OTHER}/`);
  }
  return { connection, answer };
}

test('a host comes and goes: its sessions end with host-gone, its accounts are kept, others notice nothing', async () => {
  const client = await Client.login(server, server.user(), { online: true });
  expect((await loginElsewhere('kim')).answer.name).toBe('error');
  server.rewrite({ hosts: [HOST, OTHER] });
  const { changes } = await server.command('reload', {});
  expect(changes).toEqual([expect.objectContaining({ option: `hosts.${OTHER}`, live: true })]);
  await server.command('user add', { address: `kim@${OTHER}`, password: 'open sesame' });
  const { connection, answer } = await loginElsewhere('kim');
  expect(answer.name).toBe('success');
  connection.send(`<message to='${client.bare}' type='chat'><body>from far</body></message>`);
  expect(bodyOf(await client.next())).toBe('from far');
  // Kept for kim, who has not said that she is available.
  client.send(`<message to='kim@${OTHER}' type='chat'><body>hold this</body></message>`);
  await client.reached(`kim@${OTHER}`);

  server.rewrite({ hosts: [HOST] });
  await server.command('reload', {});
  expect((await connection.element('error')).children[0]).toMatchObject({ name: 'host-gone' });
  await connection.take('close tag');
  expect((await loginElsewhere('kim')).answer.name).toBe('error');
  await isAlive(client);

  server.rewrite({ hosts: [HOST, OTHER] });
  await server.command('reload', {});
  const again = await loginElsewhere('kim');
  expect(again.answer.name).toBe('success');
  again.connection.send('<presence/>');
  let came = await again.connection.element();
  while (came.name !== 'message') came = await again.connection.element();
  expect(bodyOf(came)).toBe('hold this');
  again.connection.destroy();
});

async function shownCertificate(): Promise<{ socket: TLSSocket; fingerprint: string }> {
  const socket = connect({
    ...{ port: server.tlsPort, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false },
    ALPNProtocols: ['xmpp-client'],
  });
  await once(socket, 'secureConnect');
  return { socket, fingerprint: socket.getPeerCertificate().fingerprint256 };
}

test('certificates are renewed without dropping a stream; one that cannot be used is refused', async () => {
  const certificate = server.path(`data/certificates/${HOST}.crt`);
  const key = server.path(`data/certificates/${HOST}.key`);
  const client = await Client.login(server, server.user(), { tls: 'direct', online: true });
  const before = await shownCertificate();
  const made = await generate([{ name: 'commonName', value: HOST }], {
    keyType: 'ec',
    curve: 'P-256',
  });
  const oldKey = readFileSync(key);

  writeFileSync(certificate, made.cert);
  await expect(server.command('reload', {})).rejects.toMatchObject({
    code: 'certificate-unusable',
  });
  writeFileSync(certificate, 'no certificate');
  await expect(server.command('reload', {})).rejects.toMatchObject({
    code: 'certificate-unusable',
  });
  expect((await shownCertificate()).fingerprint).toBe(before.fingerprint);
  expect(oldKey).not.toEqual(Buffer.from(made.private));

  writeFileSync(certificate, made.cert);
  writeFileSync(key, made.private);
  await server.command('reload', {});
  const after = await shownCertificate();
  expect(after.fingerprint).toBe(new X509Certificate(made.cert).fingerprint256);
  await isAlive(client);
});

test('options of modules change in place', async () => {
  server.rewrite({ offline: { maxMessages: 1 } });
  await server.command('reload', {});
  const client = await Client.login(server, server.user());
  const absent = server.user();
  const send = (id: string): void =>
    client.send(
      `<message to='${absent.bare}' type='chat' id='${id}'><body>${id}</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>`,
    );
  server.rewrite({ offline: { maxMessages: 1 }, archive: { enabled: false } });
  await server.command('reload', {});
  send('first');
  send('second');
  const refused = await client.next();
  expect([refused.attrs['id'], refused.attrs['type']]).toEqual(['second', 'error']);
  server.rewrite({ archive: { enabled: false } });
  await server.command('reload', {});
  send('third');
  expect((await client.drained()).map((element) => element.attrs['id'])).toEqual([]);
});

test('administrators come and go with the file', async () => {
  const client = await Client.login(server, server.user());
  const listed = async () =>
    (
      await client.ask(
        `<iq type='get' to='${HOST}'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>`,
      )
    ).children.flatMap((child) => (typeof child === 'string' ? [] : child.children)).length;
  const before = await listed();
  server.rewrite({ admins: [client.bare] });
  await server.command('reload', {});
  expect(await listed()).toBeGreaterThan(before);
  server.rewrite({});
  await server.command('reload', {});
  expect(await listed()).toBe(before);
});

test('a host is opened to anybody, and closed again', async () => {
  const come = async (): Promise<string> => {
    const { connection } = await secured(server);
    const { name } = await authenticate(connection, { local: '', mechanism: 'ANONYMOUS' });
    connection.destroy();
    return name;
  };
  expect(await come()).toBe('failure');
  server.rewrite({ hosts: { [HOST]: { anonymous: true } } });
  await server.command('reload', {});
  expect(await come()).toBe('success');
  server.rewrite({});
  await server.command('reload', {});
  expect(await come()).toBe('failure');
});

test('tokens are given as long as the file lets them live', async () => {
  const offered = async (): Promise<boolean> => {
    const { connection } = await secured(server);
    connection.destroy();
    return connection.received.includes('urn:xmpp:fast:0');
  };
  expect(await offered()).toBe(true);
  server.rewrite({ auth: { tokenLifetimeMs: 0 } });
  await server.command('reload', {});
  expect(await offered()).toBe(false);
});
