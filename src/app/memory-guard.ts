// The memory budget of a worker and what it sheds, in order, while it is beyond: what costs nobody anything first.
import type { Clock, TimerHandle, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Session } from '../session/session.ts';
import type { ClientStream } from '../c2s/client-stream.ts';

/** One step of shedding; each is taken beside those before it. The guide prints this table. */
export interface SheddingStage {
  readonly name: string;
  readonly what: string;
}

export const SHEDDING_STAGES: readonly SheddingStage[] = [
  { name: 'caches', what: 'accounts without sessions leave memory; garbage is collected' },
  {
    name: 'newcomers',
    what: 'no connection is taken; those that have not logged in end with `resource-constraint`',
  },
  {
    name: 'hibernating',
    what: 'sessions without a connection end, those with the most waiting first; what they hold waits in archive and store as for an absent user',
  },
  {
    name: 'slow-readers',
    what: 'sessions with a connection end with `resource-constraint`, those with the most unacknowledged first',
  },
];

const LOOK_MS = 2000;
/** Below this share of the budget shedding ends; between the two nothing changes. */
const CALM_SHARE = 0.9;
/** Sessions that end at one look: enough to be felt, few enough to look again. */
const HIBERNATING_A_LOOK = 200;
const CONNECTED_A_LOOK = 20;
/** A collection holds the worker up. */
const COLLECT_EVERY_MS = 10_000;

export interface MemoryGuardParts {
  readonly budgetBytes: () => number;
  readonly residentBytes: () => number;
  readonly collect: () => void;
  /** @returns accounts that left */
  readonly emptyCaches: () => number;
  readonly sessions: () => Iterable<Pick<Session, 'connected' | 'queuedBytes' | 'end'>>;
  readonly streams: () => Iterable<Pick<ClientStream, 'loggedIn' | 'noRoom'>>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export class MemoryGuard {
  private readonly parts: MemoryGuardParts;
  private readonly timer: TimerHandle;
  private collectedAtMs = -COLLECT_EVERY_MS;
  /** How many stages are in force; 0: none. */
  stage = 0;
  /** Sessions ended for want of memory, for metrics. */
  shedSessions = 0;

  constructor(parts: MemoryGuardParts) {
    this.parts = parts;
    this.timer = parts.timers.every(LOOK_MS, () => this.look());
  }

  /** Nobody new is taken. */
  get full(): boolean {
    return this.stage >= 2;
  }

  stop(): void {
    this.timer.cancel();
  }

  /** Called every two seconds; each look beyond the budget goes one stage further. */
  look(): void {
    const budget = this.parts.budgetBytes();
    const resident = budget === 0 ? 0 : this.parts.residentBytes();
    if (budget === 0 || resident < budget * CALM_SHARE) this.calm(resident);
    else if (resident > budget) this.shed(resident, budget);
  }

  private calm(resident: number): void {
    if (this.stage === 0) return;
    this.stage = 0;
    this.parts.log.info({ resident }, 'memory is below the budget again; nothing is shed');
  }

  private shed(resident: number, budget: number): void {
    const { log } = this.parts;
    if (this.stage < SHEDDING_STAGES.length) {
      this.stage += 1;
      const stage = SHEDDING_STAGES[this.stage - 1]?.name;
      log.warn({ resident, budget, stage }, 'memory is beyond the budget; shedding');
    }
    const accounts = this.parts.emptyCaches();
    if (this.full)
      for (const stream of [...this.parts.streams()]) if (!stream.loggedIn) stream.noRoom();
    const ended =
      (this.stage >= 3 ? this.endLargest(false, HIBERNATING_A_LOOK) : 0) +
      (this.stage >= 4 ? this.endLargest(true, CONNECTED_A_LOOK) : 0);
    this.shedSessions += ended;
    if (accounts + ended > 0) log.warn({ accounts, sessions: ended }, 'shed for want of memory');
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.collectedAtMs < COLLECT_EVERY_MS) return;
    this.collectedAtMs = nowMs;
    this.parts.collect();
  }

  /** @returns how many ended */
  private endLargest(connected: boolean, most: number): number {
    const candidates = [...this.parts.sessions()]
      .filter(
        (session) => session.connected === connected && (!connected || session.queuedBytes > 0),
      )
      .sort((a, b) => b.queuedBytes - a.queuedBytes)
      .slice(0, most);
    for (const session of candidates) session.end('resource-constraint');
    return candidates.length;
  }
}
