// `xmppd start` in the process that stays: what to run comes from a child that has read command line and configuration.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT, exitCodeOf } from '../admin/error-codes.ts';
import { processStreams, Terminal } from '../cli/terminal.ts';
import type { Settings } from '../config/index.ts';
import { entryUrl } from '../util/entry.ts';
import { start } from './start.ts';

/** What the child says, as JSON: everything on disk that `settings` speaks of is there. */
export interface Prepared {
  readonly settings: Settings;
  readonly single: boolean;
  /** Errors are to be JSON. */
  readonly json: boolean;
}

/** Runs until the server is stopped. @returns the exit code of a server that could not start; undefined: it ran */
export async function launch(args: readonly string[]): Promise<number | undefined> {
  const prepared = await prepare(args);
  // It has said why, or shown a help page.
  if (typeof prepared === 'number') return prepared;
  try {
    await start(prepared.settings, prepared);
    return undefined;
  } catch (error) {
    const terminal = new Terminal(processStreams(process));
    terminal.json = prepared.json;
    terminal.error(error);
    return exitCodeOf(error);
  }
}

/** @returns the exit code where there is nothing to run */
function prepare(args: readonly string[]): Promise<Prepared | number> {
  return new Promise((resolve, reject) => {
    // Flags of the server's own process (a profile, an inspector) are not meant for this one.
    const child = fork(fileURLToPath(entryUrl('app/start-entry')), args, {
      execArgv: [],
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    child.once('message', (message) => resolve(message as Prepared));
    child.once('error', reject);
    // After its last message, which an exit may overtake.
    child.once('close', (code) => resolve(code ?? EXIT.other));
  });
}
