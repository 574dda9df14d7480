// A module of somebody else that throws or spins: what it costs, and whom. Two workers, so that there are others to be unharmed.
import { fileURLToPath } from 'node:url';
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { pause, within } from '../helpers/waiting.ts';
import { bodyOf, conditionOf } from '../helpers/xml.ts';

const MODULE = fileURLToPath(new URL('../helpers/modules/misbehaving.js', import.meta.url));
const HANG_MS = 1000;
const PEOPLE = 8;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    workers: 2,
    accounts: 60,
    bugsExpected: true,
    config: { modules: { [MODULE]: {} }, supervisor: { hangTimeoutMs: HANG_MS } },
  });
});
afterAll(async () => {
  await server.close();
});

async function restarts(): Promise<number> {
  return (await server.status()).workers.reduce((sum, worker) => sum + worker.restarts, 0);
}

async function pair(): Promise<[Client, Client]> {
  const alice = await Client.login(server, server.user(), { managed: true, online: true });
  const bob = await Client.login(server, server.user(), { managed: true, online: true });
  return [alice, bob];
}

async function chats(alice: Client, bob: Client, body: string): Promise<void> {
  alice.send(`<message to='${bob.bare}' type='chat' id='${body}'><body>${body}</body></message>`);
  let message = await bob.next();
  while (bodyOf(message) !== body) message = await bob.next();
  await alice.isAcknowledged();
}

test('thrown in a hook: that message is answered with an error, and its session goes on', async () => {
  const [alice, bob] = await pair();
  const before = await restarts();
  alice.send(`<message to='${bob.bare}' type='chat' id='fault-hook'><body>x</body></message>`);
  expect(conditionOf(await alice.next())).toBe('internal-server-error');
  await server.logged(/a fault in a hook/);
  await chats(alice, bob, 'still here');
  expect(await restarts()).toBe(before);
});

test('thrown in an iq handler: that request is answered with an error', async () => {
  const [alice] = await pair();
  const answer = await alice.ask("<iq type='get'><fault xmlns='urn:test:fault'/></iq>");
  expect(conditionOf(answer)).toBe('internal-server-error');
  expect(await alice.drained()).toEqual([]);
});

test('thrown in a life-cycle hook: it is logged, and the session has what it needs', async () => {
  const [alice] = await pair();
  const bob = await Client.login(server, server.user(), {
    resource: 'fault',
    managed: true,
    online: true,
  });
  await server.logged(/a fault in a life-cycle hook/);
  await chats(alice, bob, 'hello');
});

test('thrown in a timer: it is logged, and nobody notices', async () => {
  const [alice, bob] = await pair();
  const before = await restarts();
  await chats(alice, bob, 'fault-timer');
  await server.logged(/a fault in a timer/);
  await chats(alice, bob, 'still here');
  expect(await restarts()).toBe(before);
});

test('in a promise that is rejected: it is logged, and nobody notices', async () => {
  const [alice, bob] = await pair();
  const before = await restarts();
  await chats(alice, bob, 'fault-promise');
  await server.logged(/a fault in a promise/);
  await chats(alice, bob, 'still here');
  expect(await restarts()).toBe(before);
});

describe.each([
  ['thrown in an event callback', 'fault-event', 'and its clients resume'],
  ['spinning', 'fault-spin', 'and its clients come back'],
])('%s', (_how, id, then) => {
  test(`costs one worker, which is replaced, ${then}; nothing acknowledged is lost`, async () => {
    const people: [Client, Client][] = [];
    for (let n = 0; n < PEOPLE / 2; n++) people.push(await pair());
    for (const [alice, bob] of people) await chats(alice, bob, 'before');
    const before = await restarts();
    const [alice, victim] = people[0] as [Client, Client];
    alice.send(`<message to='${victim.bare}' type='headline' id='${id}'><body>x</body></message>`);
    // Whoever sends it again, as a client with XEP-0198 would, does the same harm again.
    alice.forgetWhatWasSent();
    const replaced = (async () => {
      for (;;) {
        const { workers } = await server.status();
        const sum = workers.reduce((count, worker) => count + worker.restarts, 0);
        if (sum > before && workers.every(({ state }) => state === 'up')) return;
        await pause(25);
      }
    })();
    await within(replaced, 10_000, () => `a new worker\n${server.log()}`);
    // Under a second on a machine with room; tests run where others run too.
    expect(server.replacementMs()).toBeGreaterThan(0);
    expect(server.replacementMs()).toBeLessThan(4000);
    expect(await restarts()).toBe(before + 1);

    const all = people.flat();
    const lost = all.filter(({ connection }) => connection.socket.readyState !== 'open');
    // Some were on the other worker, and their connections stand.
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(all.length);
    for (const client of lost) {
      const failure = await client.resume();
      if (failure === undefined) continue;
      // A worker that could still store its sessions, or give them to their owners, loses none.
      expect(id).toBe('fault-spin');
      await client.startAnew();
      await client.comeOnline();
    }
    for (const [one, two] of people) await chats(one, two, 'after');
    for (const client of [...people.map(([, bob]) => bob)]) {
      await client.ask("<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>");
      const texts = JSON.stringify(await client.drained());
      expect(texts).toContain('"before"');
      expect(texts).toContain('"after"');
    }
  });
});
