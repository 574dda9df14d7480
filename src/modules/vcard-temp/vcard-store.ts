// The table `vcard`: one row for each account that has a vCard, and beside it what the module `search` looks for.
import type { QueryId, Schema, StatementId, Storage } from '../../storage/storage.ts';

/** `shown` is a JSON array of first, last, nick, email; the columns of these names hold them folded. */
export const VCARD_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'vcard',
      version: 1,
      sql: [
        `CREATE TABLE vcard (
           owner BIGINT PRIMARY KEY,
           content BLOB NOT NULL,
           listed INTEGER NOT NULL,
           shown TEXT NOT NULL,
           first TEXT NOT NULL,
           last TEXT NOT NULL,
           nick TEXT NOT NULL,
           email TEXT NOT NULL)`,
        'CREATE INDEX vcard_listed ON vcard (owner) WHERE listed = 1',
      ],
    },
  ],
  writes: [
    {
      name: 'vcard.put',
      sql: `INSERT INTO vcard (owner, content, listed, shown, first, last, nick, email)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (owner) DO UPDATE SET
              content = excluded.content, listed = excluded.listed, shown = excluded.shown,
              first = excluded.first, last = excluded.last, nick = excluded.nick, email = excluded.email`,
    },
    { name: 'vcard.forget', sql: 'DELETE FROM vcard WHERE owner = ?', frees: true },
  ],
  reads: [{ name: 'vcard.get', sql: 'SELECT content FROM vcard WHERE owner = ?', bytes: true }],
};

/** What an account leaves behind goes with it. */
export const VCARD_REMOVALS = ['vcard.forget'] as const;

export class VcardStore {
  readonly put: StatementId;
  readonly forget: StatementId;
  readonly get: QueryId;

  constructor(storage: Storage) {
    this.put = storage.statement('vcard.put');
    this.forget = storage.statement('vcard.forget');
    this.get = storage.query('vcard.get');
  }
}
