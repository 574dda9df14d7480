// Tables of what the server says to its users, and of their log-ins.
import type { QueryId, Schema, StatementId, Storage } from '../../storage/storage.ts';

export const SERVER_ADMIN_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'server-admin',
      version: 1,
      sql: [
        `CREATE TABLE notices (
           domain TEXT NOT NULL,
           kind TEXT NOT NULL,
           id BIGINT NOT NULL,
           text TEXT NOT NULL,
           PRIMARY KEY (domain, kind)) WITHOUT ROWID`,
        'CREATE TABLE notices_seen (owner BIGINT PRIMARY KEY, id BIGINT NOT NULL)',
        'CREATE TABLE log_ins (owner BIGINT PRIMARY KEY, at BIGINT NOT NULL)',
      ],
    },
  ],
  writes: [
    {
      name: 'notices.set',
      sql: `INSERT INTO notices (domain, kind, id, text) VALUES (?, ?, ?, ?)
            ON CONFLICT (domain, kind) DO UPDATE SET id = excluded.id, text = excluded.text`,
    },
    {
      name: 'notices.delete',
      sql: 'DELETE FROM notices WHERE domain = ? AND kind = ?',
      frees: true,
    },
    {
      // The account may have been removed since.
      name: 'notices.seen',
      sql: `INSERT INTO notices_seen (owner, id) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?)
            ON CONFLICT (owner) DO UPDATE SET id = excluded.id`,
    },
    { name: 'notices.forget', sql: 'DELETE FROM notices_seen WHERE owner = ?', frees: true },
    {
      name: 'log-ins.set',
      sql: `INSERT INTO log_ins (owner, at) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?)
            ON CONFLICT (owner) DO UPDATE SET at = excluded.at`,
    },
    { name: 'log-ins.forget', sql: 'DELETE FROM log_ins WHERE owner = ?', frees: true },
  ],
  reads: [
    { name: 'notices.all', sql: 'SELECT domain, kind, id, text FROM notices' },
    { name: 'notices.seen-by', sql: 'SELECT id FROM notices_seen WHERE owner = ?' },
    { name: 'log-ins.last', sql: 'SELECT at FROM log_ins WHERE owner = ?' },
  ],
};

export const SERVER_ADMIN_REMOVALS: readonly string[] = ['notices.forget', 'log-ins.forget'];

export class ServerAdminStatements {
  readonly setNotice: StatementId;
  readonly deleteNotice: StatementId;
  readonly seen: StatementId;
  readonly setLogIn: StatementId;
  readonly notices: QueryId;
  readonly seenBy: QueryId;
  readonly lastLogIn: QueryId;

  constructor(storage: Storage) {
    this.setNotice = storage.statement('notices.set');
    this.deleteNotice = storage.statement('notices.delete');
    this.seen = storage.statement('notices.seen');
    this.setLogIn = storage.statement('log-ins.set');
    this.notices = storage.query('notices.all');
    this.seenBy = storage.query('notices.seen-by');
    this.lastLogIn = storage.query('log-ins.last');
  }
}
