// Tables and their versions: each step of a feature runs once, in a transaction of its own with the note that it ran.
import { InvariantError, OperatorError } from '../../util/errors.ts';
import type { Migration } from '../storage.ts';
import { messageOf } from './database.ts';
import type { Connection } from './database.ts';

const VERSIONS = `CREATE TABLE IF NOT EXISTS schema_versions
  (feature TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID`;

/** The back-end's own tables: the last batch of each worker, and what a probe writes while the disk is full. */
const OWN_MIGRATIONS: readonly Migration[] = [
  {
    feature: 'storage',
    version: 1,
    sql: [
      `CREATE TABLE batches (worker INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL,
        nonce TEXT NOT NULL, number INTEGER NOT NULL, failures TEXT)`,
      'CREATE TABLE storage_probe (id INTEGER PRIMARY KEY, filler BLOB)',
    ],
  },
];

/** The version of each feature's tables. */
export function schemaVersions(db: Connection): Map<string, number> {
  const rows = db.prepare('SELECT feature, version FROM schema_versions').raw().all();
  return new Map(rows as [string, number][]);
}

/** Makes the back-end's own tables. @throws OperatorError `db-newer`, `db-migration` */
export function migrateOwn(db: Connection): void {
  db.exec(VERSIONS);
  migrate(db, OWN_MIGRATIONS);
}

/**
 * Brings every feature to its newest version. Features of the database that `migrations` does not name are left alone.
 * @returns the steps that ran
 * @throws OperatorError `db-newer` when the database has a version that the program does not know, before any step
 *   runs; `db-migration` when a step fails: it is undone, earlier ones stay
 */
export function migrate(db: Connection, migrations: readonly Migration[]): Migration[] {
  const newest = newestVersions(migrations);
  const present = schemaVersions(db);
  for (const [feature, version] of newest) {
    const found = present.get(feature) ?? 0;
    if (found <= version) continue;
    throw new OperatorError(
      'db-newer',
      `the database has version ${found} of the tables of ${feature}; this program knows ${version}`,
      'run the program that wrote it, or restore a backup from before the upgrade',
    );
  }
  const due = migrations.filter((step) => step.version > (present.get(step.feature) ?? 0));
  const note = db.prepare(
    `INSERT INTO schema_versions (feature, version) VALUES (?, ?)
      ON CONFLICT (feature) DO UPDATE SET version = excluded.version`,
  );
  for (const step of due) {
    try {
      db.transaction(() => {
        for (const sql of step.sql) db.exec(sql);
        note.run(step.feature, step.version);
      }).immediate();
    } catch (cause) {
      const said = messageOf(cause);
      throw new OperatorError(
        'db-migration',
        `version ${step.version} of the tables of ${step.feature} could not be made: ${said}`,
        'nothing of this step was kept; make a backup and report it with this message',
        { cause },
      );
    }
  }
  return due;
}

function newestVersions(migrations: readonly Migration[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { feature, version } of migrations) {
    const last = newest.get(feature) ?? 0;
    if (version !== last + 1) {
      throw new InvariantError(`migrations of ${feature}: ${version} follows ${last}`);
    }
    newest.set(feature, version);
  }
  return newest;
}
