// One child process: started, spoken to, ended. Knows nothing of what it is for.
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What `onEnd` is told of a process that ended by itself and content. */
export const CLEAN_END = 'exit code 0';

export interface ChildEvents {
  onMessage(message: unknown): void;
  /** Once, after the last message. */
  onEnd(why: string): void;
}

export class Child {
  readonly #process: ChildProcess;
  #ended = false;

  constructor(entry: URL, args: readonly string[], events: ChildEvents) {
    // Its own session: Ctrl-C in a terminal reaches the supervisor alone, which then stops everybody in order.
    this.#process = fork(fileURLToPath(entry), args, {
      // PERF(docs/performance.md): a small young generation keeps 2 KiB an idle session, and costs a tenth of a busy one.
      // One helper thread for compiler and collector: four of them on the cores of other workers cost more than they save.
      execArgv: [...process.execArgv, '--max-semi-space-size=4', '--v8-pool-size=1'],
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const end = (why: string): void => {
      if (this.#ended) return;
      this.#ended = true;
      events.onEnd(why);
    };
    this.#process.on('message', (message) => events.onMessage(message));
    this.#process.on('error', (error) => {
      // Only a process that never started has no pid; other errors are of single messages and known to their callbacks.
      if (this.#process.pid === undefined) end(error.message);
    });
    this.#process.on('exit', (code, signal) => end(signal ?? `exit code ${code ?? 'unknown'}`));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * A socket stays open here too, until its sender closes it: Node 20 and 24 forget to close one that the process had not
   * acknowledged when it died, and its client would wait for ever.
   * @param sent called when the message, and the socket with it, has left or can't
   */
  send(message: object, socket?: Socket, sent?: (failed: boolean) => void): void {
    const done = (error: Error | null): void => sent?.(error !== null);
    if (!this.#process.connected) sent?.(true);
    else if (socket === undefined) this.#process.send(message, done);
    else this.#process.send(message, socket, { keepOpen: true }, done);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#ended) this.#process.kill(signal);
  }
}
