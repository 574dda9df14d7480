// The table `archive`: append-only, in the order of writing; one index finds everything of an owner.
import type { QueryDef, QueryId, Schema, StatementId, Storage } from '../storage/storage.ts';

/** Bits of the column `kind`. */
export const KIND_INCOMING = 1;
export const KIND_OUTGOING = 2;
export const KIND_BODY = 4;

/** Which messages of an archive are meant: all, those of a bare JID, those of a full JID. */
export type Filter = 'all' | 'bare' | 'full';
export type Direction = 'forward' | 'backward';

const FILTERS: Readonly<Record<Filter, string>> = {
  all: '',
  bare: 'AND peer = ?',
  full: 'AND peer = ? AND resource = ?',
};
const DIRECTIONS: Readonly<Record<Direction, string>> = { forward: 'ASC', backward: 'DESC' };

/** The rows that a page request names (`after`, `before`) come with it, marked by a kind of 0. */
const ANCHORS = 'SELECT id, NULL, 0 FROM archive WHERE owner = ? AND id IN (?, ?)';

/** Stanzas of one page in bytes; far below what a session may hold unacknowledged. */
export const MAX_PAGE_BYTES = 2 * 1024 * 1024;

/** What one sender sent lately, in bytes, that is compared with what he sends again. */
const MAX_RECENT_BYTES = 16 * 1024 * 1024;

/** Two addresses and an id of the longest, escaped, are seldom more; what is misses only this comparison. */
const MAX_START_TAG_BYTES = 4096;

/** A count looks at so many rows; what is more is too much to count (XEP-0059 §2.7). */
export const COUNTED_ROWS = 20_000;

/** So many of an owner's newest rows are looked through for one that is sent again. */
const MAX_RECENT_ROWS = 300;

/** Parameters: owner, anchor, anchor, owner, above, below, the filter's, limit. Rows: anchors, then id, stanza, kind in order. */
function pageQuery(filter: Filter, direction: Direction): QueryDef {
  return {
    name: `archive.page-${filter}-${direction}`,
    bytes: true,
    // SECURITY: hundreds of the largest messages are never in memory at once; the anchors come first, so they are there.
    pageBytes: MAX_PAGE_BYTES,
    sql: `${ANCHORS}
          UNION ALL SELECT id, stanza, kind FROM (
            SELECT id, stanza, kind FROM archive
            WHERE owner = ? AND id > ? AND id < ? ${FILTERS[filter]}
            ORDER BY id ${DIRECTIONS[direction]} LIMIT ?) AS page`,
  };
}

/** What fits a filter among rows of the index; the resource, which is not in it, is looked up last. */
const FITTING: Readonly<Record<Filter, string>> = {
  all: '1',
  bare: 'CASE WHEN walked.peer = ? THEN 1 END',
  full: `CASE WHEN walked.peer = ?
         THEN CASE WHEN (SELECT resource FROM archive WHERE rowid = walked.at) = ? THEN 1 END END`,
};

/** Parameters: the filter's, owner, above, below, owner, anchor, anchor. Rows: count, rows walked, -1, and the anchors. */
function countQuery(filter: Filter): QueryDef {
  return {
    name: `archive.count-${filter}`,
    bytes: true,
    // SECURITY: with a million rows a count would hold the reader of everybody for 40 to 170 ms; this is 1 to 80 ms.
    sql: `SELECT COUNT(${FITTING[filter]}), COUNT(*), -1 FROM (
            SELECT rowid AS at, peer FROM archive
            WHERE owner = ? AND id > ? AND id < ? ORDER BY id LIMIT ${COUNTED_ROWS}) AS walked
          UNION ALL ${ANCHORS}`,
  };
}

const EACH_FILTER = ['all', 'bare', 'full'] as const;
const COLUMNS = '(owner, id, peer, resource, kind, stanza)';

/**
 * `peer` is the other side's bare JID, `resource` its resource or ''. PERF: rows are appended to a table with an index
 * and not kept in the index itself: at 10,000 owners 6 µs a row against 15, see README.md.
 */
export const ARCHIVE_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'archive',
      version: 1,
      sql: [
        `CREATE TABLE archive (
           owner INTEGER NOT NULL,
           id INTEGER NOT NULL,
           peer TEXT NOT NULL,
           resource TEXT NOT NULL,
           kind INTEGER NOT NULL,
           stanza BLOB NOT NULL)`,
        'CREATE INDEX archive_by_owner ON archive (owner, id, kind, peer)',
      ],
    },
  ],
  writes: [
    { name: 'archive.insert', sql: `INSERT INTO archive ${COLUMNS} VALUES (?, ?, ?, ?, ?, ?)` },
    {
      // For what is sent again after a crash. The stanza's start tag ends with its first '>', which values never hold.
      name: 'archive.insert-once',
      // SECURITY: it runs where everybody's rows are written, so few rows are looked at, and of those only such as have
      // about the right length are read.
      sql: `INSERT INTO archive ${COLUMNS} SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (
              WITH wanted (owner, since, peer, content, tag) AS (SELECT ?, ?, ?, ?, ?),
              recent (id, kind, peer) AS (
                SELECT id, kind, peer FROM archive
                WHERE owner = (SELECT owner FROM wanted) AND id > (SELECT since FROM wanted)
                ORDER BY id DESC LIMIT ${MAX_RECENT_ROWS})
              SELECT 1 FROM wanted CROSS JOIN recent CROSS JOIN archive AS kept
              WHERE recent.peer = wanted.peer AND recent.kind & ${KIND_OUTGOING} <> 0
              AND kept.owner = wanted.owner AND kept.id = recent.id
              AND LENGTH(kept.stanza) > LENGTH(wanted.content)
              AND LENGTH(kept.stanza) <= LENGTH(wanted.content) + ${MAX_START_TAG_BYTES}
              AND substr(kept.stanza, instr(kept.stanza, x'3e')) = wanted.content
              AND instr(substr(kept.stanza, 1, instr(kept.stanza, x'3e')), wanted.tag) > 0)`,
    },
    { name: 'archive.remove', sql: 'DELETE FROM archive WHERE owner = ?', frees: true },
  ],
  reads: [
    { name: 'archive.last', sql: 'SELECT MAX(id) FROM archive WHERE owner = ?' },
    {
      name: 'archive.recent',
      bytes: true,
      pageBytes: MAX_RECENT_BYTES,
      sql: `SELECT stanza FROM archive WHERE owner = ? AND id > ? AND kind & ${KIND_INCOMING} <> 0 AND peer = ?
            ORDER BY id DESC LIMIT 2000`,
    },
    ...EACH_FILTER.flatMap((filter) => [
      pageQuery(filter, 'forward'),
      pageQuery(filter, 'backward'),
      countQuery(filter),
    ]),
  ],
};

/** The numbers of the archive's statements, resolved once. */
export class ArchiveStatements {
  readonly insert: StatementId;
  readonly insertOnce: StatementId;
  readonly last: QueryId;
  readonly recent: QueryId;
  private readonly pages: Readonly<Record<Filter, Readonly<Record<Direction, QueryId>>>>;
  private readonly counts: Readonly<Record<Filter, QueryId>>;

  constructor(storage: Storage) {
    this.insert = storage.statement('archive.insert');
    this.insertOnce = storage.statement('archive.insert-once');
    this.last = storage.query('archive.last');
    this.recent = storage.query('archive.recent');
    const page = (filter: Filter): Readonly<Record<Direction, QueryId>> => ({
      forward: storage.query(`archive.page-${filter}-forward`),
      backward: storage.query(`archive.page-${filter}-backward`),
    });
    this.pages = { all: page('all'), bare: page('bare'), full: page('full') };
    this.counts = {
      all: storage.query('archive.count-all'),
      bare: storage.query('archive.count-bare'),
      full: storage.query('archive.count-full'),
    };
  }

  page(filter: Filter, direction: Direction): QueryId {
    return this.pages[filter][direction];
  }

  count(filter: Filter): QueryId {
    return this.counts[filter];
  }
}
