// All tables of the server: its own and those of its modules.
import { ACCOUNTS_SCHEMA } from '../account/accounts-store.ts';
import { STORED_SESSIONS_SCHEMA } from '../account/stored-sessions.ts';
import { schemaOf } from '../host/host.ts';
import type { Module } from '../host/module.ts';
import type { Schema } from '../storage/storage.ts';

export function serverSchema(modules: readonly Module[]): Schema {
  return schemaOf(modules, {
    migrations: [...ACCOUNTS_SCHEMA.migrations, ...STORED_SESSIONS_SCHEMA.migrations],
    writes: [...ACCOUNTS_SCHEMA.writes, ...STORED_SESSIONS_SCHEMA.writes],
    reads: [...ACCOUNTS_SCHEMA.reads, ...STORED_SESSIONS_SCHEMA.reads],
  });
}

/** Deletes the stored sessions of an account that is removed. */
export const SESSIONS_REMOVAL = 'sessions.forget';
