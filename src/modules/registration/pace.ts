// SECURITY: how many accounts one network makes. What is on disk counts for all workers and over restarts; what is under
// way and what was tried in vain counts here.
import type { ModuleHost } from '../../host/module.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import { StorageError } from '../../storage/storage.ts';
import type { RegistrationsStore } from './registrations-store.ts';

const HOUR_MS = 3_600_000;

/** Every attempt tells whether a name is taken: so many an hour, and then nothing more is told. */
const ATTEMPTS_EACH_HOUR = 30;
/** Networks remembered; the one that came first is forgotten first. */
const MAX_NETWORKS = 8192;

interface Attempts {
  count: number;
  readonly untilMs: number;
}

export class Pace {
  private readonly host: ModuleHost;
  private readonly store: RegistrationsStore;
  private readonly maxEach: number;
  private readonly periodMs: number;
  private readonly attempts = new Map<string, Attempts>();
  private readonly underWay = new Map<string, number>();

  constructor(
    host: ModuleHost,
    store: RegistrationsStore,
    limits: { readonly maxPerAddress: number; readonly periodHours: number },
  ) {
    this.host = host;
    this.store = store;
    this.maxEach = limits.maxPerAddress;
    this.periodMs = limits.periodHours * HOUR_MS;
  }

  /** Runs `make` if the network may make one more account, and notes it. @throws StanzaError (rejects) */
  async run(network: string, make: () => Promise<void>): Promise<void> {
    this.attempt(network);
    const waiting = this.underWay.get(network) ?? 0;
    this.underWay.set(network, waiting + 1);
    try {
      const sinceMs = this.host.clock.now() - this.periodMs;
      const rows = await this.host.read(this.store.count, [network, sinceMs]);
      if ((rows[0]?.[0] as number) + waiting >= this.maxEach) throw tooMany();
      await make();
      this.store.note(network, this.host.clock.now(), sinceMs);
    } catch (error) {
      if (error instanceof StorageError) throw new StanzaError('resource-constraint', 'wait');
      throw error;
    } finally {
      const left = (this.underWay.get(network) ?? 1) - 1;
      if (left === 0) this.underWay.delete(network);
      else this.underWay.set(network, left);
    }
  }

  private attempt(network: string): void {
    const nowMs = this.host.clock.monotonicMs();
    const known = this.attempts.get(network);
    if (known !== undefined && known.untilMs > nowMs) {
      if (known.count >= ATTEMPTS_EACH_HOUR) throw tooMany();
      known.count++;
      return;
    }
    this.attempts.delete(network);
    if (this.attempts.size >= MAX_NETWORKS) {
      for (const oldest of this.attempts.keys()) {
        this.attempts.delete(oldest);
        break;
      }
    }
    this.attempts.set(network, { count: 1, untilMs: nowMs + HOUR_MS });
  }
}

/** XEP-0077 §3.1.1: too many registrations are "not acceptable"; `wait`, since it passes. */
function tooMany(): StanzaError {
  return new StanzaError('not-acceptable', 'wait', 'Too many accounts were made from there.');
}
