// Moves the write-ahead log into the database, in a thread of its own, so that its syncs are not the writer's. Resetting
// the log is the writer's: another connection would never find it between two transactions while it is busy.
import type { Clock } from '../../util/clock.ts';
import type { Connection } from './database.ts';

/** Bytes of one page in the log: the page and its frame header. */
const FRAME_BYTES = 4096 + 24;

/** When to do what. Pages are those of the log. */
export interface CheckpointPolicy {
  /** So many pages not yet in the database start a passive checkpoint, which holds nobody up. */
  readonly passivePages: number;
  /** Fewer pages than that wait at most so long. */
  readonly passiveAfterMs: number;
  /** A log of so many pages is reset by the writer, which stands still for the rest of it. */
  readonly resetPages: number;
  /** Passes before a reset go on until one has moved no more than this. */
  readonly restPages: number;
}

export const CHECKPOINT_POLICY: CheckpointPolicy = {
  passivePages: 2048,
  passiveAfterMs: 60_000,
  resetPages: 16_384,
  restPages: 512,
};

/** What a look at the log found and did. */
export interface CheckpointReport {
  readonly walBytes: number;
  /** 0 when there was nothing to do. */
  readonly checkpointMs: number;
  /** The log is large and nearly all moved: the writer should reset it, between two commits. */
  readonly resetDue: boolean;
}

const PASSES = 4;
/** After a reset that a reader would have prevented. */
const RESET_AGAIN_MS = 5000;

interface LogState {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

export class Checkpointer {
  readonly #db: Connection;
  readonly #clock: Clock;
  readonly #policy: CheckpointPolicy;
  #lastAt: number;
  #resetNotBefore = 0;

  constructor(db: Connection, clock: Clock, policy: CheckpointPolicy = CHECKPOINT_POLICY) {
    this.#db = db;
    this.#clock = clock;
    this.#policy = policy;
    this.#lastAt = clock.monotonicMs();
  }

  /** Looks at the log and does what the policy asks. @throws SqliteError; the next look tries again */
  look(): CheckpointReport {
    const { passivePages, passiveAfterMs, resetPages } = this.#policy;
    const began = this.#clock.monotonicMs();
    let state = this.#checkpoint('NOOP');
    const pending = pendingPages(state);
    const large = state.log >= resetPages && began >= this.#resetNotBefore;
    const due = pending >= passivePages || (pending > 0 && began - this.#lastAt >= passiveAfterMs);
    if (!due && !large) return { walBytes: walBytes(state), checkpointMs: 0, resetDue: false };
    const resetDue = large && this.#catchUp(state.checkpointed);
    if (!large) state = this.#checkpoint('PASSIVE');
    this.#lastAt = this.#clock.monotonicMs();
    return { walBytes: walBytes(state), checkpointMs: this.#lastAt - began, resetDue };
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Passes beside the writer, each over what was written during the last one, until little is left for the reset.
   * @returns false when a long read (a backup, a check) keeps the log from being reset: waiting would be for nothing
   */
  #catchUp(checkpointed: number): boolean {
    const { restPages } = this.#policy;
    let moved = checkpointed;
    for (let pass = 0; pass < PASSES; pass++) {
      const state = this.#checkpoint('PASSIVE');
      const step = state.checkpointed - moved;
      moved = state.checkpointed;
      // The writer's own transaction holds a pass back too, but not the next one at the same page.
      const left = pendingPages(state);
      if (step === 0 && left > restPages) {
        this.#resetNotBefore = this.#clock.monotonicMs() + RESET_AGAIN_MS;
        return false;
      }
      if (step <= restPages && left <= restPages) break;
    }
    return true;
  }

  #checkpoint(mode: 'NOOP' | 'PASSIVE'): LogState {
    const rows = this.#db.pragma(`wal_checkpoint(${mode})`) as LogState[];
    return rows[0] ?? { busy: 1, log: 0, checkpointed: 0 };
  }
}

function pendingPages(state: LogState): number {
  return state.log - state.checkpointed;
}

function walBytes(state: LogState): number {
  return state.log * FRAME_BYTES;
}
