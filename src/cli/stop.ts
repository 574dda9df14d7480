// xmppd stop
import type { Command } from 'commander';
import { OperatorError } from '../util/errors.ts';
import { warning } from './modules.ts';
import type { CliSession } from './session.ts';

const POLL_MS = 50;
/** Beyond the server's own limit for a stop: for the store to flush and the process to end. */
const GRACE_MS = 10_000;

export function addStop(program: Command, session: CliSession): void {
  program
    .command('stop')
    .description('stop the running server; sessions that can resume are stored')
    .option('--no-wait', 'return as soon as the server has begun to stop')
    .option('--in <seconds>', 'when; else at once')
    .option('--announce <text>', 'what those on line are told first')
    .action(async (options: { wait: boolean; in?: string; announce?: string }) => {
      const before = warning({ args: [], options: { ...options } });
      const settings = await session.settings();
      const client = await session.connect(settings);
      const { pid } = await client.call('stop', before);
      client.close();
      if (!options.wait) {
        session.terminal.result({ pid, stopped: false }, 'The server is stopping.');
        return;
      }
      const waitMs = (before.delaySeconds ?? 0) * 1000 + settings.supervisor.stopTimeoutMs;
      await waitForEnd(session, pid, waitMs + GRACE_MS);
      session.terminal.result({ pid, stopped: true }, 'The server has stopped.');
    });
}

async function waitForEnd(session: CliSession, pid: number, timeoutMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    if (!isAlive(pid)) return;
    await session.sleep(POLL_MS);
  }
  throw new OperatorError(
    'stop-timeout',
    `the server (process ${String(pid)}) has not ended within ${String(timeoutMs / 1000)} s`,
    'Look at its log; SIGTERM sent twice ends it at once.',
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is not ours.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
