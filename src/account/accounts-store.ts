// The tables `addresses` and `accounts`: who exists, and the keys that check a password.
import { packCredentials, unpackCredentials } from '../auth/accounts-store.ts';
import type { Credentials, CredentialSource } from '../auth/credentials.ts';
import type { QueryId, Schema, StatementId, Storage, Unit } from '../storage/storage.ts';

/**
 * `addresses` gives every owner its integer; AUTOINCREMENT never gives one twice, so that a name used again
 * inherits nothing.
 */
export const ACCOUNTS_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'accounts',
      version: 1,
      sql: [
        'CREATE TABLE addresses (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL UNIQUE)',
        `CREATE TABLE accounts (
           id INTEGER PRIMARY KEY,
           local TEXT NOT NULL,
           domain TEXT NOT NULL,
           credentials BLOB NOT NULL,
           created_at INTEGER NOT NULL,
           disabled INTEGER NOT NULL DEFAULT 0,
           UNIQUE (domain, local))`,
        'CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID',
      ],
    },
  ],
  writes: [
    { name: 'accounts.address', sql: 'INSERT INTO addresses (address) VALUES (?)' },
    {
      name: 'accounts.create',
      sql: `INSERT INTO accounts (id, local, domain, credentials, created_at)
            SELECT id, ?, ?, ?, ? FROM addresses WHERE address = ?`,
    },
    {
      name: 'accounts.password',
      sql: 'UPDATE accounts SET credentials = ? WHERE domain = ? AND local = ?',
    },
    {
      name: 'accounts.better-keys',
      sql: 'UPDATE accounts SET credentials = ? WHERE domain = ? AND local = ? AND credentials = ?',
    },
    { name: 'accounts.disable', sql: 'UPDATE accounts SET disabled = ? WHERE id = ?' },
    { name: 'accounts.remove', sql: 'DELETE FROM accounts WHERE id = ?', frees: true },
    { name: 'accounts.forget-address', sql: 'DELETE FROM addresses WHERE id = ?', frees: true },
    { name: 'secrets.keep', sql: 'INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)' },
  ],
  reads: [
    {
      name: 'accounts.find',
      sql: 'SELECT id, disabled FROM accounts WHERE local = ? AND domain = ?',
    },
    {
      name: 'accounts.credentials',
      sql: 'SELECT credentials, disabled FROM accounts WHERE local = ? AND domain = ?',
    },
    {
      name: 'accounts.list',
      sql: 'SELECT local FROM accounts WHERE domain = ? AND local > ? ORDER BY local LIMIT ?',
    },
    {
      name: 'accounts.list-disabled',
      sql: `SELECT local FROM accounts WHERE domain = ? AND local > ? AND disabled = 1
            ORDER BY local LIMIT ?`,
    },
    {
      name: 'accounts.count',
      sql: 'SELECT COUNT(*), COALESCE(SUM(disabled), 0) FROM accounts WHERE domain = ?',
    },
    { name: 'accounts.info', sql: 'SELECT created_at, disabled FROM accounts WHERE id = ?' },
    { name: 'secrets.get', sql: 'SELECT value FROM secrets WHERE name = ?' },
  ],
};

/** Reads and rows of accounts; the writes are units for whoever orders them. */
export class AccountsStore implements CredentialSource {
  private readonly storage: Storage;
  private readonly credentials: QueryId;
  private readonly statements: Readonly<
    Record<
      'address' | 'create' | 'password' | 'better' | 'disable' | 'remove' | 'forget',
      StatementId
    >
  >;
  readonly findQuery: QueryId;
  private readonly listQuery: QueryId;
  private readonly listDisabledQuery: QueryId;
  private readonly countQuery: QueryId;
  private readonly infoQuery: QueryId;

  constructor(storage: Storage) {
    this.storage = storage;
    this.credentials = storage.query('accounts.credentials');
    this.findQuery = storage.query('accounts.find');
    this.listQuery = storage.query('accounts.list');
    this.listDisabledQuery = storage.query('accounts.list-disabled');
    this.countQuery = storage.query('accounts.count');
    this.infoQuery = storage.query('accounts.info');
    this.statements = {
      address: storage.statement('accounts.address'),
      create: storage.statement('accounts.create'),
      password: storage.statement('accounts.password'),
      better: storage.statement('accounts.better-keys'),
      disable: storage.statement('accounts.disable'),
      remove: storage.statement('accounts.remove'),
      forget: storage.statement('accounts.forget-address'),
    };
  }

  async find(local: string, domain: string): Promise<Credentials | undefined> {
    const [row] = await this.storage.read(this.credentials, [local, domain]);
    if (row === undefined) return undefined;
    const credentials = unpackCredentials(row[0] as Buffer);
    return row[1] === 1 ? { ...credentials, disabled: true } : credentials;
  }

  /** The owner id, undefined if there is no such account. */
  async idOf(local: string, domain: string): Promise<number | undefined> {
    const [row] = await this.storage.read(this.findQuery, [local, domain]);
    return row?.[0] as number | undefined;
  }

  /** Names of a domain in ascending order, behind `after`. */
  async page(
    domain: string,
    after: string,
    limit: number,
    disabledOnly = false,
  ): Promise<readonly string[]> {
    const query = disabledOnly ? this.listDisabledQuery : this.listQuery;
    const rows = await this.storage.read(query, [domain, after, limit]);
    return rows.map((row) => row[0] as string);
  }

  async count(domain: string): Promise<{ registered: number; disabled: number }> {
    const [row] = await this.storage.read(this.countQuery, [domain]);
    return { registered: Number(row?.[0] ?? 0), disabled: Number(row?.[1] ?? 0) };
  }

  /** @param id owner id; undefined when the account is gone */
  async info(id: number): Promise<{ createdAt: number; disabled: boolean } | undefined> {
    const [row] = await this.storage.read(this.infoQuery, [id]);
    return row === undefined ? undefined : { createdAt: Number(row[0]), disabled: row[1] === 1 };
  }

  create(unit: Unit, local: string, domain: string, credentials: Credentials, nowMs: number): void {
    const address = `${local}@${domain}`;
    unit.add(this.statements.address, address);
    unit.add(this.statements.create, local, domain, packCredentials(credentials), nowMs, address);
  }

  setPassword(unit: Unit, local: string, domain: string, credentials: Credentials): void {
    unit.add(this.statements.password, packCredentials(credentials), domain, local);
  }

  /** Puts further keys beside those known; nothing is done if they are not what the account has any more. */
  improveKeys(
    unit: Unit,
    local: string,
    domain: string,
    known: Credentials,
    better: Credentials,
  ): void {
    const [now, before] = [packCredentials(better), packCredentials(known)];
    unit.add(this.statements.better, now, domain, local, before);
  }

  /** A disabled account keeps everything; nobody can log in to it. */
  setDisabled(unit: Unit, id: number, disabled: boolean): void {
    unit.add(this.statements.disable, disabled ? 1 : 0, id);
  }

  remove(unit: Unit, id: number): void {
    unit.add(this.statements.remove, id);
    unit.add(this.statements.forget, id);
  }
}
