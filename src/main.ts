// Process entry: the command line, with the parts of the server behind it.
import type { CliParts } from './cli/parts.ts';
import { runCli } from './cli/program.ts';
import { systemTimers } from './util/system-clock.ts';

const parts: CliParts = {
  async start(settings, options) {
    const { start } = await import('./app/start.ts');
    await start(settings, options);
  },
  async openAccountsOffline(settings) {
    const { openAccountsOffline } = await import('./app/offline-accounts.ts');
    return openAccountsOffline(settings);
  },
  async moduleSchemas() {
    const { moduleSchemas } = await import('./app/module-schemas.ts');
    return moduleSchemas();
  },
  async checkDatabase(path) {
    const { checkDatabase } = await import('./storage/sqlite/check.ts');
    return checkDatabase(path);
  },
  async backupDatabase(path, target, onProgress) {
    const { backupDatabase } = await import('./storage/sqlite/check.ts');
    await backupDatabase(path, target, onProgress);
  },
};

const code = await runCli(
  process.argv.slice(2),
  parts,
  {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    noColour: (process.env['NO_COLOR'] ?? '') !== '',
  },
  systemTimers,
);
if (code !== undefined) {
  process.exitCode = code;
  // What a failed start left open must not keep the process; what was written must arrive first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
