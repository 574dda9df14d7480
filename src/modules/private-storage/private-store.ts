// The table `private`: one row for each element that an account keeps, by its namespace and name.
import type { QueryId, Schema, StatementId, Storage } from '../../storage/storage.ts';

export const PRIVATE_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'private',
      version: 1,
      sql: [
        `CREATE TABLE private (
           owner BIGINT NOT NULL,
           ns TEXT NOT NULL,
           name TEXT NOT NULL,
           content BLOB NOT NULL,
           PRIMARY KEY (owner, ns, name)) WITHOUT ROWID`,
      ],
    },
  ],
  writes: [
    {
      name: 'private.put',
      sql: `INSERT INTO private (owner, ns, name, content) VALUES (?, ?, ?, ?)
            ON CONFLICT (owner, ns, name) DO UPDATE SET content = excluded.content`,
    },
    { name: 'private.forget', sql: 'DELETE FROM private WHERE owner = ?', frees: true },
  ],
  reads: [
    {
      name: 'private.get',
      sql: 'SELECT content FROM private WHERE owner = ? AND ns = ? AND name = ?',
      bytes: true,
    },
    {
      name: 'private.sizes',
      sql: 'SELECT ns, name, LENGTH(content) FROM private WHERE owner = ?',
    },
  ],
};

/** What an account leaves behind goes with it. */
export const PRIVATE_REMOVALS = ['private.forget'] as const;

export class PrivateStore {
  readonly put: StatementId;
  readonly get: QueryId;
  readonly sizes: QueryId;

  constructor(storage: Storage) {
    this.put = storage.statement('private.put');
    this.get = storage.query('private.get');
    this.sizes = storage.query('private.sizes');
  }
}
