// The tables `pending` (messages that have no archive row) and `marks` (what of the archive is proven), and their reads.
import { KIND_INCOMING } from '../archive/index.ts';
import type { QueryId, Row, Schema, StatementId, Storage, Value } from '../storage/storage.ts';
import { MAX_FOLLOWED, type LoadedArchive, type Mark } from './mailbox.ts';
import type { Range } from './proven-above.ts';

/** Ids of one read of rows to deliver. */
export const PICK = 50;

const PLACES = Array.from({ length: PICK }, () => '?').join(', ');

/** Ids of one read of what is not followed. */
export const UNREAD_PAGE = 500;

/** What a row of `offline.load` is. */
const MARK = 0;
const ARCHIVED = 1;
const PENDING = 2;
const HIGHEST = 3;

/** Archived incoming rows of one owner above his mark. */
const UNPROVEN = `account CROSS JOIN archive
              WHERE archive.owner = account.owner AND archive.id > COALESCE((SELECT proven FROM marks WHERE marks.owner = account.owner), 0)
              AND archive.kind & ${KIND_INCOMING} <> 0`;

export const OFFLINE_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'offline',
      version: 1,
      sql: [
        // Ids are the archive's, so they hold the time of arrival too.
        `CREATE TABLE pending (
           owner INTEGER NOT NULL,
           id INTEGER NOT NULL,
           stanza BLOB NOT NULL,
           PRIMARY KEY (owner, id)) WITHOUT ROWID`,
        `CREATE TABLE marks (
           owner INTEGER PRIMARY KEY,
           proven INTEGER NOT NULL,
           above TEXT NOT NULL,
           given INTEGER NOT NULL)`,
      ],
    },
  ],
  writes: [
    { name: 'offline.keep', sql: 'INSERT INTO pending (owner, id, stanza) VALUES (?, ?, ?)' },
    { name: 'offline.delete', sql: 'DELETE FROM pending WHERE owner = ? AND id = ?', frees: true },
    {
      name: 'offline.delete-up-to',
      sql: 'DELETE FROM pending WHERE owner = ? AND id <= ?',
      frees: true,
    },
    { name: 'offline.expire', sql: 'DELETE FROM pending WHERE id < ?', frees: true },
    {
      // Marks come late: the account may have been removed since.
      name: 'offline.mark',
      sql: `INSERT INTO marks (owner, proven, above, given)
            SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?)
            ON CONFLICT (owner) DO UPDATE
            SET proven = excluded.proven, above = excluded.above, given = excluded.given`,
    },
    { name: 'offline.remove-pending', sql: 'DELETE FROM pending WHERE owner = ?', frees: true },
    { name: 'offline.remove-mark', sql: 'DELETE FROM marks WHERE owner = ?', frees: true },
  ],
  reads: [
    {
      // Everything that an account needs in memory, in one read: (0, mark), (1, archived id), (2, pending id), and
      // (3, highest archived id). The oldest come first; one more than is followed shows that there are more.
      // PERF: CROSS JOIN keeps SQLite to the order written; with JOIN it scanned the whole of `pending`.
      name: 'offline.load',
      sql: `WITH account (owner) AS (SELECT CAST(? AS BIGINT))
            SELECT ${MARK}, marks.proven, marks.above, marks.given
            FROM account CROSS JOIN marks WHERE marks.owner = account.owner
            UNION ALL
            SELECT ${ARCHIVED}, id, NULL, NULL FROM (
              SELECT archive.id FROM ${UNPROVEN}
              ORDER BY archive.id LIMIT ${MAX_FOLLOWED + 1}) AS unproven
            UNION ALL
            SELECT ${HIGHEST}, id, NULL, NULL FROM (
              SELECT archive.id FROM ${UNPROVEN}
              ORDER BY archive.id DESC LIMIT 1) AS highest
            UNION ALL
            SELECT ${PENDING}, pending.id, NULL, NULL
            FROM account CROSS JOIN pending WHERE pending.owner = account.owner`,
    },
    {
      // What is not followed, oldest first. Parameters: owner, above, up to.
      name: 'offline.unread',
      sql: `SELECT id FROM archive
            WHERE owner = ? AND id > ? AND id <= ? AND kind & ${KIND_INCOMING} <> 0
            ORDER BY id LIMIT ${UNREAD_PAGE}`,
    },
    {
      name: 'offline.pick-archived',
      bytes: true,
      sql: `SELECT id, stanza FROM archive WHERE owner = ? AND id IN (${PLACES}) ORDER BY id`,
    },
    {
      name: 'offline.pick-pending',
      bytes: true,
      sql: `SELECT id, stanza FROM pending WHERE owner = ? AND id IN (${PLACES}) ORDER BY id`,
    },
    {
      name: 'offline.recent',
      bytes: true,
      pageBytes: 16 * 1024 * 1024,
      sql: 'SELECT stanza FROM pending WHERE owner = ? AND id > ? ORDER BY id DESC LIMIT 2000',
    },
  ],
};

/** Statements that delete what an account left. */
export const OFFLINE_REMOVALS: readonly string[] = [
  'offline.remove-pending',
  'offline.remove-mark',
];

export class OfflineStatements {
  readonly keep: StatementId;
  readonly delete: StatementId;
  readonly deleteUpTo: StatementId;
  readonly expire: StatementId;
  readonly mark: StatementId;
  readonly load: QueryId;
  readonly unread: QueryId;
  readonly pickArchived: QueryId;
  readonly pickPending: QueryId;
  readonly recent: QueryId;

  constructor(storage: Storage) {
    this.keep = storage.statement('offline.keep');
    this.delete = storage.statement('offline.delete');
    this.deleteUpTo = storage.statement('offline.delete-up-to');
    this.expire = storage.statement('offline.expire');
    this.mark = storage.statement('offline.mark');
    this.load = storage.query('offline.load');
    this.unread = storage.query('offline.unread');
    this.pickArchived = storage.query('offline.pick-archived');
    this.pickPending = storage.query('offline.pick-pending');
    this.recent = storage.query('offline.recent');
  }
}

/** What `offline.load` read. */
export interface Loaded {
  readonly mark: Mark | undefined;
  readonly archived: LoadedArchive;
  readonly pending: readonly number[];
}

export function readLoaded(rows: readonly Row[]): Loaded {
  let mark: Mark | undefined;
  let highest = 0;
  const ids: number[] = [];
  const pending: number[] = [];
  for (const [what, id, above, given] of rows) {
    if (what === MARK) {
      mark = { proven: id as number, above: readAbove(above as string), given: given as number };
    } else if (what === ARCHIVED) ids.push(id as number);
    else if (what === HIGHEST) highest = id as number;
    else pending.push(id as number);
  }
  const ascending = (a: number, b: number): number => a - b;
  return {
    mark,
    archived: { ids: ids.sort(ascending), highest },
    pending: pending.sort(ascending),
  };
}

/** Ids and ranges of ids: `12,20-31`. */
function readAbove(text: string): Range[] {
  if (text === '') return [];
  return text.split(',').map((range) => {
    const [from = '', upTo = from] = range.split('-');
    return [Number(from), Number(upTo)] as const;
  });
}

function writeAbove(above: readonly Range[]): string {
  return above.map(([from, upTo]) => (from === upTo ? `${from}` : `${from}-${upTo}`)).join(',');
}

/** The parameters of `offline.mark`. */
export function markParameters(owner: number, mark: Mark): readonly Value[] {
  return [owner, mark.proven, writeAbove(mark.above), mark.given, owner];
}
