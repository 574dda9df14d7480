// Gathers what is written during one turn of the event loop: one system call for each connection and turn.
import type { Gated } from './read-gate.ts';

/** Somebody with bytes to flush. */
export interface Flushable {
  flush(): void;
}

/** PERF(docs/performance.md): one setImmediate for all connections of a worker. */
export class WriteTick {
  private dirty: Flushable[] = [];
  private yielding: Gated[] = [];
  private scheduled = false;
  private readonly onError: (error: unknown) => void;

  /** @param onError told of what a flush throws; the others still flush. */
  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  add(flushable: Flushable): void {
    this.dirty.push(flushable);
    this.schedule();
  }

  /** Calls `resumeReading` when the others have had their turn. */
  yield(yielding: Gated): void {
    this.yielding.push(yielding);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.run();
    });
  }

  private run(): void {
    this.scheduled = false;
    const dirty = this.dirty;
    this.dirty = [];
    for (const flushable of dirty) {
      try {
        flushable.flush();
      } catch (error) {
        this.onError(error);
      }
    }
    const { yielding } = this;
    this.yielding = [];
    for (const reader of yielding) reader.resumeReading();
  }
}
