// XEP-0199 (v2.0.1): pings, from clients and of silent clients.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, conditionOf } from '../helpers/xml.ts';

const PING = "<ping xmlns='urn:xmpp:ping'/>";

let server: TestServer;
/** Silence takes seconds, so the three cases of it go on side by side. */
let answering: Promise<void>;
let ignoring: Promise<void>;
let managed: Promise<void>;

beforeAll(async () => {
  server = await TestServer.start({
    accounts: 10,
    config: {
      limits: {
        connectionsPerAddress: 0,
        // Shorter than what a log-in may take (limits.unauthenticatedTimeoutMs).
        idlePingMs: 1000,
        pingTimeoutMs: 1000,
      },
    },
  });
  answering = answers();
  ignoring = ignores();
  managed = ignoresAndResumes();
  for (const outcome of [answering, ignoring, managed]) outcome.catch(() => undefined);
});
afterAll(async () => {
  await server.close();
});

test('§4.2: the server answers a ping, and an account its own', async () => {
  const client = await Client.login(server, server.user());
  for (const to of [` to='${HOST}'`, ` to='${client.bare}'`, '']) {
    const answer = await client.ask(`<iq type='get'${to}>${PING}</iq>`);
    expect(answer.attrs['type']).toBe('result');
    expect(answer.children).toEqual([]);
  }
});

test('§4.4: a ping of somebody else’s account tells nothing', async () => {
  const client = await Client.login(server, server.user());
  const answer = await client.ask(`<iq type='get' to='${server.user().bare}'>${PING}</iq>`);
  expect(conditionOf(answer)).toBe('service-unavailable');
});

test('§4.1: a silent client is pinged, and lives on when it answers', async () => {
  await answering;
});

test('a client that answers nothing is taken for gone', async () => {
  await ignoring;
});

test('a silent client with XEP-0198 is asked for acknowledgement, and can resume when it was given up', async () => {
  await managed;
});

async function answers(): Promise<void> {
  const client = await Client.login(server, server.user());
  client.connection.filter = undefined;
  for (let n = 0; n < 2; n++) {
    const ping = await client.connection.element('iq');
    expect(ping.attrs).toMatchObject({ type: 'get', from: HOST, to: client.jid });
    expect(childOf(ping, 'ping', 'urn:xmpp:ping')).toBeDefined();
    client.sendRaw(`<iq type='result' id='${ping.attrs['id'] ?? ''}' to='${HOST}'/>`);
  }
  client.connection.destroy();
}

async function ignores(): Promise<void> {
  const user = server.user();
  const watch = await Client.login(server, user, { online: true, resource: 'watch' });
  const silent = await Client.login(server, user, { resource: 'silent' });
  silent.send('<presence/>');
  await watch.receives(`<presence from='${silent.jid}' to='${user.bare}'/>`);
  silent.acknowledging = false;
  expect(conditionOf(await silent.connection.streamError())).toBe('connection-timeout');
  await watch.receives(`<presence from='${silent.jid}' to='${user.bare}' type='unavailable'/>`);
}

async function ignoresAndResumes(): Promise<void> {
  const client = await Client.login(server, server.user(), { managed: true, online: true });
  client.acknowledging = false;
  expect(conditionOf(await client.connection.streamError())).toBe('connection-timeout');
  client.acknowledging = true;
  expect(await client.resume()).toBeUndefined();
}
