// Runs the server under strace and checks that nothing is promised before the disk has it:
// node test/fault/syscall-order.js [--workers 1] [--archive on] [--synchronous FULL]
// One JSON line; exit code 0: in order, 1: not.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { provision } from '../../bench/provision.js';
import { ScramKeyCache } from '../../bench/scram.js';
import { freePort } from '../../bench/server.js';
import { Books } from './books.js';
import { checkOrder } from './disk-order.js';
import { FaultError } from './errors.js';
import { Peer } from './peer.js';
import { DOMAIN, ServerUnderTrial } from './server-under-trial.js';

const PASSWORD = 'fault';
const PREFIX = 'order-';
const BATCHES = 12;
const BATCH = 4;
const LIMIT_MS = 30_000;
/** Longer than a commit takes: a pending row must be seen on disk before its proof removes it. */
const PROOF_AFTER_MS = 400;

const CALLS = 'trace=fsync,fdatasync,pwrite64,write,writev,sendmsg,sendto';
const STRACE = ['strace', '-f', '-qq', '-yy', '-s', '200000', '--seccomp-bpf', '-e', CALLS, '-o'];

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1' },
    archive: { type: 'string', default: 'on' },
    synchronous: { type: 'string', default: 'FULL' },
  },
});
const archive = values.archive === 'on';

/** @param {() => boolean} isTrue @param {string} what */
async function until(isTrue, what) {
  const deadline = performance.now() + LIMIT_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new FaultError(`not in ${LIMIT_MS} ms: ${what}`);
    await sleep(5);
  }
}

/** Two clients talk; a third account is never there. @param {ServerUnderTrial} server @returns {Promise<Books>} */
async function converse(server) {
  const books = new Books(PREFIX, archive);
  const access = { port: server.port, domain: DOMAIN, keys: new ScramKeyCache(PASSWORD) };
  const sender = new Peer(
    { ...access, user: 'u0', resource: 'phone' },
    { acknowledged: (_peer, tag) => books.acknowledge(tag) },
  );
  const reader = new Peer(
    { ...access, user: 'u1', resource: 'phone' },
    {
      message: (peer, stanza) => books.arrive(`u1@${DOMAIN}`, stanza, peer.sessions),
      request: (peer) => setTimeout(() => peer.confirm(), PROOF_AFTER_MS),
    },
  );
  sender.connect();
  reader.connect();
  await until(() => sender.phase === 'up' && reader.phase === 'up', 'log-in');
  // Their presence is on its way, and what follows meets an available resource.
  await sleep(300);
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let i = 0; i < BATCH; i++) {
      const recipient = i === BATCH - 1 ? `u2@${DOMAIN}` : `u1@${DOMAIN}`;
      const { number, xml } = books.send(0, `u0@${DOMAIN}`, recipient);
      sender.send(number, xml);
      sender.requestAcknowledgement();
    }
    await until(() => books.acknowledged === books.entries.length, 'acknowledgement');
  }
  await until(() => books.delivered === BATCHES * (BATCH - 1), 'delivery');
  sender.leave();
  reader.leave();
  return books;
}

const directory = await mkdtemp(join(tmpdir(), 'xmppd-order-'));
const server = new ServerUnderTrial({
  directory,
  port: await freePort(),
  workers: Number(values.workers),
  archive,
  environment: { XMPPD_SYNCHRONOUS: values.synchronous },
});
try {
  await server.prepare();
  const { configFile } = server;
  await provision({ configFile, domain: DOMAIN, users: 3, password: PASSWORD });
  const traceFile = join(directory, 'trace');
  await server.start([...STRACE, traceFile]);
  const books = await converse(server);
  await server.stop();
  const ids = books.entries.map(({ number }) => books.idOf(number));
  const result = checkOrder(await readFile(traceFile, 'latin1'), {
    walFile: `${server.databaseFile}-wal`,
    port: server.port,
    // As an attribute: the body says the id too.
    id: /(?<= id=')order-\d+(?=')/g,
    rows: archive ? 2 : 1,
    // The first stanza that the client counts is its presence.
    covered: (h) => ids.slice(0, Math.max(0, h - 1)),
  });
  const { violations, ...counts } = result;
  const messages = ids.length;
  console.log(
    JSON.stringify({
      messages,
      ...counts,
      violations: violations.length,
      first: violations[0] ?? null,
    }),
  );
  if (result.acknowledged !== messages) throw new FaultError('not every acknowledgement was seen');
  if (archive && result.copies === 0) throw new FaultError('no archived copy was seen');
  process.exitCode = violations.length > 0 ? 1 : 0;
} finally {
  server.killAll(['supervisor', 'worker', 'store', 'other']);
  if (process.env['KEEP'] === undefined) await rm(directory, { recursive: true, force: true });
  else console.error(directory);
}
