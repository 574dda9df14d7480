// xmppd config show
import type { Command } from 'commander';
import { renderSettings } from '../config/index.ts';
import type { CliSession } from './session.ts';

export function addConfigShow(config: Command, session: CliSession): void {
  config
    .command('show')
    .description('print every option as it holds, defaults and resolved paths included')
    .action(async () => {
      const settings = await session.settings();
      session.terminal.result(settings, renderSettings(settings));
    });
}
