// What operators ask of a database file: is it sound, and a copy of it, also while the server writes.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { OperatorError } from '../../util/errors.ts';
import { checkDirectory, messageOf, openReader, sqliteCode } from './database.ts';
import type { Connection } from './database.ts';
import { schemaVersions } from './migrate.ts';

const MAX_PROBLEMS = 100;
/** Pages a step of the backup: progress, and the event loop in between. */
const STEP_PAGES = 1000;

export interface DatabaseReport {
  /** Nothing was found. */
  readonly sound: boolean;
  /** What `PRAGMA integrity_check` said, at most 100 lines. */
  readonly problems: readonly string[];
  /** Rows whose foreign key leads nowhere. */
  readonly brokenReferences: readonly { readonly table: string; readonly parent: string }[];
  /** The version of each feature's tables. */
  readonly schemaVersions: ReadonlyMap<string, number>;
  readonly sqliteVersion: string;
  readonly databaseBytes: number;
  /** Size of the write-ahead log beside it; what is in it belongs to the database. */
  readonly walBytes: number;
  readonly journalMode: string;
  /** Bytes of pages that are in use for nothing. */
  readonly freeBytes: number;
}

/**
 * Reads the whole database, also while a server has it open. Takes about a second for each gigabyte and blocks the caller.
 * @throws OperatorError when it cannot be opened, or is no database
 */
export function checkDatabase(path: string): DatabaseReport {
  const db = openExisting(path);
  try {
    const problems = said(() =>
      (db.pragma(`integrity_check(${MAX_PROBLEMS})`) as { integrity_check: string }[])
        .map((row) => row.integrity_check)
        .filter((line) => line !== 'ok'),
    );
    if (problems.length > 0) return { ...report(db, path), sound: false, problems };
    const broken = db.pragma('foreign_key_check') as { table: string; parent: string }[];
    return {
      ...report(db, path),
      sound: broken.length === 0,
      brokenReferences: broken
        .slice(0, MAX_PROBLEMS)
        .map(({ table, parent }) => ({ table, parent })),
    };
  } finally {
    db.close();
  }
}

/** What can be said of a database before it was read as a whole; a damaged one says less. */
function report(db: Connection, path: string): DatabaseReport {
  return {
    sound: true,
    problems: [],
    brokenReferences: [],
    schemaVersions: orElse(() => versions(db), new Map<string, number>()),
    sqliteVersion: db.prepare('SELECT sqlite_version()').pluck().get() as string,
    databaseBytes: sizeOf(path),
    walBytes: sizeOf(`${path}-wal`),
    journalMode: orElse(() => String(simple(db, 'journal_mode')), 'unknown'),
    freeBytes: orElse(
      () => Number(simple(db, 'freelist_count')) * Number(simple(db, 'page_size')),
      0,
    ),
  };
}

/** The lines of a check; damage that SQLite cannot read past is a line too. */
function said(lines: () => string[]): string[] {
  try {
    return lines();
  } catch (error) {
    if (!sqliteCode(error).startsWith('SQLITE_CORRUPT')) throw error;
    return [messageOf(error)];
  }
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (!sqliteCode(error).startsWith('SQLITE_CORRUPT')) throw error;
    return otherwise;
  }
}

/**
 * Copies the database as it is at this moment to a new file, also while a server writes.
 * @param onProgress pages copied, pages in all
 * @throws OperatorError (rejects) `db-backup-exists` when there is such a file already, `db-directory-missing`,
 *   `db-backup` when the copy fails: nothing is left of it
 */
export async function backupDatabase(
  path: string,
  target: string,
  onProgress: (copied: number, total: number) => void = () => undefined,
): Promise<void> {
  if (existsSync(target)) {
    throw new OperatorError('db-backup-exists', `${target} exists already`, 'name a new file');
  }
  checkDirectory(target);
  const part = `${target}.part`;
  rmSync(part, { force: true });
  const db = openExisting(path);
  try {
    // The copy starts again whenever somebody else commits, unless it reads from one snapshot.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await db.backup(part, {
      progress({ totalPages, remainingPages }) {
        onProgress(totalPages - remainingPages, totalPages);
        return STEP_PAGES;
      },
    });
    renameSync(part, target);
  } catch (cause) {
    rmSync(part, { force: true });
    const reason = messageOf(cause);
    throw new OperatorError(
      'db-backup',
      `the backup to ${target} failed: ${reason}`,
      'nothing was kept; check the room on that disk and try again',
      { cause },
    );
  } finally {
    db.close();
  }
}

function openExisting(path: string): Connection {
  if (!existsSync(path)) {
    throw new OperatorError(
      'db-missing',
      `there is no database at ${path}`,
      'the server makes it at its first start; check the path in the configuration',
    );
  }
  return openReader(path);
}

function versions(db: Connection): ReadonlyMap<string, number> {
  const table = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'";
  return db.prepare(table).get() === undefined ? new Map() : schemaVersions(db);
}

function simple(db: Connection, pragma: string): unknown {
  return db.pragma(pragma, { simple: true });
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
