// Ids of what is kept for an owner: they sort by time, never run backwards, and are not to be guessed (XEP-0313 §3).
import type { AccountView, Slot } from '../host/views.ts';
import type { ModuleHost } from '../host/module.ts';
import type { Clock, Random } from '../util/clock.ts';

/** Ids of one millisecond. Times 2^41 ms it stays below 2^53 until the year 2109. */
const IDS_PER_MS = 2048;
/** Where the clock has not moved, or has stepped back, the next id is at most so much higher. */
const LEAP_MASK = 15;
const POOL_BYTES = 4096;

const DECIMAL = /^[1-9]\d{0,15}$/;

/** The last id of an owner, in the account's memory. */
export interface LastId {
  last: number;
}

export class OwnerIds {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly slot: Slot<LastId>;
  private pool: Buffer;
  private at = 0;

  /** One sequence for an owner, whichever module asks: what is kept in two tables still has one order. */
  constructor(host: ModuleHost) {
    this.clock = host.clock;
    this.random = host.random;
    this.slot = host.accountSlot<LastId>(() => ({ last: 0 }), 'archive.last-id');
    this.pool = host.random.bytes(POOL_BYTES);
  }

  /** The id of what is kept now: higher than any before it of this owner. */
  next(account: AccountView): number {
    const owner = account.slot(this.slot);
    const chance = this.chance();
    const byTime = this.clock.now() * IDS_PER_MS + (chance & (IDS_PER_MS - 1));
    const behind = owner.last + 1 + (chance & LEAP_MASK);
    owner.last = byTime > behind ? byTime : behind;
    return owner.last;
  }

  /** An id that is on disk: later ones are higher even if the clock stepped back, or the owner moved here. */
  seen(account: AccountView, id: number): void {
    const owner = account.slot(this.slot);
    if (id > owner.last) owner.last = id;
  }

  private chance(): number {
    if (this.at >= POOL_BYTES) {
      this.pool = this.random.bytes(POOL_BYTES);
      this.at = 0;
    }
    const value = this.pool.readUInt16LE(this.at);
    this.at += 2;
    return value;
  }
}

/** Milliseconds since the epoch at which an id was given. */
export function timeOf(id: number): number {
  return Math.floor(id / IDS_PER_MS);
}

/** The lowest id that could be given at that time. */
export function firstIdAt(epochMs: number): number {
  return epochMs * IDS_PER_MS;
}

/** An id as clients see it. @returns undefined when it cannot be one of ours */
export function parseId(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : undefined;
}
