// xmppd config diff
import type { Command } from 'commander';
import { renderConfigReport } from './config-report.ts';
import type { CliSession } from './session.ts';

export function addConfigDiff(config: Command, session: CliSession): void {
  config
    .command('diff')
    .description('tell what a reload of the running server would change, and what needs a restart')
    .action(async () => {
      const client = await session.connectForReload();
      try {
        const report = await client.call('config diff', {});
        session.terminal.result(report, renderConfigReport(session.terminal, report, false));
      } finally {
        client.close();
      }
    });
}
