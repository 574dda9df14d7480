// Time that moves when a test says so.
import type { Clock, TimerHandle, Timers } from '../../util/clock.ts';

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** Clock and timers in one; timers run in order of time, then of making. */
export class ManualTime implements Clock, Timers {
  private ms = 1_000_000;
  private entries: Entry[] = [];

  now(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.entries.length;
  }

  after(ms: number, run: () => void): TimerHandle {
    const entry = { at: this.ms + ms, run };
    this.entries.push(entry);
    return { cancel: () => void (this.entries = this.entries.filter((e) => e !== entry)) };
  }

  every(ms: number, run: () => void): TimerHandle {
    let handle = this.after(ms, again.bind(this));
    function again(this: ManualTime): void {
      handle = this.after(ms, again.bind(this));
      run();
    }
    return { cancel: () => handle.cancel() };
  }

  /** Moves on, running what falls due, and lets what was resolved go on. */
  async pass(ms: number): Promise<void> {
    const end = this.ms + ms;
    for (;;) {
      await settled();
      const due = this.entries.filter((e) => e.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.entries = this.entries.filter((e) => e !== due);
      this.ms = Math.max(this.ms, due.at);
      due.run();
    }
    this.ms = end;
    await settled();
  }
}

/** Runs all that waits for a promise that is resolved already. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
