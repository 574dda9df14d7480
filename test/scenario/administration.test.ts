// What an administrator does to a server that runs, by the control socket: sessions, archives, modules, traces, restarts.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { within } from '../helpers/waiting.ts';
import { childOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';
import { logIn, newDevice } from '../helpers/sasl2.ts';
import type { TraceEvent } from '../../src/admin/module-commands.ts';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 24 });
});
afterAll(async () => {
  await server.close();
});

const body = (message: Element): string => textOf(childOf(message, 'body', 'jabber:client'));

/** What another worker does comes in its own time. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const wait = (async () => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
  })();
  await within(wait, 5000, () => 'what was asked for');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const message = (to: string, id: string): string =>
  `<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`;

test('sessions are listed with their presence, and one is ended', async () => {
  const user = server.user();
  const phone = await Client.login(server, user, { resource: 'phone', online: true });
  phone.send('<presence><show>dnd</show><priority>3</priority></presence>');
  await phone.drained();
  const desk = await Client.login(server, user, { resource: 'desk', managed: true });
  desk.cut();
  await phone.drained();
  const listed = async () =>
    (await server.command('session list', { address: user.bare })).sessions;
  const [first, second] = await listed();
  expect(first).toMatchObject({ jid: desk.jid, state: 'hibernating', available: false });
  expect(second).toMatchObject({ jid: phone.jid, state: 'connected', show: 'dnd', priority: 3 });
  expect(await server.command('session kick', { address: desk.jid })).toMatchObject({ ended: 1 });
  await until(async () => (await listed()).length === 1);
  expect((await listed()).map(({ jid }) => jid)).toEqual([phone.jid]);
  await server.command('session kick', { address: user.bare });
  expect(conditionOf(await phone.connection.streamError())).toBe('policy-violation');
  await until(async () => (await listed()).length === 0);
  await expect(server.command('session kick', { address: phone.jid })).rejects.toMatchObject({
    code: 'session-missing',
  });
});

test('all sessions of a server are listed a page at a time', async () => {
  const users = [server.user(), server.user(), server.user()];
  const clients = await Promise.all(users.map((user) => Client.login(server, user)));
  const wanted = clients.map(({ jid }) => jid).sort();
  const { sessions } = await server.command('session list', {});
  expect(sessions.map(({ jid }) => jid)).toEqual(expect.arrayContaining(wanted));
  const { sessions: rest } = await server.command('session list', { after: wanted[0]! });
  expect(rest.every(({ jid }) => jid > wanted[0]!)).toBe(true);
  for (const client of clients) client.cut();
});

test('a device is listed and revoked, and its session ends', async () => {
  const user = server.user();
  const device = newDevice();
  const { connection } = await logIn(server, user, { device });
  const list = async () => (await server.command('device list', { address: user.bare })).devices;
  // Nobody waits for it to be written down.
  await until(async () => (await list()).length > 0);
  expect(await list()).toMatchObject([
    { id: device, software: 'Test', device: 'Bench', tokens: 0 },
  ]);
  await server.command('device revoke', { address: user.bare, id: device });
  expect(conditionOf(await connection.streamError())).toBe('not-authorized');
  expect(await list()).toEqual([]);
});

test('a purged archive keeps what has not arrived', async () => {
  const [from, to] = [server.user(), server.user()];
  const sender = await Client.login(server, from, { managed: true });
  const receiver = await Client.login(server, to, { managed: true, online: true });
  sender.send(message(to.bare, 'arrived'));
  await receiver.receives(
    `<message from='${sender.jid}' to='${to.bare}' type='chat' id='arrived'><body>arrived</body><stanza-id xmlns='urn:xmpp:sid:0' by='${to.bare}' id='*'/></message>`,
  );
  receiver.acknowledge();
  await receiver.close();
  sender.send(message(to.bare, 'waits'));
  await sender.isAcknowledged();
  const count = async () => await server.command('archive count', { address: to.bare });
  expect(await count()).toEqual({ messages: 2 });
  expect(await server.command('offline count', { address: to.bare })).toMatchObject({
    archived: 1,
  });
  const before = Date.now() + 60_000;
  expect(await server.command('archive purge', { address: to.bare, before })).toEqual({
    deleted: 1,
    more: false,
  });
  expect(await count()).toEqual({ messages: 1 });
  const again = await Client.login(server, to, { online: true });
  expect(body(await again.next())).toBe('waits');
  sender.cut();
  again.cut();
});

test('what waits for an account is dropped, and not sent at its next log-in', async () => {
  const [from, to] = [server.user(), server.user()];
  const sender = await Client.login(server, from, { managed: true });
  sender.send(message(to.bare, 'one'));
  sender.send(message(to.bare, 'two'));
  await sender.isAcknowledged();
  expect(await server.command('offline purge', { address: to.bare })).toMatchObject({
    archived: 2,
  });
  const receiver = await Client.login(server, to, { online: true });
  expect(await receiver.drained()).toEqual([]);
  expect(await server.command('archive count', { address: to.bare })).toEqual({ messages: 2 });
  sender.cut();
  receiver.cut();
});

test('a module is stopped and started while sessions go on', async () => {
  const client = await Client.login(server, server.user());
  const ping = async (): Promise<string | undefined> =>
    (await client.ask(`<iq type='get' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)).attrs[
      'type'
    ];
  await server.command('module stop', { name: 'ping' });
  expect(await ping()).toBe('error');
  const { modules } = await server.command('module list', {});
  expect(modules.find(({ name }) => name === 'ping')?.running).toBe(false);
  await server.command('module start', { name: 'ping' });
  expect(await ping()).toBe('result');
  client.cut();
});

test.each([
  ['one that others need', 'disco', 'module-needed'],
  ['one with data of accounts', 'blocking', 'module-restart'],
  ['one that is not there', 'nothing', 'module-missing'],
])('%s is not stopped', async (_, name, code) => {
  await expect(server.command('module stop', { name })).rejects.toMatchObject({ code });
});

test('a trace shows where a message went, and nothing after it', async () => {
  const [from, to] = [server.user(), server.user()];
  const sender = await Client.login(server, from, { managed: true });
  const receiver = await Client.login(server, to, { managed: true, online: true });
  await server.command('trace start', { what: 'looked-for', seconds: 60 });
  sender.send(message(to.bare, 'another'));
  sender.send(message(to.bare, 'looked-for'));
  await receiver.next();
  await receiver.next();
  await sender.isAcknowledged();
  receiver.acknowledge();
  const events: TraceEvent[] = [];
  const stages = () => events.map(({ stage }) => stage);
  while (!stages().includes('proven')) {
    events.push(...(await server.command('trace read', {})).events);
    await receiver.drained();
  }
  expect(stages()).toEqual(['accepted', 'received', 'stored', 'proven']);
  expect(events.every(({ id }) => id === 'looked-for')).toBe(true);
  expect(events[1]?.detail).toBe('to 1 sessions, archived');
  await server.command('trace stop', {});
  sender.send(message(to.bare, 'looked-for'));
  await receiver.next();
  expect((await server.command('trace read', {})).events).toEqual([]);
  sender.cut();
  receiver.cut();
});

test('workers are replaced, and sessions that can resume go on', async () => {
  if (process.env['XMPPD_TEST_WORKERS'] === 'single') {
    await expect(server.command('restart', {})).rejects.toMatchObject({ code: 'restart-single' });
    return;
  }
  const client = await Client.login(server, server.user(), { managed: true, online: true });
  const before = (await server.status()).workers.map(({ pid }) => pid);
  await server.command('restart', {});
  let after: Awaited<ReturnType<TestServer['status']>>['workers'];
  do {
    await new Promise((resolve) => setTimeout(resolve, 50));
    after = (await server.status()).workers;
  } while (after.some(({ state, pid }) => state !== 'up' || before.includes(pid)));
  expect(after.every(({ restarts }) => restarts === 1)).toBe(true);
  expect(await client.resume()).toBeUndefined();
  client.cut();
});

test('those on line are told before the server stops', async () => {
  const last = await TestServer.start({ accounts: 2 });
  const client = await Client.login(last, last.user(), { online: true });
  await last.command('stop', { announcement: 'Good night', delaySeconds: 1 });
  expect(body(await client.next())).toBe('Good night');
  expect(conditionOf(await client.connection.streamError())).toBe('system-shutdown');
  while (isAlive(last.pid)) await new Promise((resolve) => setTimeout(resolve, 50));
  await last.close();
});
