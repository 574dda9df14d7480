// All tables of the server: its own and those of its modules.
import { ACCOUNTS_SCHEMA } from '../account/accounts-store.ts';
import { STORED_SESSIONS_SCHEMA } from '../account/stored-sessions.ts';
import { SERVER_LISTS_REMOVALS, SERVER_LISTS_SCHEMA } from '../admin/server-lists.ts';
import { schemaOf } from '../host/host.ts';
import type { Module } from '../host/module.ts';
import type { Schema, StatementId, Storage } from '../storage/storage.ts';

const OWN: readonly Schema[] = [ACCOUNTS_SCHEMA, STORED_SESSIONS_SCHEMA, SERVER_LISTS_SCHEMA];

export function serverSchema(modules: readonly Module[]): Schema {
  return schemaOf(modules, {
    migrations: OWN.flatMap(({ migrations }) => migrations),
    writes: OWN.flatMap(({ writes }) => writes),
    reads: OWN.flatMap(({ reads }) => reads),
  });
}

/** Statements that end what an account's password was exchanged for, modules that were left out for now included. */
export function revocationsOf(modules: readonly Module[], storage: Storage): StatementId[] {
  const names = modules.flatMap(({ declaration }) => declaration.revocations ?? []);
  return names.map((name) => storage.statement(name));
}

/**
 * Statements that delete all that an account leaves, modules that were left out for now included.
 * @param modules those of `serverSchema`
 */
export function removalsOf(modules: readonly Module[], storage: Storage): StatementId[] {
  const names = [
    'sessions.forget',
    ...SERVER_LISTS_REMOVALS,
    ...modules.flatMap(({ declaration }) => declaration.removals ?? []),
  ];
  return names.map((name) => storage.statement(name));
}
