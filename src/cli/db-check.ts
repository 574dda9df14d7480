// xmppd db check
import type { Command } from 'commander';
import { databasePath } from '../config/index.ts';
import type { CliSession } from './session.ts';

export function addDbCheck(db: Command, session: CliSession): void {
  db.command('check')
    .description('check that the database is whole')
    .action(async () => {
      const { terminal } = session;
      const path = databasePath(await session.settings());
      const report = await session.parts.checkDatabase(path);
      const sound = report.problems.length === 0;
      const text = sound ? `${path}: ${terminal.paint('green', 'ok')}` : report.problems.join('\n');
      terminal.result({ ok: sound, path, ...report }, text);
      if (!sound) process.exitCode = 1;
    });
}
