// The way in: one Storage over SQLite, its writer in a thread, in the store process, or in the caller's turn.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Timers } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';
import type { Schema, Storage } from '../storage.ts';
import { Checkpointer } from './checkpointer.ts';
import { InlineCheckpoints } from './checkpoints.ts';
import { SqliteStorage } from './client.ts';
import type { ClientPorts } from './client.ts';
import { openCheckpointer } from './database.ts';
import type { Synchronous } from './database.ts';
import { inlineDial } from './inline-link.ts';
import type { Dial } from './link.ts';
import { inlineReader, threadReader } from './reader.ts';
import { StoreServer } from './server.ts';
import type { WriterOptions } from './server.ts';
import { socketDial } from './socket-link.ts';
import { threadDial } from './thread-link.ts';
import { WIRE_VERSION } from './wire.ts';
import type { Hello } from './wire.ts';

/** Where the writer is. */
export type StorageMode =
  /** A thread of this process, which then is the only one that may open the database. */
  | { readonly kind: 'thread' }
  /** The store process behind a Unix socket. A later process of a worker has a higher incarnation. */
  | {
      readonly kind: 'socket';
      readonly path: string;
      readonly worker: number;
      readonly incarnation: number;
    }
  /** A server in this thread, moved by `timers` alone: for the simulation, which may have several clients and crashes. */
  | {
      readonly kind: 'inline';
      readonly server: StoreServer;
      readonly worker: number;
      readonly incarnation: number;
    };

export interface StorageOptions {
  /** The database file, or `:memory:` for a temporary one that `close` removes (thread mode). */
  readonly path: string;
  readonly schema: Schema;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly mode: StorageMode;
  /** Default FULL: an answer means that the rows are on disk. Lower only to show what FULL is for. */
  readonly synchronous?: Synchronous;
  /** For tests: the database takes no more pages, as if the disk were full (thread mode). */
  readonly maxPages?: number;
  /** For tests: the bound behind `room`. */
  readonly maxWaitingUnits?: number;
}

/**
 * Opens the database, brings its tables to the schema's versions, prepares every statement.
 * @throws OperatorError (rejects) `db-directory-missing`, `db-directory-unwritable`, `db-locked`, `db-newer`,
 *   `db-migration`, `db-statement`, `db-not-a-database`, `db-corrupt`, `db-cannot-open`, `db-unreachable`,
 *   `db-stale-worker`, `db-wire-version`
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  if (options.path === ':memory:') return openTemporary(options);
  const { schema, mode, path, clock, timers, log } = options;
  const soon: ClientPorts['soon'] =
    mode.kind === 'inline' ? (run) => void timers.after(0, run) : (run) => void setImmediate(run);
  const hello: Hello = {
    version: WIRE_VERSION,
    worker: mode.kind === 'thread' ? 0 : mode.worker,
    incarnation: mode.kind === 'thread' ? 0 : mode.incarnation,
    nonce: randomBytes(12).toString('base64url'),
    migrations: schema.migrations,
    writes: schema.writes,
  };
  const { maxWaitingUnits } = options;
  const storage = new SqliteStorage(
    {
      schema,
      hello,
      dial: dialOf(options),
      ...(maxWaitingUnits === undefined ? {} : { maxWaitingUnits }),
    },
    { clock, timers, log, soon },
  );
  const reading = { path, queries: schema.reads };
  await storage.open(async () =>
    mode.kind === 'inline' ? inlineReader(reading, soon) : await threadReader(reading, soon, log),
  );
  return storage;
}

/** A server for `inline` mode. @throws OperatorError */
export function openInlineServer(
  options: WriterOptions,
  ports: { readonly clock: Clock; readonly timers: Timers; readonly log: Log },
): StoreServer {
  return new StoreServer(options, {
    ...ports,
    soon: (run) => void ports.timers.after(0, run),
    checkpoints: (listener) =>
      new InlineCheckpoints(
        new Checkpointer(openCheckpointer(options.path, options.synchronous), ports.clock),
        listener,
      ),
  });
}

function dialOf({ mode, path, synchronous, maxPages, timers }: StorageOptions): Dial {
  if (mode.kind === 'socket') return socketDial(mode.path);
  if (mode.kind === 'inline') return inlineDial(timers, mode.server);
  return threadDial({
    path,
    synchronous: synchronous ?? 'FULL',
    ...(maxPages === undefined ? {} : { maxPages }),
  });
}

/** Readers are connections of their own, which a database in memory cannot have: a file that goes away is as good. */
async function openTemporary(options: StorageOptions): Promise<Storage> {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const path = join(directory, 'xmppd.db');
    const storage = await openStorage({ synchronous: 'OFF', ...options, path });
    const close = storage.close.bind(storage);
    return Object.assign(storage, { close: () => close().finally(remove) });
  } catch (error) {
    remove();
    throw error;
  }
}
