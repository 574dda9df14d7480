// The tables `roster` and `roster_versions`.
import type { QueryId, Row, Schema, StatementId, Storage } from '../storage/storage.ts';
import { isRemoval, type Change, type Snapshot } from './account-roster.ts';
import { pack, type Contact, type Subscription } from './contacts.ts';

/**
 * A removed contact stays as a row with the subscription `remove` until the floor passes it, so that clients that were
 * away learn of the removal (RFC 6121 §2.6). `groups` is a JSON array of texts, '' for none.
 */
export const ROSTER_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'roster',
      version: 1,
      sql: [
        `CREATE TABLE roster (
           owner BIGINT NOT NULL,
           jid TEXT NOT NULL,
           name TEXT NOT NULL,
           subscription TEXT NOT NULL,
           ask INTEGER NOT NULL,
           approved INTEGER NOT NULL,
           groups TEXT NOT NULL,
           version BIGINT NOT NULL,
           PRIMARY KEY (owner, jid)) WITHOUT ROWID`,
        `CREATE TABLE roster_versions (
           owner BIGINT PRIMARY KEY,
           epoch BIGINT NOT NULL,
           version BIGINT NOT NULL,
           floor BIGINT NOT NULL)`,
      ],
    },
  ],
  writes: [
    {
      name: 'roster.set',
      sql: `INSERT INTO roster (owner, jid, name, groups, version, subscription, ask, approved)
            VALUES (?, ?, ?, ?, ?, 'none', 0, 0)
            ON CONFLICT (owner, jid) DO UPDATE SET
              name = excluded.name,
              groups = excluded.groups,
              version = excluded.version,
              subscription = CASE WHEN roster.subscription = 'remove' THEN 'none' ELSE roster.subscription END`,
    },
    {
      name: 'roster.states',
      sql: `INSERT INTO roster (owner, jid, subscription, ask, approved, version, name, groups)
            VALUES (?, ?, ?, ?, ?, ?, '', '')
            ON CONFLICT (owner, jid) DO UPDATE SET
              subscription = excluded.subscription,
              ask = excluded.ask,
              approved = excluded.approved,
              version = excluded.version`,
    },
    {
      name: 'roster.remove',
      sql: `UPDATE roster SET subscription = 'remove', name = '', groups = '', ask = 0, approved = 0, version = ?
            WHERE owner = ? AND jid = ?`,
    },
    {
      name: 'roster.version',
      sql: `INSERT INTO roster_versions (owner, epoch, version, floor) VALUES (?, ?, ?, ?)
            ON CONFLICT (owner) DO UPDATE SET
              epoch = excluded.epoch, version = excluded.version, floor = excluded.floor`,
    },
    {
      name: 'roster.prune',
      sql: `DELETE FROM roster WHERE owner = ? AND subscription = 'remove' AND version <= ?`,
      frees: true,
    },
    { name: 'roster.forget', sql: 'DELETE FROM roster WHERE owner = ?', frees: true },
    {
      name: 'roster.forget-version',
      sql: 'DELETE FROM roster_versions WHERE owner = ?',
      frees: true,
    },
  ],
  reads: [
    {
      // An account that never changed its roster has no row; one whose roster is empty has one without a contact.
      name: 'roster.load',
      sql: `SELECT v.epoch, v.version, v.floor, r.jid, r.name, r.subscription, r.ask, r.approved, r.groups, r.version
            FROM roster_versions v LEFT JOIN roster r ON r.owner = v.owner
            WHERE v.owner = ?`,
    },
  ],
};

/** What an account leaves behind goes with it. */
export const ROSTER_REMOVALS = ['roster.forget', 'roster.forget-version'] as const;

type Write = (statement: StatementId, ...params: (string | number)[]) => void;

export class RosterStore {
  readonly load: QueryId;
  private readonly set: StatementId;
  private readonly states: StatementId;
  private readonly remove: StatementId;
  private readonly version: StatementId;
  private readonly prune: StatementId;

  constructor(storage: Storage) {
    this.load = storage.query('roster.load');
    this.set = storage.statement('roster.set');
    this.states = storage.statement('roster.states');
    this.remove = storage.statement('roster.remove');
    this.version = storage.statement('roster.version');
    this.prune = storage.statement('roster.prune');
  }

  /** The rows of one change, for one unit. @param floor as it was before the change */
  write(write: Write, owner: number, change: Change, floor: number): void {
    const { jid, details, states, version } = change;
    if (isRemoval(change)) write(this.remove, version, owner, jid);
    if (details !== undefined)
      write(this.set, owner, jid, details.name, packGroups(details.groups), version);
    if (states !== undefined) {
      const { subscription, ask, approved } = states;
      write(this.states, owner, jid, subscription, ask ? 1 : 0, approved ? 1 : 0, version);
    }
    write(this.version, owner, change.epoch, change.version, change.floor);
    if (change.floor > floor) write(this.prune, owner, change.floor);
  }

  /** @returns undefined for an account that never changed its roster */
  snapshot(rows: readonly Row[]): Snapshot | undefined {
    const [first] = rows;
    if (first === undefined) return undefined;
    const [epoch, version, floor] = first as [number, number, number];
    return { contacts: pack(contactsOf(rows)), epoch, version, floor };
  }
}

function* contactsOf(rows: readonly Row[]): Generator<Contact> {
  for (const row of rows) {
    if (row[3] === null) continue;
    yield {
      jid: row[3] as string,
      name: row[4] as string,
      subscription: row[5] as Subscription,
      ask: row[6] === 1,
      approved: row[7] === 1,
      groups: unpackGroups(row[8] as string),
      version: row[9] as number,
    };
  }
}

function packGroups(groups: readonly string[]): string {
  return groups.length === 0 ? '' : JSON.stringify(groups);
}

function unpackGroups(packed: string): string[] {
  return packed === '' ? [] : (JSON.parse(packed) as string[]);
}
