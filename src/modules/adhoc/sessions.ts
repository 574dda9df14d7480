// Walks through commands that are under way. Bounded in count and time; no timer: what has run out goes when one comes.
import type { AdHocCommand, FormStep } from '../../host/ad-hoc.ts';
import type { Clock, Random } from '../../util/clock.ts';

/** A walk of one user's session through one command. */
export interface Walk {
  readonly id: string;
  /** Full JID: nobody else may go on with it (XEP-0050 §3.3). */
  readonly from: string;
  readonly bare: string;
  /** The address it was begun at. */
  readonly to: string;
  readonly command: AdHocCommand;
  /** The step that waits for a form, and those before it. */
  readonly steps: FormStep[];
  /** A form is being worked on. */
  busy: boolean;
  expiresAtMs: number;
}

const LIFETIME_MS = 600_000;
const MAX_WALKS = 1000;
const MAX_OF_USER = 16;

export class Walks {
  /** In the order of their last steps. */
  private readonly walks = new Map<string, Walk>();
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  newId(): string {
    return this.random.id();
  }

  /** @returns false when there are too many, of this user or of all */
  add(walk: Omit<Walk, 'busy' | 'expiresAtMs'>): boolean {
    this.expire();
    let ofUser = 0;
    for (const { bare } of this.walks.values()) if (bare === walk.bare) ofUser++;
    if (this.walks.size >= MAX_WALKS || ofUser >= MAX_OF_USER) return false;
    this.walks.set(walk.id, { ...walk, busy: false, expiresAtMs: this.endOfTime() });
    return true;
  }

  find(id: string): Walk | undefined {
    this.expire();
    return this.walks.get(id);
  }

  /** It has made a step: its time begins anew. */
  touch(walk: Walk): void {
    this.walks.delete(walk.id);
    walk.expiresAtMs = this.endOfTime();
    this.walks.set(walk.id, walk);
  }

  end(walk: Walk): void {
    this.walks.delete(walk.id);
  }

  private endOfTime(): number {
    return this.clock.monotonicMs() + LIFETIME_MS;
  }

  private expire(): void {
    const nowMs = this.clock.monotonicMs();
    for (const walk of this.walks.values()) {
      if (walk.expiresAtMs > nowMs) return;
      this.walks.delete(walk.id);
    }
  }
}
