// Where things lie below the data directory.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/index.ts';
import { OperatorError } from '../util/errors.ts';

export function databasePath(settings: Settings): string {
  return join(settings.data, 'xmppd.sqlite');
}

/** Where workers reach the store when there are several. */
export function storeSocket(settings: Settings): string {
  return join(runDirectory(settings), 'store.sock');
}

/** Sockets between the processes of the server. */
export function runDirectory(settings: Settings): string {
  return join(settings.data, 'run');
}

/** @throws OperatorError `data-directory` */
export function ensureDataDirectory(settings: Settings): void {
  try {
    mkdirSync(runDirectory(settings), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OperatorError(
      'data-directory',
      `The data directory ${settings.data} cannot be made: ${(error as Error).message}.`,
      'Make it by hand for the user that runs xmppd, or set "data" to another place.',
      { cause: error },
    );
  }
}
