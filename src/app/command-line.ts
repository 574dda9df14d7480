// The command line with the parts of the server behind it.
import type { CliParts } from '../cli/parts.ts';
import { runCli } from '../cli/program.ts';
import { processStreams } from '../cli/terminal.ts';
import { InvariantError } from '../util/errors.ts';
import { systemTimers } from '../util/system-clock.ts';

/**
 * Runs a command in this process.
 * @param start what `xmppd start` does; absent where the caller saw that it is another command
 * @returns the exit code; undefined when the command ended well or keeps the process running
 */
export async function runCommandLine(
  args: readonly string[],
  start: CliParts['start'] = () =>
    Promise.reject(new InvariantError('a server is started by launch.ts')),
): Promise<number | undefined> {
  const parts: CliParts = {
    start,
    async openAccountsOffline(settings) {
      const { openAccountsOffline } = await import('./offline-accounts.ts');
      return openAccountsOffline(settings);
    },
    async moduleSchemas() {
      const { moduleSchemas } = await import('./module-schemas.ts');
      return moduleSchemas();
    },
    async checkDatabase(path) {
      const { checkDatabase } = await import('../storage/sqlite/check.ts');
      return checkDatabase(path);
    },
    async backupDatabase(path, target, onProgress) {
      const { backupDatabase } = await import('../storage/sqlite/check.ts');
      await backupDatabase(path, target, onProgress);
    },
  };
  return await runCli(args, parts, processStreams(process), systemTimers);
}
