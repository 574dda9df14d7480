// xmppd db check
import type { Command } from 'commander';
import { databasePath } from '../app/paths.ts';
import type { DatabaseReport } from './parts.ts';
import type { CliSession } from './session.ts';
import type { Terminal } from './terminal.ts';

export function addDbCheck(db: Command, session: CliSession): void {
  db.command('check')
    .description('check that the database is whole; also while the server runs')
    .action(async () => {
      const path = databasePath(await session.settings());
      const report = await session.parts.checkDatabase(path);
      const value = {
        ok: report.sound,
        path,
        ...report,
        schemaVersions: Object.fromEntries(report.schemaVersions),
      };
      session.terminal.result(value, render(session.terminal, path, report));
      if (!report.sound) process.exitCode = 1;
    });
}

function render(terminal: Terminal, path: string, report: DatabaseReport): string {
  const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;
  const tables = [...report.schemaVersions].map(
    ([feature, version]) => `${feature} ${String(version)}`,
  );
  const broken = report.brokenReferences.map(
    ({ table, parent }) => `a row of ${table} refers to a row of ${parent} that is not there`,
  );
  return [
    `${path}: ${report.sound ? terminal.paint('green', 'ok') : terminal.paint('red', 'damaged')}`,
    ...report.problems,
    ...broken,
    `tables: ${tables.join(', ')}`,
    `size: ${mebibytes(report.databaseBytes)}, write-ahead log ${mebibytes(report.walBytes)}`,
  ].join('\n');
}
