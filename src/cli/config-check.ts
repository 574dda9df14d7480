// xmppd config check
import type { Command } from 'commander';
import { ConfigError } from '../config/index.ts';
import { EXIT } from '../admin/index.ts';
import type { CliSession } from './session.ts';

export function addConfigCheck(config: Command, session: CliSession): void {
  config
    .command('check')
    .description('check the configuration file; every mistake is named with its line and column')
    .action(async () => {
      const { terminal } = session;
      try {
        const { file } = await session.settings();
        const name = file ?? 'no file, the built-in defaults';
        terminal.result(
          { ok: true, file: file ?? null },
          `${name}: ${terminal.paint('green', 'ok')}`,
        );
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        // The mistakes are the result of this command, not its failure.
        terminal.result({ ok: false, diagnostics: error.diagnostics }, error.message);
        process.exitCode = EXIT.config;
      }
    });
}
