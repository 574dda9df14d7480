// The one that commits: applies batches of units, finds the unit that breaks one, and knows whether the disk still takes any.
import type { Statement } from 'better-sqlite3';
import type { Clock } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';
import { PackedReader } from '../packed.ts';
import type { FailureCode, StorageState } from '../storage.ts';
import { messageOf, sqliteCode } from './database.ts';
import type { Connection } from './database.ts';
import type { Reserve } from './reserve.ts';
import { BATCH_HEADER_BYTES, FREES_BIT } from './wire.ts';
import type { UnitFailure } from './wire.ts';

/** What a failing disk takes for writing must be more than a page or two: the probe writes this much. */
const PROBE_BYTES = 64 * 1024;

/** Whose batches these are; the server keeps one for each connected Storage. */
export interface WriterClient {
  readonly worker: number;
  readonly incarnation: number;
  readonly nonce: string;
  readonly statements: readonly Statement[];
  /** Failures that the client may not know of yet. The writer adds; the server drops what is acknowledged. */
  failures: UnitFailure[];
}

/** A batch as it arrived. */
export interface Batch {
  readonly client: WriterClient;
  readonly number: number;
  readonly count: number;
  readonly frame: Buffer;
}

/** Applies batches. Not re-entrant, and nothing in it waits but for the disk. */
export class Writer {
  /** `failing` from the first sign of a full or broken disk until a probe succeeds. */
  state: StorageState = 'ok';
  /** From BEGIN to the end of the sync, of the last commit. */
  commitMs = 0;
  /** Time spent in statements since the start, without COMMIT. */
  busyMs = 0;
  readonly #db: Connection;
  readonly #reserve: Reserve;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reader = new PackedReader();
  readonly #arguments: unknown[][] = [];
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;
  readonly #undo: Statement;
  readonly #note: Statement;
  #failing: { code: FailureCode; message: string } | undefined;

  constructor(db: Connection, reserve: Reserve, clock: Clock, log: Log) {
    this.#db = db;
    this.#reserve = reserve;
    this.#clock = clock;
    this.#log = log;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#rollback = db.prepare('ROLLBACK');
    this.#savepoint = db.prepare('SAVEPOINT unit');
    this.#release = db.prepare('RELEASE unit');
    this.#undo = db.prepare('ROLLBACK TO unit');
    this.#note = db.prepare(
      `INSERT INTO batches (worker, incarnation, nonce, number, failures) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (worker) DO UPDATE SET incarnation = excluded.incarnation,
          nonce = excluded.nonce, number = excluded.number, failures = excluded.failures`,
    );
  }

  /**
   * Commits the batches in their order, with the numbers up to which each client's are on disk. When it returns, every
   * unit is on disk or among its client's failures.
   */
  apply(batches: readonly Batch[]): void {
    if (this.#failing !== undefined) {
      this.#applyFreeing(batches);
      return;
    }
    try {
      this.#transaction(batches, (batch) => this.#runAll(batch));
      return;
    } catch (error) {
      if (isDisk(failureCode(error))) {
        this.#fail(error);
        this.#applyFreeing(batches);
        return;
      }
    }
    this.#isolate(batches);
  }

  /** Asks a failing disk again. @returns whether the state is `ok` now */
  probe(): boolean {
    try {
      this.#reserve.make();
      this.#db.prepare('INSERT INTO storage_probe (filler) VALUES (zeroblob(?))').run(PROBE_BYTES);
      this.#db.prepare('DELETE FROM storage_probe').run();
    } catch (error) {
      this.#abandon();
      this.#reserve.give();
      this.#log.debug({ error: messageOf(error) }, 'the disk still takes nothing');
      return false;
    }
    this.#failing = undefined;
    this.state = 'ok';
    this.#log.info({}, 'the disk takes writes again');
    return true;
  }

  /** The batch is rolled back already: once more, each unit on its own, so that only those at fault are lost. */
  #isolate(batches: readonly Batch[]): void {
    const found: [WriterClient, UnitFailure][] = [];
    try {
      this.#transaction(batches, (batch) => this.#runEach(batch, found, () => undefined), found);
    } catch (error) {
      if (isDisk(failureCode(error))) {
        this.#fail(error);
        this.#applyFreeing(batches);
        return;
      }
      // Only a deferred constraint gets here: COMMIT fails though each unit was right.
      this.#log.error({ error: messageOf(error) }, 'a whole batch could not be committed');
      for (const batch of batches) this.#refuseAll(batch, 'bug', messageOf(error));
    }
  }

  /** What only takes rows away is tried, in the space that the reserve left; the rest is refused. */
  #applyFreeing(batches: readonly Batch[]): void {
    const { code, message } = this.#failing ?? { code: 'io', message: 'unknown' };
    if (!batches.some((batch) => hasFreeing(batch, this.#reader))) {
      for (const batch of batches) this.#refuseAll(batch, code, message);
      return;
    }
    const found: [WriterClient, UnitFailure][] = [];
    const refuse = (frees: boolean): { code: FailureCode; message: string } | undefined =>
      frees ? undefined : { code, message };
    try {
      this.#transaction(batches, (batch) => this.#runEach(batch, found, refuse), found);
    } catch (error) {
      for (const batch of batches) this.#refuseAll(batch, code, messageOf(error));
    }
  }

  /** @param found failures of this attempt, kept only when it commits */
  #transaction(
    batches: readonly Batch[],
    run: (batch: Batch) => void,
    found?: readonly (readonly [WriterClient, UnitFailure])[],
  ): void {
    const began = this.#clock.monotonicMs();
    try {
      this.#begin.run();
      for (const batch of batches) run(batch);
      this.#noteNumbers(batches, found ?? []);
      this.busyMs += this.#clock.monotonicMs() - began;
      this.#commit.run();
    } catch (error) {
      this.#abandon();
      throw error;
    }
    this.commitMs = this.#clock.monotonicMs() - began;
    for (const [client, failure] of found ?? []) client.failures.push(failure);
  }

  #noteNumbers(
    batches: readonly Batch[],
    found: readonly (readonly [WriterClient, UnitFailure])[],
  ): void {
    const last = new Map<WriterClient, number>();
    for (const { client, number } of batches) last.set(client, number);
    for (const [client, number] of last) {
      const fresh = found.filter(([whose]) => whose === client).map(([, failure]) => failure);
      const failures = [...client.failures, ...fresh];
      const { worker, incarnation, nonce } = client;
      const list = failures.length === 0 ? null : JSON.stringify(failures);
      this.#note.run(worker, incarnation, nonce, number, list);
    }
  }

  #runAll(batch: Batch): void {
    const reader = this.#reader;
    reader.reset(batch.frame, BATCH_HEADER_BYTES);
    for (let left = batch.count; left > 0; left--) {
      const bytes = (reader.u32() & ~FREES_BIT) >>> 0;
      this.#runUnit(batch.client, reader.at + bytes);
    }
  }

  #runEach(
    batch: Batch,
    found: [WriterClient, UnitFailure][],
    refuse: (frees: boolean) => { code: FailureCode; message: string } | undefined,
  ): void {
    const reader = this.#reader;
    const { client, number, frame } = batch;
    let at = BATCH_HEADER_BYTES;
    for (let index = 0; index < batch.count; index++) {
      reader.reset(frame, at);
      const header = reader.u32();
      at = reader.at + ((header & ~FREES_BIT) >>> 0);
      const refused = refuse(header >= FREES_BIT);
      if (refused !== undefined) {
        found.push([client, { batch: number, index, ...refused }]);
        continue;
      }
      this.#savepoint.run();
      try {
        this.#runUnit(client, at);
      } catch (error) {
        const code = failureCode(error);
        // A full or broken disk is no unit's fault; SQLite may have ended the transaction already.
        if (isDisk(code) || !this.#db.inTransaction) throw error;
        this.#undo.run();
        found.push([client, { batch: number, index, code, message: messageOf(error) }]);
      }
      this.#release.run();
    }
  }

  #runUnit(client: WriterClient, end: number): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const statement = client.statements[reader.u16()];
      const count = reader.u8();
      // PERF(docs/performance.md): one array for each number of parameters; a new one a statement costs 0.1 µs.
      const values = (this.#arguments[count] ??= new Array<unknown>(count).fill(null));
      for (let i = 0; i < count; i++) values[i] = reader.value('view');
      if (statement === undefined) throw new RangeError('no statement has this id');
      statement.run(values);
    }
  }

  #refuseAll(batch: Batch, code: FailureCode, message: string): void {
    for (let index = 0; index < batch.count; index++) {
      batch.client.failures.push({ batch: batch.number, index, code, message });
    }
  }

  #fail(error: unknown): void {
    const failing = { code: failureCode(error), message: messageOf(error) };
    this.#failing = failing;
    this.state = 'failing';
    this.#reserve.give();
    this.#log.error(failing, 'the disk takes no more writes');
  }

  /** SQLite ends some transactions by itself, on a full disk for one. */
  #abandon(): void {
    if (!this.#db.inTransaction) return;
    try {
      this.#rollback.run();
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'a transaction could not be rolled back');
    }
  }
}

function hasFreeing(batch: Batch, reader: PackedReader): boolean {
  let at = BATCH_HEADER_BYTES;
  for (let left = batch.count; left > 0; left--) {
    reader.reset(batch.frame, at);
    const header = reader.u32();
    if (header >= FREES_BIT) return true;
    at = reader.at + header;
  }
  return false;
}

function isDisk(code: FailureCode): boolean {
  return code === 'full' || code === 'io';
}

/** What SQLite's codes mean for a unit. https://sqlite.org/rescode.html */
function failureCode(error: unknown): FailureCode {
  const code = sqliteCode(error);
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_MISMATCH') return 'constraint';
  if (code === 'SQLITE_FULL') return 'full';
  const primary = code.split('_', 2).join('_');
  return IO_CODES.has(primary) ? 'io' : 'bug';
}

const IO_CODES: ReadonlySet<string> = new Set([
  'SQLITE_IOERR',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_PROTOCOL',
  'SQLITE_NOMEM',
]);
