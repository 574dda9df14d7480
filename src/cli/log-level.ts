// xmppd log level
import type { Command } from 'commander';
import { SERVER_LOG_LEVELS } from '../admin/index.ts';
import type { CliSession } from './session.ts';

export function addLogLevel(log: Command, session: CliSession): void {
  log
    .command('level')
    .argument('<level>', SERVER_LOG_LEVELS.join(', '))
    .description('set what the running server writes, until the next reload')
    .action(async (level: string) => {
      const client = await session.connect(await session.settings());
      try {
        const result = await client.call('log level', { level });
        session.terminal.result(result, `The server logs from ${result.level} on.`);
      } finally {
        client.close();
      }
    });
}
