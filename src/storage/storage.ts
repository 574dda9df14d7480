// The storage port: rows written in units that commit whole and in order, rows read one page at a time.
// Features bring their tables and statements (see Schema); back-ends execute them and know no feature.
import type { Bytes } from '../xml/bytes.ts';

/** What a column or a parameter can hold. Numbers are integers up to 2^53 or doubles; strings are TEXT, Buffers are BLOB. */
export type Value = string | number | Buffer | null;

/** The number of a submitted unit: 1 for the first of a Storage, one more for each that follows. */
export type Ticket = number;

declare const statementBrand: unique symbol;
declare const queryBrand: unique symbol;

/** A registered write, as `Storage.statement` returns it. */
export type StatementId = number & { readonly [statementBrand]: 'StatementId' };

/** A registered read, as `Storage.query` returns it. */
export type QueryId = number & { readonly [queryBrand]: 'QueryId' };

/** A write. Parameters are positional `?`. Names are unique within a schema: `archive.insert`. */
export interface StatementDef {
  readonly name: string;
  readonly sql: string;
  /**
   * The statement only takes rows away. Units made of such statements alone are still accepted
   * while the disk is full, because they are what makes room.
   */
  readonly frees?: boolean;
}

/** A read. Parameters are positional `?`; one call is one page and one read transaction. */
export interface QueryDef {
  readonly name: string;
  readonly sql: string;
  /** BLOB columns arrive as `Bytes` strings (one byte a code unit), ready for the wire, and not as Buffers. */
  readonly bytes?: boolean;
  /** The page ends with the first row that begins beyond so many bytes: for rows whose size others choose. */
  readonly pageBytes?: number;
}

/** One step of a feature's tables. Versions of a feature count 1, 2, 3 without a gap; a step is one transaction. */
export interface Migration {
  readonly feature: string;
  readonly version: number;
  readonly sql: readonly string[];
}

/** Everything that features want of the database; complete before the storage is opened. */
export interface Schema {
  readonly migrations: readonly Migration[];
  readonly writes: readonly StatementDef[];
  readonly reads: readonly QueryDef[];
}

/**
 * The rows that one owner must write for one event, in the order in which they were added.
 * Reusable: `submit` copies it out and empties it, so that an engine needs one per nesting level, not one per stanza.
 * Nothing that is added is kept by reference.
 */
export interface Unit {
  /** Nothing was added since the last `submit` or `clear`. */
  readonly empty: boolean;
  /** Adds an execution with its parameters. The convenient form of `start` with `int`, `text`, `blob`, `nil`. */
  add(statement: StatementId, ...params: Value[]): this;
  /** Begins an execution; its parameters follow in order, by the methods below. No allocation. */
  start(statement: StatementId): this;
  /** A number parameter; an integer up to 2^53 is stored as INTEGER. @throws InvariantError for NaN and infinities */
  int(value: number): this;
  /** A TEXT parameter. */
  text(value: string): this;
  /** A BLOB parameter. */
  blob(value: Uint8Array): this;
  /** A BLOB parameter from a byte string of the path, without encoding it again. */
  bytes(value: Bytes): this;
  /** A NULL parameter. */
  nil(): this;
  /**
   * A number parameter that is asked for when the unit is submitted: an id that must follow the order of submission
   * although the unit waits. Asked once for each submission that is tried.
   */
  late(value: () => number): this;
  /** Forgets what was added. */
  clear(): void;
}

/**
 * Why a unit was not applied.
 * `constraint`: it broke a constraint of its tables; `full`: no space on the disk; `io`: the disk or the database failed;
 * `bug`: the statement itself is wrong (parameter count, type, unknown id).
 */
export type FailureCode = 'constraint' | 'full' | 'io' | 'bug';

/** The answer for one unit that failed. Nothing of the unit is in the database. */
export interface StorageFailure {
  readonly code: FailureCode;
  /** For the log; never shown to XMPP clients. */
  readonly message: string;
}

/**
 * Why a call was refused.
 * `resource-constraint`: the disk is full, failing, or the writer is out of reach (submit); `overloaded`: the caller
 * ignored `room`, or too many reads wait; `closed`: after `close`; `query`: a read failed in the database.
 */
export type StorageErrorCode = 'resource-constraint' | 'overloaded' | 'closed' | 'query';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  override readonly name = 'StorageError';

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Figures for metrics; counters since this Storage was opened unless they say otherwise. Plain fields, read on scrape. */
export interface StorageStats {
  /** Units accepted by `submit`. */
  submitted: number;
  /** Units answered, failures among them. */
  done: number;
  /** Units answered with a failure. */
  failed: number;
  /** Frames sent to the writer. */
  frames: number;
  /** Answers of the writer: commits that held units of this client. */
  commits: number;
  /** The writer's last commit, and the longest so far, from BEGIN to the end of the sync. */
  lastCommitMs: number;
  maxCommitMs: number;
  /** Time the writer spent in statements, without the syncs; all its clients. */
  writerBusyMs: number;
  /** The write-ahead log as last measured; all clients. */
  walBytes: number;
  /** Duration of the last checkpoint and of the longest so far, in the writer's process. */
  lastCheckpointMs: number;
  maxCheckpointMs: number;
  /** Times that the writer stood still to start the log over, and the longest of them. */
  logResets: number;
  maxLogResetMs: number;
  reads: number;
  readsWaiting: number;
  /** Times the connection to the writer was made again. */
  reconnects: number;
}

/**
 * Durable rows.
 *
 * **Order.** Units of one Storage commit in the order submitted (so those of one owner do), each whole or not at all;
 * later units may share its commit. Units of different Storages (workers) are not ordered against each other.
 * **Durability.** `onDone` names a ticket only after the sync that follows the write of its rows.
 * **Loss.** A crash of this process may lose units not yet done, always a suffix of what was submitted. A crash of the
 * writer alone loses nothing: what is not done is sent again, and what had been committed is not applied twice.
 * **Concurrency.** Calls are synchronous and never re-enter the caller; answers come in a later turn of the event loop.
 */
export interface Storage {
  /** The id of a registered write. Resolve once, at start. @throws InvariantError if no such statement is in the schema */
  statement(name: string): StatementId;

  /** The id of a registered read. Resolve once, at start. @throws InvariantError if no such query is in the schema */
  query(name: string): QueryId;

  /** A new, empty unit. Keep and reuse it. */
  unit(): Unit;

  /**
   * Takes the unit's rows and empties the unit.
   * @param owner whose rows these are: an integer id of `addresses`, 0 for rows of the server itself. A back-end may
   *   commit different owners in parallel, never the same one.
   * @returns the unit's ticket
   * @throws StorageError `overloaded` when `room` is 0, `resource-constraint` while `state` is `failing` (unless the
   *   unit only frees), `closed`. The unit keeps its rows then.
   */
  submit(unit: Unit, owner: number): Ticket;

  /**
   * Called once per commit that held units of this Storage: every ticket up to `upTo` is on disk, save those that
   * `failed` names. `failed` holds only tickets that no earlier call covered. Also the moment to look at `room` again.
   */
  onDone(listener: DoneListener): void;

  /** Called when `state` changes. */
  onState(listener: (state: StorageState) => void): void;

  /**
   * One page of rows, each an array in the order of the columns. Everything in them owns its memory.
   * Runs outside the event loop on a read-only connection. Reads are not ordered among each other.
   * @param after the read sees this unit (and all before it): it waits until the ticket is done
   * @throws StorageError (rejects) `overloaded`, `closed`, `query`
   */
  read(query: QueryId, params: readonly Value[], after?: Ticket): Promise<readonly Row[]>;

  /** How many more units may be submitted now. At 0 the caller stops reading its sockets until `onDone`. */
  readonly room: number;

  /** `failing`: disk full, I/O error, or no writer for 5 s; a probe each second brings it back to `ok`. */
  readonly state: StorageState;

  /** Refuses new units, waits (at most 10 s) until all submitted ones are done, lets go of the database. Idempotent. */
  close(): Promise<void>;

  stats(): StorageStats;
}

/** One row of a page. */
export type Row = readonly Value[];

export type StorageState = 'ok' | 'failing';

export type DoneListener = (
  upTo: Ticket,
  failed: ReadonlyMap<Ticket, StorageFailure> | undefined,
) => void;
