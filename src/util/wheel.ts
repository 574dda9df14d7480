// One timer for all sessions: a wheel of one-second slots, so that a deadline costs an array entry and no closure.
import type { Clock, TimerHandle, Timers } from './clock.ts';

/** Whoever waits decides at expiry whether it still matters: there is no cancelling, only `undefined` or the next wait. */
export interface Expirable {
  /** Called at the deadline. @returns milliseconds until the next call, or undefined to leave the wheel. */
  expire(nowMs: number): number | undefined;
}

const SLOTS = 1024;
const TICK_MS = 1000;

/** Deadlines are met within a second, never early. */
export class Wheel {
  private readonly slots: Expirable[][] = Array.from({ length: SLOTS }, () => []);
  private readonly clock: Clock;
  private readonly onError: (error: unknown) => void;
  private cursor = 0;
  private handle: TimerHandle;
  private lastTickMs: number;

  /** @param onError told of what an `expire` throws; the other entries of the slot still run. */
  constructor(clock: Clock, timers: Timers, onError: (error: unknown) => void) {
    this.clock = clock;
    this.onError = onError;
    this.lastTickMs = clock.monotonicMs();
    this.handle = timers.every(TICK_MS, () => this.tick());
  }

  /** 0 is the next tick, within a second. Waits longer than the wheel are called early by `expire` at its rim and must ask again. */
  add(entry: Expirable, inMs: number): void {
    const ticks = inMs <= 0 ? 1 : Math.min(SLOTS - 1, Math.ceil(inMs / TICK_MS) + 1);
    this.slots[(this.cursor + ticks) % SLOTS]?.push(entry);
  }

  stop(): void {
    this.handle.cancel();
  }

  private tick(): void {
    const nowMs = this.clock.monotonicMs();
    // A late timer (suspended machine, long GC) owes several ticks.
    let due = Math.min(SLOTS, Math.max(1, Math.floor((nowMs - this.lastTickMs) / TICK_MS)));
    this.lastTickMs = nowMs;
    while (due-- > 0) {
      this.cursor = (this.cursor + 1) % SLOTS;
      const entries = this.slots[this.cursor];
      if (entries === undefined || entries.length === 0) continue;
      this.slots[this.cursor] = [];
      for (const entry of entries) {
        try {
          const again = entry.expire(nowMs);
          if (again !== undefined) this.add(entry, again);
        } catch (error) {
          this.onError(error);
        }
      }
    }
  }
}
