// The table `last_activity`: when the last resource of an account left, and what it said.
import type { QueryId, Schema, StatementId, Storage } from '../../storage/storage.ts';

export const ACTIVITY_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'last-activity',
      version: 1,
      sql: [
        `CREATE TABLE last_activity (
           owner BIGINT PRIMARY KEY,
           at BIGINT NOT NULL,
           status TEXT NOT NULL)`,
      ],
    },
  ],
  writes: [
    {
      // Sessions of an account that is removed leave behind its rows: nothing is written for them.
      name: 'last-activity.put',
      sql: `INSERT INTO last_activity (owner, at, status)
            SELECT id, ?, ? FROM accounts WHERE id = ?
            ON CONFLICT (owner) DO UPDATE SET at = excluded.at, status = excluded.status`,
    },
    {
      name: 'last-activity.forget',
      sql: 'DELETE FROM last_activity WHERE owner = ?',
      frees: true,
    },
  ],
  reads: [
    { name: 'last-activity.get', sql: 'SELECT at, status FROM last_activity WHERE owner = ?' },
  ],
};

/** What an account leaves behind goes with it. */
export const ACTIVITY_REMOVALS = ['last-activity.forget'] as const;

export class ActivityStore {
  readonly put: StatementId;
  readonly get: QueryId;

  constructor(storage: Storage) {
    this.put = storage.statement('last-activity.put');
    this.get = storage.query('last-activity.get');
  }
}
