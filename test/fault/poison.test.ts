// A message over which every worker hangs that handles it: it comes over a link, so the sending worker still has it when the
// receiving one was killed, and could give it to one new process after another.
import { fileURLToPath } from 'node:url';
import { homeOf } from '../../src/placement/slots.ts';
import { Client } from '../helpers/client.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { pause, within } from '../helpers/waiting.ts';
import { bodyOf, conditionOf } from '../helpers/xml.ts';

const MODULE = fileURLToPath(new URL('../helpers/modules/misbehaving.js', import.meta.url));
const HANG_MS = 1000;
/** What the watchdog grants a worker that is starting. */
const START_MS = 4000;
const WORKERS = 2;
/** Two hangs, two starts on a busy machine. */
const LIMIT_MS = 25_000;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    workers: WORKERS,
    accounts: 40,
    bugsExpected: true,
    config: { modules: { [MODULE]: {} }, supervisor: { hangTimeoutMs: HANG_MS } },
  });
});
afterAll(async () => {
  await server.close();
});

/** An account that this worker owns. */
function userOf(slot: number): User {
  for (;;) {
    const user = server.user();
    if (homeOf(user.bare, WORKERS) === slot) return user;
  }
}

async function connectionsOf(slot: number): Promise<number> {
  // Counts are told with the beat.
  await pause(600);
  return (await server.status()).workers[slot]?.connections ?? 0;
}

/** A client whose account is owned by this worker and whose connection is there too. */
async function clientAt(slot: number): Promise<Client> {
  for (;;) {
    const before = await connectionsOf(slot);
    const client = await Client.login(server, userOf(slot), { managed: true, online: true });
    if ((await connectionsOf(slot)) > before) return client;
  }
}

function chat(to: string, id: string): string {
  return `<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`;
}

async function acknowledged(client: Client): Promise<void> {
  await within(
    (async () => {
      while (client.unacknowledged.length > 0) {
        client.sendRaw("<r xmlns='urn:xmpp:sm:3'/>");
        await pause(50);
      }
    })(),
    LIMIT_MS,
    () => `an acknowledgement\n${server.log()}`,
  );
}

test('is given to two processes and comes back as an error; all others arrive, and soon', async () => {
  const sender = await clientAt(0);
  const bystander = await clientAt(0);
  const [victim, reader] = [userOf(1), userOf(1)];
  bystander.send(chat(reader.bare, 'before'));
  await acknowledged(bystander);

  sender.send(chat(victim.bare, 'first'));
  sender.send(chat(victim.bare, 'fault-spin-at-once'));
  sender.send(chat(victim.bare, 'last'));
  const beganMs = performance.now();
  for (let n = 0; n < 20; n++) bystander.send(chat(reader.bare, `meanwhile-${n}`));
  await acknowledged(bystander);
  const outageMs = performance.now() - beganMs;
  console.log(`messages of others were on disk after ${Math.round(outageMs)} ms`);
  // Two hangs, one of them while starting, and two starts.
  expect(outageMs).toBeLessThan(HANG_MS + START_MS + 8000);
  await server.logged(/"id":"fault-spin-at-once".*two processes of a worker died with this frame/);

  await acknowledged(sender);
  const error = await sender.next();
  expect(error.attrs['id']).toBe('fault-spin-at-once');
  expect(conditionOf(error)).toBe('internal-server-error');

  const restarts = (await server.status()).workers.map((worker) => worker.restarts);
  expect(restarts).toEqual([0, 2]);
  const came = async (user: User): Promise<string[]> => {
    const client = await Client.login(server, user, { managed: true, online: true });
    return (await client.drained())
      .filter(({ name }) => name === 'message')
      .map((message) => bodyOf(message) ?? '');
  };
  expect(await came(victim)).toEqual(['first', 'last']);
  const meanwhile = Array.from({ length: 20 }, (_, n) => `meanwhile-${n}`);
  expect(await came(reader)).toEqual(['before', ...meanwhile]);
}, 60_000);
