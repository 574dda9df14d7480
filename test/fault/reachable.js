// One worker of two dies, then the other; whoever is connected must be reachable after each, wherever his session has been.
// node test/fault/reachable.js; one JSON line; exit code 0: all were reached.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provision } from '../../bench/provision.js';
import { ScramKeyCache } from '../../bench/scram.js';
import { freePort } from '../../bench/server.js';
import { Books } from './books.js';
import { FaultError } from './errors.js';
import { Peer } from './peer.js';
import { DOMAIN, ServerUnderTrial } from './server-under-trial.js';

const PASSWORD = 'fault';
const READERS = 12;
/** Connections are shared out anew each time, so that sessions move between the workers. */
const MOVES = 3;
const LIMIT_MS = 20_000;

const directory = await mkdtemp(join(tmpdir(), 'xmppd-reach-'));
const port = await freePort();
const server = new ServerUnderTrial({ directory, port, workers: 2, archive: true });
const books = new Books('reach-', true);
const access = { port, domain: DOMAIN, keys: new ScramKeyCache(PASSWORD), resource: 'phone' };
/** @type {Peer[]} */
const peers = [];

/** @param {() => boolean} isTrue @param {string} what */
async function until(isTrue, what) {
  const deadline = performance.now() + LIMIT_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new FaultError(`not in ${LIMIT_MS} ms: ${what}`);
    await sleep(10);
  }
}

/** @param {number} user */
function client(user) {
  const peer = new Peer(
    { ...access, user: `u${user}` },
    {
      down: () => setTimeout(() => peer.connect(), 20 + 10 * (user % 5)),
      acknowledged: (_peer, tag) => books.acknowledge(tag),
      message: (_peer, stanza) => books.arrive(`u${user}@${DOMAIN}`, stanza, peer.sessions),
    },
  );
  peers.push(peer);
  return peer;
}

const allUp = () => until(() => peers.every(({ phase }) => phase === 'up'), 'log-in');

/** @returns {Promise<number>} how many were reached, of all readers */
async function reached() {
  const before = books.delivered;
  for (let user = 1; user <= READERS; user++) {
    const { number, xml } = books.send(user, `u0@${DOMAIN}`, `u${user}@${DOMAIN}`);
    peers[0]?.send(number, xml);
  }
  peers[0]?.requestAcknowledgement();
  await until(() => books.open().length === 0, 'acknowledgement');
  const deadline = performance.now() + 1500;
  while (books.delivered - before < READERS && performance.now() < deadline) await sleep(10);
  return books.delivered - before;
}

try {
  await server.prepare();
  const { configFile } = server;
  await provision({ configFile, domain: DOMAIN, users: READERS + 1, password: PASSWORD });
  await server.start();
  for (let user = 0; user <= READERS; user++) client(user).connect();
  await allUp();
  const counts = [await reached()];
  const workers = server.processes().filter(({ role }) => role === 'worker');
  for (const { pid } of workers) {
    for (let move = 0; move < MOVES; move++) {
      for (const [user, peer] of peers.entries()) if (user % 3 !== move) peer.drop();
      await allUp();
    }
    server.kill(pid);
    await server.gone([pid]);
    await sleep(100);
    await until(
      () => server.processes().filter(({ role }) => role === 'worker').length === 2,
      'two workers',
    );
    await allUp();
    counts.push(await reached());
  }
  console.log(JSON.stringify({ readers: READERS, reached: counts }));
  process.exitCode = counts.every((count) => count === READERS) ? 0 : 1;
} finally {
  server.killAll(['supervisor', 'worker', 'store']);
  await rm(directory, { recursive: true, force: true });
  setTimeout(() => process.exit(), 100);
}
