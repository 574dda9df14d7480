// When a process that ended is started again, and when that has happened too often. No I/O.

export interface RestartLimit {
  /** More restarts than this within the window end the server. */
  readonly restarts: number;
  readonly windowMs: number;
}

export const DEFAULT_RESTART_LIMIT: RestartLimit = { restarts: 10, windowMs: 60_000 };

/** A process that lived this long is healthy: its next end is answered at once. */
const HEALTHY_MS = 10_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;

export class RestartPolicy {
  readonly #limit: RestartLimit;
  readonly #restarts: number[] = [];
  readonly #waits = new Map<string, number>();

  constructor(limit: RestartLimit) {
    this.#limit = limit;
  }

  /**
   * A process ended.
   * @param name of its place: a slot, the store
   * @param livedMs how long it had run
   * @param nowMs monotonic
   * @returns milliseconds until it is started again, or undefined when the server is to give up
   */
  ended(name: string, livedMs: number, nowMs: number): number | undefined {
    this.#restarts.push(nowMs);
    while ((this.#restarts[0] as number) <= nowMs - this.#limit.windowMs) this.#restarts.shift();
    if (this.#restarts.length > this.#limit.restarts) return undefined;
    const last = livedMs >= HEALTHY_MS ? undefined : this.#waits.get(name);
    const wait = last === undefined ? 0 : Math.min(Math.max(last * 2, FIRST_WAIT_MS), MAX_WAIT_MS);
    this.#waits.set(name, wait);
    return wait;
  }
}
