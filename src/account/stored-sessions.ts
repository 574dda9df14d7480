// Sessions that wait on disk over a graceful restart: what their worker held and what their owner knew of them.
import type { Schema } from '../storage/storage.ts';
import { packSnapshot, unpackSnapshot, type SessionSnapshot } from '../session/snapshot.ts';
import type { Bytes } from '../xml/bytes.ts';

export const STORED_SESSIONS_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'stored-sessions',
      version: 1,
      sql: [
        `CREATE TABLE stored_sessions (
           id INTEGER PRIMARY KEY,
           owner INTEGER NOT NULL,
           domain TEXT NOT NULL,
           local TEXT NOT NULL,
           session BLOB NOT NULL)`,
        'CREATE INDEX stored_sessions_owner ON stored_sessions (owner)',
      ],
    },
  ],
  writes: [
    {
      name: 'sessions.store',
      sql: 'INSERT INTO stored_sessions (owner, domain, local, session) VALUES (?, ?, ?, ?)',
    },
    { name: 'sessions.taken', sql: 'DELETE FROM stored_sessions WHERE id = ?', frees: true },
    { name: 'sessions.forget', sql: 'DELETE FROM stored_sessions WHERE owner = ?', frees: true },
  ],
  reads: [
    {
      name: 'sessions.all',
      sql: 'SELECT id, domain, local, session FROM stored_sessions WHERE id > ? ORDER BY id LIMIT 200',
      bytes: true,
    },
  ],
};

/** What the owner knew. */
export interface StoredState {
  readonly snapshot: SessionSnapshot;
  /** Last available presence, as bytes with its addresses; empty: not available. */
  readonly presence: Bytes;
  /** Had its pending messages already. */
  readonly announced: boolean;
  /** Values of named session slots. */
  readonly slots: Readonly<Record<string, unknown>>;
}

export function packStored(state: StoredState): Buffer {
  const json = JSON.stringify([
    packSnapshot(state.snapshot),
    state.presence,
    state.announced,
    state.slots,
  ]);
  return Buffer.from(json, 'utf8');
}

export function unpackStored(blob: Bytes): StoredState {
  const json = Buffer.from(blob, 'latin1').utf8Slice();
  const [snapshot, presence, announced, slots] = JSON.parse(json) as [
    Bytes,
    Bytes,
    boolean,
    Record<string, unknown>,
  ];
  return { snapshot: unpackSnapshot(snapshot), presence, announced, slots };
}
