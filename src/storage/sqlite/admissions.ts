// Who may write: one client for each worker, the newest incarnation, after all that its predecessor sent.
import type { Statement } from 'better-sqlite3';
import type { TimerHandle, Timers } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import { messageOf } from './database.ts';
import type { Connection } from './database.ts';
import type { Link } from './link.ts';
import { migrate } from './migrate.ts';
import { WIRE_VERSION } from './wire.ts';
import type { Hello, UnitFailure, Welcome } from './wire.ts';
import type { WriterClient } from './writer.ts';

/** A predecessor whose process is gone has its socket closed by the kernel; one that hangs is cut off after this. */
const PREDECESSOR_MS = 5000;

/** One connection. */
export interface Peer {
  readonly link: Link;
  /** Set when its hello was accepted. */
  client: WriterClient | undefined;
  /** The last batch that arrived. */
  received: number;
  /** The last batch that was answered. */
  done: number;
  open: boolean;
}

export type Admission = Omit<Welcome, 'state'>;

interface Waiting {
  readonly peer: Peer;
  readonly hello: Hello;
  readonly answer: (result: Admission | OperatorError) => void;
  limit: TimerHandle | undefined;
}

interface BatchRow {
  readonly nonce: string;
  readonly number: number;
  readonly failures: string | null;
}

export class Admissions {
  /** Connections with an accepted hello, by worker. */
  readonly #peers = new Map<number, Peer>();
  readonly #newest = new Map<number, number>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #statements = new Map<string, Statement>();
  readonly #db: Connection;
  readonly #timers: Timers;
  readonly #drain: () => void;

  /** @param drain commits every batch that has arrived */
  constructor(db: Connection, timers: Timers, drain: () => void) {
    this.#db = db;
    this.#timers = timers;
    this.#drain = drain;
  }

  get peers(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** Decides on a hello, at once or when the worker's former connection has ended. */
  hello(peer: Peer, hello: Hello, answer: (result: Admission | OperatorError) => void): void {
    const { worker } = hello;
    if (hello.version !== WIRE_VERSION) {
      answer(wireError(hello.version));
      return;
    }
    const waiting: Waiting = { peer, hello, answer, limit: undefined };
    const former = this.#peers.get(worker);
    if (former === undefined) {
      this.#admit(waiting);
      return;
    }
    const before = this.#waiting.get(worker);
    before?.limit?.cancel();
    before?.peer.link.close();
    // What it sent before it died may still be on its way: it belongs before anything of the successor.
    waiting.limit = this.#timers.after(PREDECESSOR_MS, () => former.link.abort());
    this.#waiting.set(worker, waiting);
  }

  /** A connection ended; its batches that arrived still commit. */
  gone(peer: Peer): void {
    peer.open = false;
    const worker = peer.client?.worker;
    if (worker === undefined || this.#peers.get(worker) !== peer) return;
    this.#peers.delete(worker);
    const next = this.#waiting.get(worker);
    if (next === undefined) return;
    this.#waiting.delete(worker);
    next.limit?.cancel();
    if (next.peer.open) this.#admit(next);
  }

  #admit({ peer, hello, answer }: Waiting): void {
    const { worker, incarnation, nonce } = hello;
    const newest = this.#newest.get(worker) ?? incarnation;
    if (incarnation < newest) {
      answer(staleError(worker, incarnation, newest));
      return;
    }
    this.#drain();
    try {
      const row = this.#lastBatch(worker);
      const known = row !== undefined && row.nonce === nonce;
      // During a roll-over an older worker may come back after a newer one has migrated: its tables were checked once.
      if (!known) migrate(this.#db, hello.migrations);
      const failures =
        known && row.failures !== null ? (JSON.parse(row.failures) as UnitFailure[]) : [];
      const statements = hello.writes.map(({ name, sql }) => this.#prepare(name, sql));
      const done = known ? row.number : 0;
      this.#newest.set(worker, incarnation);
      peer.client = { worker, incarnation, nonce, statements, failures };
      peer.received = done;
      peer.done = done;
      this.#peers.set(worker, peer);
      answer({ done, failures });
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      answer(error);
    }
  }

  #lastBatch(worker: number): BatchRow | undefined {
    return this.#db
      .prepare<[number], BatchRow>('SELECT nonce, number, failures FROM batches WHERE worker = ?')
      .get(worker);
  }

  #prepare(name: string, sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    try {
      const statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
      return statement;
    } catch (cause) {
      throw statementError(name, cause);
    }
  }
}

/** A registered statement that SQLite does not take: the feature's mistake, or a database made by another one. */
export function statementError(name: string, cause: unknown): OperatorError {
  const said = messageOf(cause);
  return new OperatorError(
    'db-statement',
    `the statement ${name} does not fit the database: ${said}`,
    'run `xmppd db check`; if the database is sound, report it with this message',
    { cause },
  );
}

function wireError(version: number): OperatorError {
  return new OperatorError(
    'db-wire-version',
    `a worker speaks version ${version} to the store, which speaks ${WIRE_VERSION}`,
    'restart the whole server: store and workers must come from one installation',
  );
}

function staleError(worker: number, incarnation: number, newest: number): OperatorError {
  return new OperatorError(
    'db-stale-worker',
    `incarnation ${incarnation} of worker ${worker} came back after ${newest}`,
    'nothing to do: the old process should end by itself; if it does not, stop it',
  );
}
