// Reads of the table that the module `vcard-temp` writes; joined with the accounts of one host.
import type { QueryId, Schema, Storage } from '../../storage/storage.ts';

/** Parameters: domain, 0 for everybody or 1 for those who want to be found, four patterns, limit. */
export const SEARCH_SCHEMA: Schema = {
  migrations: [],
  writes: [],
  reads: [
    {
      name: 'search.find',
      sql: `SELECT a.local, v.shown
            FROM vcard v JOIN accounts a ON a.id = v.owner
            WHERE a.domain = ? AND a.disabled = 0 AND v.listed >= ?
              AND v.first LIKE ? ESCAPE '!' AND v.last LIKE ? ESCAPE '!'
              AND v.nick LIKE ? ESCAPE '!' AND v.email LIKE ? ESCAPE '!'
            ORDER BY a.local LIMIT ?`,
    },
  ],
};

export class SearchStore {
  readonly find: QueryId;

  constructor(storage: Storage) {
    this.find = storage.query('search.find');
  }
}
