// The Storage over SQLite: gives tickets, gathers units per tick, resends what is not done, hands reads to the reader.
import type { Clock, TimerHandle, Timers } from '../../util/clock.ts';
import { InvariantError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { StorageError } from '../storage.ts';
import type {
  DoneListener,
  QueryId,
  Row,
  Schema,
  StatementId,
  Storage,
  StorageState,
  StorageStats,
  Ticket,
  Unit,
  Value,
} from '../storage.ts';
import { PackedUnit } from '../unit.ts';
import { WriterConnection } from './connection.ts';
import type { Dial } from './link.ts';
import { Outbox } from './outbox.ts';
import type { Completed } from './outbox.ts';
import type { PageReader } from './reads.ts';
import type { Done, Hello, Welcome } from './wire.ts';

/** Units and bytes that may wait for the disk; beyond, callers stop reading their sockets. */
export const MAX_WAITING_UNITS = 8192;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Reads that wait for a ticket or the reader. */
const MAX_WAITING_READS = 4096;
/** A frame goes out before the end of the tick when it holds this much: the writer can begin. */
const FULL_FRAME_UNITS = 512;
const FULL_FRAME_BYTES = 1024 * 1024;
const FAILING_AFTER_MS = 5000;
const CLOSE_LIMIT_MS = 10_000;

export interface ClientPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Runs at the end of this tick, after its I/O callbacks. */
  readonly soon: (run: () => void) => void;
}

export interface ClientOptions {
  readonly schema: Schema;
  readonly hello: Hello;
  readonly dial: Dial;
  readonly maxWaitingUnits?: number;
}

interface WaitingRead {
  readonly after: Ticket;
  readonly start: () => void;
  readonly refuse: (error: StorageError) => void;
}

export class SqliteStorage implements Storage {
  readonly #ports: ClientPorts;
  readonly #statements: ReadonlyMap<string, StatementId>;
  readonly #frees: readonly boolean[];
  readonly #queries: ReadonlyMap<string, QueryId>;
  readonly #maxWaitingUnits: number;
  readonly #outbox = new Outbox();
  readonly #connection: WriterConnection;
  readonly #doneListeners: DoneListener[] = [];
  readonly #stateListeners: ((state: StorageState) => void)[] = [];
  readonly #stats: StorageStats = emptyStats();
  #reader: PageReader | undefined;
  #waitingReads: WaitingRead[] = [];
  #flushDue = false;
  #writerState: StorageState = 'ok';
  #unreachable: TimerHandle | undefined;
  #state: StorageState = 'ok';
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ClientOptions, ports: ClientPorts) {
    const { schema, hello, dial } = options;
    this.#ports = ports;
    this.#maxWaitingUnits = options.maxWaitingUnits ?? MAX_WAITING_UNITS;
    this.#statements = numbered<StatementId>(schema.writes.map(({ name }) => name));
    this.#queries = numbered<QueryId>(schema.reads.map(({ name }) => name));
    this.#frees = schema.writes.map(({ frees }) => frees === true);
    this.#connection = new WriterConnection(dial, hello, ports, {
      welcome: (welcome) => this.#welcome(welcome),
      done: (done) => this.#done(done),
      lost: () => this.#lost(),
    });
  }

  /** Reaches the writer, which migrates; then the reader can open. @throws OperatorError (rejects) */
  async open(reader: () => Promise<PageReader>): Promise<void> {
    await this.#connection.open();
    try {
      this.#reader = await reader();
    } catch (error) {
      await this.#connection.close();
      throw error;
    }
  }

  statement(name: string): StatementId {
    return found(this.#statements, name);
  }

  query(name: string): QueryId {
    return found(this.#queries, name);
  }

  unit(): Unit {
    return new PackedUnit(this.#frees);
  }

  submit(unit: Unit, _owner: number): Ticket {
    // One writer keeps the order of all owners; a back-end with several would look at the owner.
    const packed = this.#packed(unit);
    if (this.#closing !== undefined) throw closedError();
    if (this.#state === 'failing' && !packed.onlyFrees) {
      throw new StorageError('resource-constraint', 'the database takes no writes at present');
    }
    if (this.room === 0) throw new StorageError('overloaded', 'too many units wait for the disk');
    packed.complete();
    const ticket = this.#outbox.add(packed);
    packed.clear();
    const { openUnits, openBytes } = this.#outbox;
    if (openUnits >= FULL_FRAME_UNITS || openBytes >= FULL_FRAME_BYTES) this.#flush();
    else if (!this.#flushDue) {
      this.#flushDue = true;
      this.#ports.soon(() => {
        this.#flushDue = false;
        this.#flush();
      });
    }
    return ticket;
  }

  onDone(listener: DoneListener): void {
    this.#doneListeners.push(listener);
  }

  onState(listener: (state: StorageState) => void): void {
    this.#stateListeners.push(listener);
  }

  read(query: QueryId, params: readonly Value[], after: Ticket = 0): Promise<readonly Row[]> {
    const reader = this.#reader;
    if (reader === undefined || this.#closing !== undefined) return Promise.reject(closedError());
    if (this.#waitingReads.length + reader.waiting >= MAX_WAITING_READS) {
      return Promise.reject(new StorageError('overloaded', 'too many reads wait'));
    }
    if (after <= this.#outbox.done) return reader.read(query, params);
    return new Promise((resolve, refuse) => {
      const start = (): void => void reader.read(query, params).then(resolve, refuse);
      this.#waitingReads.push({ after, start, refuse });
    });
  }

  get room(): number {
    const { submitted, done, bytes } = this.#outbox;
    return bytes >= MAX_WAITING_BYTES ? 0 : Math.max(0, this.#maxWaitingUnits - submitted + done);
  }

  get state(): StorageState {
    return this.#state;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): StorageStats {
    const stats = this.#stats;
    stats.submitted = this.#outbox.submitted;
    stats.done = this.#outbox.done;
    stats.readsWaiting = this.#waitingReads.length + (this.#reader?.waiting ?? 0);
    stats.reads = this.#reader?.reads ?? 0;
    stats.reconnects = this.#connection.reconnects;
    return stats;
  }

  /** @throws InvariantError for a unit that was not made by `unit()` */
  #packed(unit: Unit): PackedUnit {
    if (unit instanceof PackedUnit) return unit;
    throw new InvariantError('a unit of another back-end');
  }

  #flush(): void {
    const sent = this.#outbox.take();
    if (sent === undefined) return;
    this.#stats.frames++;
    this.#connection.send(sent.frame);
  }

  #welcome({ done, failures, state }: Welcome): void {
    this.#unreachable?.cancel();
    this.#unreachable = undefined;
    this.#writerState = state;
    // What had been committed before the link broke is done; the rest goes again, under its old numbers, before
    // a listener can submit more.
    for (const { number, frame } of this.#outbox.sent) {
      if (number > done) this.#connection.send(frame);
    }
    this.#setState();
    this.#completed(this.#outbox.complete(done, failures));
  }

  #done(done: Done): void {
    const { figures } = done;
    const stats = this.#stats;
    stats.lastCommitMs = figures.commitMs;
    stats.maxCommitMs = Math.max(stats.maxCommitMs, figures.commitMs);
    stats.writerBusyMs = figures.busyMs;
    stats.walBytes = figures.walBytes;
    stats.lastCheckpointMs = figures.lastCheckpointMs;
    stats.maxCheckpointMs = figures.maxCheckpointMs;
    stats.logResets = figures.resets;
    stats.maxLogResetMs = figures.maxResetMs;
    this.#writerState = done.state;
    // Before the units' answers, so that who hears of a failure finds the state that explains it.
    this.#setState();
    this.#completed(this.#outbox.complete(done.done, done.failures));
  }

  #completed(completed: Completed | undefined): void {
    if (completed === undefined) return;
    const { upTo, failed } = completed;
    this.#stats.commits++;
    this.#stats.failed += failed?.size ?? 0;
    for (const listener of this.#doneListeners) listener(upTo, failed);
    if (this.#waitingReads.length > 0) this.#startReads();
    if (this.#outbox.done === this.#outbox.submitted) this.#drained?.();
  }

  #startReads(): void {
    const waiting = this.#waitingReads;
    this.#waitingReads = waiting.filter(({ after }) => after > this.#outbox.done);
    for (const read of waiting) if (read.after <= this.#outbox.done) read.start();
  }

  #lost(): void {
    if (this.#state === 'failing') return;
    this.#unreachable ??= this.#ports.timers.after(FAILING_AFTER_MS, () => this.#setState());
  }

  #setState(): void {
    const state = this.#unreachable !== undefined ? 'failing' : this.#writerState;
    if (state === this.#state) return;
    this.#state = state;
    this.#ports.log[state === 'ok' ? 'info' : 'error']({ state }, 'storage changed its state');
    for (const listener of this.#stateListeners) listener(state);
  }

  async #close(): Promise<void> {
    this.#flush();
    const drained = await this.#drain();
    const refused = closedError();
    for (const read of this.#waitingReads.splice(0)) read.refuse(refused);
    await this.#reader?.close();
    await this.#connection.close();
    this.#unreachable?.cancel();
    if (drained) return;
    const left = this.#outbox.submitted - this.#outbox.done;
    throw new StorageError('resource-constraint', `${left} units did not reach the disk`);
  }

  #drain(): Promise<boolean> {
    if (this.#outbox.done === this.#outbox.submitted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const limit = this.#ports.timers.after(CLOSE_LIMIT_MS, () => resolve(false));
      this.#drained = () => {
        limit.cancel();
        resolve(true);
      };
    });
  }
}

function numbered<Id extends number>(names: readonly string[]): ReadonlyMap<string, Id> {
  const ids = new Map(names.map((name, index) => [name, index as Id]));
  if (ids.size !== names.length) throw new InvariantError('two statements have the same name');
  return ids;
}

function found<Id>(ids: ReadonlyMap<string, Id>, name: string): Id {
  const id = ids.get(name);
  if (id === undefined) throw new InvariantError(`no statement is called ${name}`);
  return id;
}

function closedError(): StorageError {
  return new StorageError('closed', 'the storage is closed');
}

function emptyStats(): StorageStats {
  return {
    submitted: 0,
    done: 0,
    failed: 0,
    frames: 0,
    commits: 0,
    lastCommitMs: 0,
    maxCommitMs: 0,
    writerBusyMs: 0,
    walBytes: 0,
    lastCheckpointMs: 0,
    maxCheckpointMs: 0,
    logResets: 0,
    maxLogResetMs: 0,
    reads: 0,
    readsWaiting: 0,
    reconnects: 0,
  };
}
