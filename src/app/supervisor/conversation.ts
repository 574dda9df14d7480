// Questions and answers over a channel that only carries messages, the same on both ends.
import type { TimerHandle, Timers } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Answer, Ask, Failure } from './messages.ts';

/** Answers a question. What it throws goes back to who asked. */
export type Answerer = (verb: string, args: unknown) => unknown;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: OperatorError) => void;
  readonly timer: TimerHandle;
}

const MAX_WAITING = 256;

export class Conversation {
  readonly #send: (message: Ask | Answer) => void;
  readonly #timers: Timers;
  readonly #answer: Answerer;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(send: (message: Ask | Answer) => void, timers: Timers, answer: Answerer) {
    this.#send = send;
    this.#timers = timers;
    this.#answer = answer;
  }

  /** @throws OperatorError `control-timeout`, `control-busy`, `control-broken`, or what the other side threw */
  ask(verb: string, args: unknown, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= MAX_WAITING) {
        reject(failed('control-busy', 'too many requests wait for an answer'));
        return;
      }
      const id = this.#nextId;
      this.#nextId += 1;
      const timer = this.#timers.after(timeoutMs, () => {
        this.#waiting.delete(id);
        reject(failed('control-timeout', `no answer to ${verb} within ${timeoutMs} ms`));
      });
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ kind: 'ask', id, verb, args });
    });
  }

  /** Takes a message of the other side. */
  hear(message: Ask | Answer): void {
    if (message.kind === 'ask') void this.#reply(message);
    else this.#settle(message);
  }

  /** The other side is gone. */
  end(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      timer.cancel();
      reject(failed('control-broken', 'the process asked has ended'));
    }
    this.#waiting.clear();
  }

  async #reply({ id, verb, args }: Ask): Promise<void> {
    try {
      const value = await this.#answer(verb, args);
      this.#send({ kind: 'answer', id, value });
    } catch (error) {
      this.#send({ kind: 'answer', id, failure: asFailure(error) });
    }
  }

  #settle({ id, value, failure }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    if (failure === undefined) waiting.resolve(value);
    else waiting.reject(fromFailure(failure));
  }
}

/** An error as it travels; anything but an OperatorError is a bug and says so. */
export function asFailure(error: unknown): Failure {
  if (error instanceof OperatorError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal-error', message, hint: 'this is a bug; the log has the details' };
}

export function fromFailure({ code, message, hint }: Failure): OperatorError {
  return new OperatorError(code, message, hint);
}

function failed(code: string, message: string): OperatorError {
  return new OperatorError(code, message, 'look at the status and try again');
}
