// The store as a process of its own, for tests that start, stop and kill it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../../src/util/entry.ts';

export interface StoreChild {
  readonly pid: number;
  /** What it wrote on standard error so far. */
  log(): string;
  /** Sends a signal; resolves with the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

/** Resolves when it listens. @throws (rejects) with its log when it ends before */
export async function startStore(
  path: string,
  socket: string,
  options: { nodeArguments?: readonly string[]; storeArguments?: readonly string[] } = {},
): Promise<StoreChild> {
  const entry = fileURLToPath(entryUrl('storage/sqlite/store-process'));
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...(options.nodeArguments ?? []),
      entry,
      ...['--path', path, '--socket', socket],
      ...(options.storeArguments ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  await Promise.race([
    ready,
    exited.then((code) => {
      throw new TypeError(`the store ended with ${code}: ${log}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    log: () => log,
    exited,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}
