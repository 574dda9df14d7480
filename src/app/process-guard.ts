// The last line: what nobody caught. The state of the process is unknown then, so it ends in good order and is replaced.
import type { Log } from '../util/log.ts';
import type { Booted } from './boot.ts';

const LAST_WORDS_MS = 3000;
const EXIT_BUG = 70;

export function guardProcess(booted: Booted, log: Log): void {
  let ending = false;
  process.on('uncaughtException', (error) => {
    log.error(
      { err: error },
      'an exception outside any handler: this worker ends and is replaced. This is a bug.',
    );
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(EXIT_BUG), LAST_WORDS_MS).unref();
    booted.stop().then(
      () => process.exit(EXIT_BUG),
      () => process.exit(EXIT_BUG),
    );
  });
  process.on('unhandledRejection', (error) => {
    // A promise that nobody waits for holds no state of the path: logged as the bug it is, the worker goes on.
    log.error({ err: error }, 'a rejected promise that nobody handled. This is a bug.');
  });
}
