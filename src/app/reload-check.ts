// Checks a configuration for a server that runs, in a process of its own: schemas and parser would stay in its memory.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../config/index.ts';
import { entryUrl } from '../util/entry.ts';
import { OperatorError } from '../util/errors.ts';
import type { CheckedReload } from './reload.ts';
import { fromFailure } from './supervisor/conversation.ts';
import type { Failure } from './supervisor/messages.ts';

/** What the process is asked, as its first message. */
export interface ReloadQuestion {
  readonly running: Settings;
  /** Nothing is made on disk. */
  readonly dryRun: boolean;
}

/** What it answers. */
export type ReloadAnswer = CheckedReload | { readonly failure: Failure };

const LIMIT_MS = 30_000;

/** @throws OperatorError (rejects): what is wrong with the file; `reload-failed` when the process says nothing */
export function checkReload(running: Settings, dryRun: boolean): Promise<CheckedReload> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(entryUrl('app/reload-entry')), [], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      timeout: LIMIT_MS,
    });
    child.once('message', (answer) => {
      const given = answer as ReloadAnswer;
      if ('failure' in given) reject(fromFailure(given.failure));
      else resolve(given);
    });
    child.once('error', (error) => reject(failed(error.message)));
    // After its last message, which an exit may overtake.
    child.once('close', (code, signal) => reject(failed(`it ended with ${signal ?? code ?? ''}`)));
    const question: ReloadQuestion = { running, dryRun };
    child.send(question, () => undefined);
  });
}

function failed(reason: string): OperatorError {
  return new OperatorError(
    'reload-failed',
    `the process that checks the configuration did not answer: ${reason}`,
    'The configuration that runs stays in force. Look at the log and at the memory that is left, and try again.',
  );
}
