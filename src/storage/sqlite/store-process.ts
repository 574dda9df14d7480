// Process entry: the writer for all workers of one machine. `--path <database> --socket <path>`, `--synchronous`,
// `--max-pages`. Says "ready" on standard output, and `{ ready: true }` to a parent with a channel; its log is JSON lines on
// standard error. SIGTERM: commits and answers what has arrived, exits 0. Exit code 3: the database cannot be opened.
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../util/errors.ts';
import { systemClock, systemTimers } from '../../util/system-clock.ts';
import { ThreadCheckpoints } from './checkpoints.ts';
import type { Synchronous } from './database.ts';
import { lineLog } from './line-log.ts';
import { StoreServer } from './server.ts';
import type { WriterOptions } from './server.ts';
import { socketLink } from './socket-link.ts';

const EXIT_CANNOT_OPEN = 3;

const { values } = parseArgs({
  options: {
    path: { type: 'string' },
    socket: { type: 'string' },
    synchronous: { type: 'string', default: 'FULL' },
    'max-pages': { type: 'string' },
  },
});

function argument(name: 'path' | 'socket'): string {
  const value = values[name];
  if (value !== undefined) return value;
  throw new OperatorError(
    'db-arguments',
    `--${name} is missing`,
    'the supervisor starts this process',
  );
}

const log = lineLog(({ level, fields, message }) => {
  if (level === 'debug') return;
  process.stderr.write(`${JSON.stringify({ level, part: 'store', ...fields, message })}\n`);
});

function start(): void {
  const socketPath = argument('socket');
  const maxPages = values['max-pages'];
  const options: WriterOptions = {
    path: argument('path'),
    synchronous: values.synchronous as Synchronous,
    ...(maxPages === undefined ? {} : { maxPages: Number(maxPages) }),
  };
  const store = new StoreServer(options, {
    clock: systemClock,
    timers: systemTimers,
    log,
    soon: setImmediate,
    checkpoints: (listener) => new ThreadCheckpoints(options, listener),
  });
  const listener = createServer((socket) => {
    store.accept((events) => socketLink(socket, events));
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    listener.close();
    store.stop();
    if (process.connected) process.disconnect();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The supervisor is gone: nobody would start us again, and nobody must find the database locked.
  process.on('disconnect', stop);
  // The lock is ours, so whoever left a socket there is dead.
  rmSync(socketPath, { force: true });
  listener.listen(socketPath, () => {
    chmodSync(socketPath, 0o600);
    process.stdout.write('ready\n');
    process.send?.({ ready: true });
  });
}

try {
  start();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  const { code, message, hint } = error;
  log.error({ code, hint }, message);
  process.exitCode = EXIT_CANNOT_OPEN;
  process.send?.({ ready: false, code, message, hint });
  if (process.connected) process.disconnect();
}
