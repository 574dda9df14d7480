// The store process: the one writer for all workers. Started before them, ended after them.
import { Child } from './child.ts';
import type { Failure } from './messages.ts';
import { DEFAULTS, type ProcessStatus, type SupervisorOptions } from './settings.ts';

export interface StoreHost {
  readonly options: SupervisorOptions;
  onStoreReady(): void;
  onStoreFail(failure: Failure): void;
  onStoreEnd(why: string, livedMs: number): void;
}

/** What a store says; see `SupervisorOptions.storeEntry`. */
type FromStore = { readonly ready: true } | ({ readonly ready: false } & Failure);

export class StoreSlot {
  readonly #host: StoreHost;
  readonly #entry: URL;
  #child: Child | undefined;
  #state: ProcessStatus['state'] = 'down';
  #starts = 0;
  #startedMs = 0;

  constructor(host: StoreHost, entry: URL) {
    this.#host = host;
    this.#entry = entry;
  }

  get state(): ProcessStatus['state'] {
    return this.#state;
  }

  start(): void {
    this.#state = 'starting';
    this.#starts += 1;
    this.#startedMs = this.#host.options.clock.monotonicMs();
    this.#child = new Child(this.#entry, this.#host.options.storeArgs ?? [], {
      onMessage: (message) => this.#hear(message as FromStore),
      onEnd: (why) => {
        this.#child = undefined;
        this.#state = 'down';
        this.#host.onStoreEnd(why, this.#host.options.clock.monotonicMs() - this.#startedMs);
      },
    });
  }

  stop(): void {
    if (this.#child === undefined) return;
    this.#state = 'stopping';
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  check(): void {
    const { clock, settings, log } = this.#host.options;
    const limit = settings.startTimeoutMs ?? DEFAULTS.startTimeoutMs;
    if (this.#state !== 'starting' || clock.monotonicMs() - this.#startedMs <= limit) return;
    log.error({ pid: this.#child?.pid, limitMs: limit }, 'store did not start in time; killing it');
    this.kill();
  }

  status(): ProcessStatus {
    return {
      state: this.#state,
      pid: this.#child?.pid ?? null,
      restarts: Math.max(0, this.#starts - 1),
    };
  }

  #hear(message: FromStore): void {
    if (!message.ready) {
      this.#host.onStoreFail(message);
    } else if (this.#state === 'starting') {
      this.#state = 'ready';
      this.#host.onStoreReady();
    }
  }
}
