// xmppd db migrate
import type { Command } from 'commander';
import { databasePath } from '../app/paths.ts';
import type { CliSession } from './session.ts';

export function addDbMigrate(db: Command, session: CliSession): void {
  db.command('migrate')
    .description('bring the tables to the version of this program, which a start does too')
    .action(async () => {
      const settings = await session.settings();
      const { terminal, parts } = session;
      // Opening it is what migrates it.
      await (await parts.openAccountsOffline(settings)).close();
      const path = databasePath(settings);
      const { schemaVersions } = await parts.checkDatabase(path);
      const tables = [...schemaVersions].map(
        ([feature, version]) => `${feature} ${String(version)}`,
      );
      terminal.result(
        { path, schemaVersions: Object.fromEntries(schemaVersions) },
        `${path}: ${tables.join(', ')}`,
      );
    });
}
