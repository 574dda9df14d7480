// xmppd db backup
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { databasePath } from '../app/paths.ts';
import type { CliSession } from './session.ts';

export function addDbBackup(db: Command, session: CliSession): void {
  db.command('backup')
    .description('copy the database to a new file, also while the server runs')
    .argument('<target>', 'the file to make')
    .action(async (given: string) => {
      const { terminal, parts } = session;
      const { errors } = terminal.streams;
      const path = databasePath(await session.settings());
      const target = resolve(given);
      const showsProgress = errors.isTTY === true && !terminal.json;
      await parts.backupDatabase(path, target, (done, total) => {
        const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
        if (showsProgress) errors.write(`\r${String(percent)} %`);
      });
      if (showsProgress) errors.write('\r');
      terminal.result({ path, target }, `The database is copied to ${target}.`);
    });
}
