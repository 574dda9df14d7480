// Opening the database file: what lies beside it, who may write it, and the pragmas of each kind of connection.
import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { OperatorError } from '../../util/errors.ts';
import { sqlite } from './driver.ts';
import type { Sqlite } from './driver.ts';

export type Connection = Database.Database;

/** Nobody else writes; a connection waits so long for what a tool of the operator might hold. */
const BUSY_MS = 10_000;
/** Resetting the log waits for readers, and the writer with it: not for long. */
const RESET_BUSY_MS = 200;
const WRITER_CACHE_KIB = 4096;
const READER_CACHE_KIB = 1024;
/** What stays of the log file when it is reset, so that a burst does not occupy the disk for ever. */
const WAL_KEEP_BYTES = 64 * 1024 * 1024;

/** How commits reach the disk; anything but FULL is for tests that must show what FULL is for. */
export type Synchronous = 'FULL' | 'NORMAL' | 'OFF';

/** The files beside `xmppd.db`: `xmppd.lock`, `xmppd.reserve`. */
export function besideDatabase(path: string, extension: 'lock' | 'reserve'): string {
  return `${path.replace(/\.(db|sqlite3?)$/, '')}.${extension}`;
}

/** @throws OperatorError when the directory cannot hold a database */
export function checkDirectory(path: string): void {
  const directory = dirname(path);
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new OperatorError(
      'db-directory-missing',
      `the directory of the database, ${directory}, does not exist`,
      `create it and give it to the account that runs the server: install -d -m 0750 ${directory}`,
    );
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OperatorError(
      'db-directory-unwritable',
      `the directory of the database, ${directory}, is not writable`,
      'SQLite keeps files beside the database: give the directory to the account that runs the server',
      { cause },
    );
  }
}

/**
 * Holds the database for one writing process, until close() or the process's end, however it ends: the kernel lets go.
 * A database of its own carries the lock, since the data itself must stay readable for others.
 * @throws OperatorError `db-locked`
 */
export function lockDatabase(path: string): Connection {
  const lock = new (sqlite())(besideDatabase(path, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    if (!sqliteCode(cause).startsWith('SQLITE_BUSY')) throw openingError(path, cause);
    throw new OperatorError(
      'db-locked',
      `the database ${path} is open in another process`,
      'stop the other server first, or reach it through its control socket',
      { cause },
    );
  }
}

/** The one connection that writes. @throws OperatorError */
export function openWriter(path: string, synchronous: Synchronous): Connection {
  return opened(path, (Database) => {
    const fresh = !existsSync(path);
    const db = new Database(path, { timeout: BUSY_MS });
    // SECURITY: keys and messages; the log and its index take their mode from this file.
    if (fresh) chmodSync(path, 0o600);
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma('wal_autocheckpoint = 0');
    db.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`);
    db.pragma(`cache_size = -${WRITER_CACHE_KIB}`);
    db.pragma('foreign_keys = ON');
    db.pragma('temp_store = MEMORY');
    return db;
  });
}

/**
 * Starts the log over, with what little of it is not in the database yet.
 * @returns false when a read prevented it
 * @throws SqliteError; the log then goes on
 */
export function resetLog(db: Connection): boolean {
  db.pragma(`busy_timeout = ${RESET_BUSY_MS}`);
  try {
    const rows = db.pragma('wal_checkpoint(RESTART)') as { busy: number }[];
    return rows[0]?.busy === 0;
  } finally {
    db.pragma(`busy_timeout = ${BUSY_MS}`);
  }
}

/** A connection for checkpoints alone. @throws OperatorError */
export function openCheckpointer(path: string, synchronous: Synchronous): Connection {
  return opened(path, (Database) => {
    const db = new Database(path, { timeout: RESET_BUSY_MS, fileMustExist: true });
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma('wal_autocheckpoint = 0');
    db.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`);
    db.pragma('cache_size = -64');
    return db;
  });
}

/**
 * A connection that cannot write. No memory map: an I/O error would then be a SIGBUS and not an error.
 * @throws OperatorError
 */
export function openReader(path: string): Connection {
  return opened(path, (Database) => {
    const db = new Database(path, { timeout: BUSY_MS, readonly: true, fileMustExist: true });
    db.pragma(`cache_size = -${READER_CACHE_KIB}`);
    db.pragma('temp_store = MEMORY');
    return db;
  });
}

/** SQLite's extended code of what was thrown, '' for anything else. By shape: the add-on is shared by all realms. */
export function sqliteCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : '';
}

/** What was thrown, for a log line or an operator. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}

function opened(path: string, open: (Database: Sqlite) => Connection): Connection {
  const driver = sqlite();
  try {
    return open(driver);
  } catch (cause) {
    throw openingError(path, cause);
  }
}

function openingError(path: string, cause: unknown): OperatorError {
  const code = sqliteCode(cause);
  const said = messageOf(cause);
  if (code === 'SQLITE_NOTADB') {
    return new OperatorError(
      'db-not-a-database',
      `${path} is not an SQLite database`,
      'name another file in the configuration, or restore this one from a backup',
      { cause },
    );
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new OperatorError(
      'db-corrupt',
      `the database ${path} is damaged: ${said}`,
      'run `xmppd db check`, and restore it from a backup',
      { cause },
    );
  }
  return new OperatorError(
    'db-cannot-open',
    `the database ${path} cannot be opened: ${said}`,
    'check that the file and its directory belong to the account that runs the server',
    { cause },
  );
}
