// Process entry: reads the command line of `xmppd start`, checks the configuration, makes what is missing on disk, tells its
// parent what to run, and ends. All of it is memory that a server would keep for nothing.
import { openLog } from '../observability/index.ts';
import { makeMissingCertificates } from './certificates.ts';
import { runCommandLine } from './command-line.ts';
import type { Prepared } from './launch.ts';
import { ensureDataDirectory } from './paths.ts';

const code = await runCommandLine(process.argv.slice(2), async (settings, options) => {
  ensureDataDirectory(settings);
  await makeMissingCertificates(settings, openLog(settings.log));
  const prepared: Prepared = { settings, ...options };
  await new Promise((sent) => process.send?.(prepared, sent));
});
if (code !== undefined) process.exitCode = code;
if (process.connected) process.disconnect();
