// xmppd start
import type { Command } from 'commander';
import type { CliSession } from './session.ts';

export function addStart(program: Command, session: CliSession): void {
  program
    .command('start')
    .description('run the server in the foreground')
    .option('--single', 'one process without a supervisor', false)
    .action(async (options: { single: boolean }) => {
      await session.parts.start(await session.settings(), {
        single: options.single,
        json: session.terminal.json,
      });
    });
}
