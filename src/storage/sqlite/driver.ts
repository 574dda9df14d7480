// Which build of the SQLite add-on is loaded. docs/decisions/0001 has the reason for two.
import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';
import { OperatorError } from '../../util/errors.ts';

/** `new (sqlite())(path)` is a connection. */
export type Sqlite = typeof Database;

/**
 * The first Node-API version that the add-on of `better-sqlite3-napi` needs. An older Node.js loads it all the same and
 * dies of a segmentation fault at the first connection.
 */
const NODE_API_OF_13 = 10;

/** @param nodeApi the highest Node-API version that the process offers; Node.js 20 has 9, 22.14 and later 10 or more */
export function sqlitePackage(nodeApi: number): 'better-sqlite3' | 'better-sqlite3-napi' {
  return nodeApi >= NODE_API_OF_13 ? 'better-sqlite3-napi' : 'better-sqlite3';
}

/**
 * The add-on that fits the Node.js which runs this. Loaded at the first call; the module cache keeps it.
 * @throws OperatorError `db-driver-missing` when it was not installed or does not load
 */
export function sqlite(): Sqlite {
  const name = sqlitePackage(Number(process.versions['napi']));
  try {
    return createRequire(import.meta.url)(name) as Sqlite;
  } catch (cause) {
    const [said] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1);
    throw new OperatorError(
      'db-driver-missing',
      `the package ${name} cannot be loaded: ${said}`,
      'install again with this version of Node.js, without leaving out optional packages; Node.js below 22.14 needs a C++ compiler, make and Python for it',
      { cause },
    );
  }
}
