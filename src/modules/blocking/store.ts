// The table `blocklist`.
import type { QueryId, Row, Schema, StatementId, Storage } from '../../storage/storage.ts';

export const BLOCKING_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'blocking',
      version: 1,
      sql: [
        `CREATE TABLE blocklist (
           owner BIGINT NOT NULL,
           jid TEXT NOT NULL,
           PRIMARY KEY (owner, jid)) WITHOUT ROWID`,
      ],
    },
  ],
  writes: [
    {
      name: 'blocking.add',
      sql: 'INSERT INTO blocklist (owner, jid) VALUES (?, ?) ON CONFLICT DO NOTHING',
    },
    {
      name: 'blocking.remove',
      sql: 'DELETE FROM blocklist WHERE owner = ? AND jid = ?',
      frees: true,
    },
    { name: 'blocking.clear', sql: 'DELETE FROM blocklist WHERE owner = ?', frees: true },
  ],
  reads: [{ name: 'blocking.load', sql: 'SELECT jid FROM blocklist WHERE owner = ?' }],
};

/** What an account leaves behind goes with it. */
export const BLOCKING_REMOVALS = ['blocking.clear'] as const;

export class BlockingStatements {
  readonly load: QueryId;
  readonly add: StatementId;
  readonly remove: StatementId;
  readonly clear: StatementId;

  constructor(storage: Storage) {
    this.load = storage.query('blocking.load');
    this.add = storage.statement('blocking.add');
    this.remove = storage.statement('blocking.remove');
    this.clear = storage.statement('blocking.clear');
  }
}

export function jidsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => row[0] as string);
}
