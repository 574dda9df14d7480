// The table `registrations`: which networks made accounts lately, for the limit.
import type { QueryId, Schema, StatementId, Storage } from '../../storage/storage.ts';

export const REGISTRATIONS_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'registration',
      version: 1,
      sql: [
        'CREATE TABLE registrations (network TEXT NOT NULL, at BIGINT NOT NULL)',
        'CREATE INDEX registrations_network ON registrations (network, at)',
      ],
    },
  ],
  writes: [
    { name: 'registration.note', sql: 'INSERT INTO registrations (network, at) VALUES (?, ?)' },
    { name: 'registration.prune', sql: 'DELETE FROM registrations WHERE at < ?', frees: true },
  ],
  reads: [
    {
      name: 'registration.count',
      sql: 'SELECT COUNT(*) FROM registrations WHERE network = ? AND at >= ?',
    },
  ],
};

export class RegistrationsStore {
  private readonly storage: Storage;
  private readonly insert: StatementId;
  private readonly prune: StatementId;
  readonly count: QueryId;

  constructor(storage: Storage) {
    this.storage = storage;
    this.insert = storage.statement('registration.note');
    this.prune = storage.statement('registration.prune');
    this.count = storage.query('registration.count');
  }

  /** Notes one, and forgets those before `sinceMs`: addresses are kept no longer than they count. @throws StorageError */
  note(network: string, nowMs: number, sinceMs: number): void {
    const unit = this.storage.unit();
    unit.add(this.prune, sinceMs).add(this.insert, network, nowMs);
    this.storage.submit(unit, 0);
  }
}
