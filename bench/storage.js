// Figures of the storage back-end alone: `npm run build && node bench/storage.js [--units n] [--workers n] [--dir path]
// [--rate units/s]`. One unit is one archive row of 450 bytes; every commit is synced.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openStorage } from '../dist/storage/sqlite/open.js';
import { silentLog } from '../dist/util/log.js';
import { systemClock, systemTimers } from '../dist/util/system-clock.js';

const { values } = parseArgs({
  options: {
    units: { type: 'string', default: '300000' },
    rate: { type: 'string', default: '1000' },
    dir: { type: 'string', default: tmpdir() },
    synchronous: { type: 'string', default: 'FULL' },
  },
});

const schema = {
  migrations: [
    {
      feature: 'bench',
      version: 1,
      sql: [
        `CREATE TABLE archive (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, peer TEXT NOT NULL,
          kind INTEGER NOT NULL, stanza BLOB NOT NULL)`,
        'CREATE INDEX archive_owner ON archive (owner, id, peer)',
      ],
    },
  ],
  writes: [
    {
      name: 'archive.insert',
      sql: 'INSERT INTO archive (id, owner, peer, kind, stanza) VALUES (?, ?, ?, ?, ?)',
    },
  ],
  reads: [
    {
      name: 'archive.page',
      sql: 'SELECT id, peer, kind, stanza FROM archive WHERE owner = ? AND id > ? ORDER BY id LIMIT 50',
      bytes: true,
    },
    {
      name: 'archive.page.buffers',
      sql: 'SELECT id, peer, kind, stanza FROM archive WHERE owner = ? AND id > ? ORDER BY id LIMIT 50',
    },
  ],
};

const directory = mkdtempSync(join(values.dir, 'xmppd-bench-'));
const path = join(directory, 'xmppd.db');
const stanza = 'x'.repeat(450);

const percentile = (sorted, p) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
const sorted = (list) => Float64Array.from(list).sort();

/** CPU of each thread of a process, µs, by /proc. */
function cpuMicros(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function open(mode) {
  return openStorage({
    path,
    schema,
    clock: systemClock,
    timers: systemTimers,
    log: silentLog,
    synchronous: values.synchronous,
    mode,
  });
}

/** Submits as fast as `room` lets it, `inFlight` at most. */
async function saturate(storage, count, firstId, inFlight = 4096) {
  const insert = storage.statement('archive.insert');
  const unit = storage.unit();
  const latencies = [];
  const began = new Map();
  let submitted = 0;
  let submitMs = 0;
  let finish;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  let base;
  let ended = false;
  const fill = () => {
    // 64 a turn, as a tick of sockets would bring them.
    for (let n = 0; n < 8 && submitted < count; n++) {
      const start = performance.now();
      let i = 0;
      for (; i < 64 && submitted < count && storage.room > 0 && submitted - done < inFlight; i++) {
        unit
          .start(insert)
          .int(firstId + submitted)
          .int(submitted % 1000);
        unit.text('bob@example.org').int(1).bytes(stanza);
        const ticket = storage.submit(unit, submitted % 1000);
        base ??= ticket;
        submitted++;
      }
      submitMs += performance.now() - start;
      if (i > 0) began.set(base + submitted - 1, start);
      if (i < 64) return;
    }
    if (submitted < count) setImmediate(fill);
  };
  let done = 0;
  storage.onDone((upTo, failed) => {
    if (ended) return;
    if (failed) throw new TypeError([...failed.values()][0].message);
    done = upTo - base + 1;
    const now = performance.now();
    for (const [ticket, start] of began) {
      if (ticket > upTo) break;
      latencies.push(now - start);
      began.delete(ticket);
    }
    if (done >= count) finish();
    else fill();
  });
  const wallStart = performance.now();
  fill();
  await finished;
  ended = true;
  return {
    seconds: (performance.now() - wallStart) / 1000,
    submitMs,
    latencies: sorted(latencies),
  };
}

async function paced(storage, rate, seconds, firstId) {
  const insert = storage.statement('archive.insert');
  const unit = storage.unit();
  const waiting = [];
  const latencies = [];
  let ended = false;
  storage.onDone((upTo) => {
    if (ended) return;
    const now = performance.now();
    while (waiting.length > 0 && waiting[0][0] <= upTo) latencies.push(now - waiting.shift()[1]);
  });
  const start = performance.now();
  let sent = 0;
  while (performance.now() - start < seconds * 1000) {
    const due = Math.floor(((performance.now() - start) / 1000) * rate);
    for (; sent < due; sent++) {
      unit
        .start(insert)
        .int(firstId + sent)
        .int(1)
        .text('bob@example.org')
        .int(1)
        .bytes(stanza);
      waiting.push([storage.submit(unit, 1), performance.now()]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  ended = true;
  return sorted(latencies);
}

function report(name, figures) {
  const cells = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  console.log(`${name.padEnd(22)} ${cells.join(' · ')}`);
}

async function run(kind, mode, writerPid) {
  const storage = await open(mode);
  const count = Number(values.units);
  let nextId = Date.now() * 1000;
  await saturate(storage, 20_000, nextId);
  nextId += 20_000;
  const busyBefore = storage.stats().writerBusyMs;
  const loop = performance.eventLoopUtilization();
  const own = process.cpuUsage();
  const other = writerPid === undefined ? 0 : cpuMicros(writerPid);
  const { seconds, submitMs, latencies } = await saturate(storage, count, nextId);
  nextId += count;
  const used = process.cpuUsage(own);
  const stats = storage.stats();
  const busy = performance.eventLoopUtilization(loop);
  const all =
    used.user + used.system + (writerPid === undefined ? 0 : cpuMicros(writerPid) - other);
  report(`${kind} saturated`, {
    'units/s': Math.round(count / seconds),
    'submit µs': ((submitMs * 1000) / count).toFixed(2),
    'event loop µs': ((busy.active * 1000) / count).toFixed(2),
    'statements µs': (((stats.writerBusyMs - busyBefore) * 1000) / count).toFixed(2),
    'CPU µs (all)': (all / count).toFixed(2),
    'units/commit': Math.round(stats.done / stats.commits),
    'p50 ms': percentile(latencies, 0.5).toFixed(1),
    'p99 ms': percentile(latencies, 0.99).toFixed(1),
    'max ms': percentile(latencies, 1).toFixed(1),
    'max commit ms': stats.maxCommitMs.toFixed(1),
    'log MiB': (stats.walBytes / 2 ** 20).toFixed(0),
    'max checkpoint ms': stats.maxCheckpointMs.toFixed(0),
    'log resets': stats.logResets,
    'max reset ms': stats.maxLogResetMs.toFixed(0),
  });
  const rate = Number(values.rate);
  const ownPaced = process.cpuUsage();
  const otherPaced = writerPid === undefined ? 0 : cpuMicros(writerPid);
  const list = await paced(storage, rate, 5, nextId);
  const usedPaced = process.cpuUsage(ownPaced);
  const allPaced =
    usedPaced.user +
    usedPaced.system +
    (writerPid === undefined ? 0 : cpuMicros(writerPid) - otherPaced);
  report(`${kind} ${rate}/s`, {
    'CPU µs (all)': (allPaced / list.length).toFixed(0),
    'p50 ms': percentile(list, 0.5).toFixed(1),
    'p99 ms': percentile(list, 0.99).toFixed(1),
    'max ms': percentile(list, 1).toFixed(1),
  });
  for (const name of ['archive.page', 'archive.page.buffers']) {
    const page = storage.query(name);
    const pages = 4000;
    const before = process.cpuUsage();
    const start = performance.now();
    const loopBefore = performance.eventLoopUtilization();
    let rows = 0;
    for (let n = 0; n < pages; n += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => storage.read(page, [(n + i) % 1000, 0])),
      );
      for (const answer of answers) rows += answer.length;
    }
    const cpu = process.cpuUsage(before);
    const loopUsed = performance.eventLoopUtilization(loopBefore);
    report(`${kind} ${name}`, {
      'pages/s': Math.round((pages * 1000) / (performance.now() - start)),
      'CPU µs/page': ((cpu.user + cpu.system) / pages).toFixed(0),
      'event loop µs/page': ((loopUsed.active * 1000) / pages).toFixed(0),
      'rows/page': rows / pages,
    });
  }
  await storage.close();
}

try {
  console.log(`${path}, synchronous ${values.synchronous}, Node ${process.version}`);
  await run('thread', { kind: 'thread' });
  const socket = join(directory, 'store.sock');
  const entry = fileURLToPath(new URL('../dist/storage/sqlite/store-process.js', import.meta.url));
  const store = fork(entry, [
    '--path',
    path,
    '--socket',
    socket,
    '--synchronous',
    values.synchronous,
  ]);
  const ended = new Promise((resolve) => store.once('exit', resolve));
  await new Promise((resolve) => store.once('message', resolve));
  await run('process', { kind: 'socket', path: socket, worker: 1, incarnation: 1 }, store.pid);
  store.kill('SIGTERM');
  await ended;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
