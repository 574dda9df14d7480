// Process entry: the command line, with the parts of the server behind it.
import type { CliParts } from './cli/parts.ts';
import { runCli } from './cli/program.ts';
import { entryUrl } from './util/entry.ts';
import { systemTimers } from './util/system-clock.ts';

/** Loads an entry of the server when a command needs it. */
async function load<T>(path: string): Promise<T> {
  return (await import(entryUrl(path).href)) as T;
}

const parts: CliParts = {
  async start(settings, options) {
    const { start } = await load<Pick<CliParts, 'start'>>('app/start');
    await start(settings, options);
  },
  async openAccountsOffline(settings) {
    const { openAccountsOffline } = await import('./app/offline-accounts.ts');
    return openAccountsOffline(settings);
  },
  async moduleSchemas() {
    const { STANDARD_MODULES } = await import('./modules/standard.ts');
    return Object.fromEntries(
      STANDARD_MODULES.map(({ declaration }) => [
        declaration.name,
        declaration.options?.describe(declaration.summary),
      ]),
    );
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
