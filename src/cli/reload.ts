// xmppd reload
import type { Command } from 'commander';
import { renderConfigReport } from './config-report.ts';
import type { CliSession } from './session.ts';

export function addReload(program: Command, session: CliSession): void {
  program
    .command('reload')
    .description('let the running server read its configuration and certificates again')
    .action(async () => {
      // Where the server is to be found stands in the same file, which may be the one with mistakes.
      const client = await session.connectForReload();
      try {
        const report = await client.call('reload', {});
        session.terminal.result(report, renderConfigReport(session.terminal, report, true));
      } finally {
        client.close();
      }
    });
}
