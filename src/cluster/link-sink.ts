// What two workers say to each other, apart from how it is written: one side's sink is filled by the other's state.
import type { WorkerId } from '../placement/placement.ts';
import type { Bytes } from '../xml/bytes.ts';

/** The first thing each side says on a connection. */
export interface Hello {
  readonly slot: WorkerId;
  readonly epoch: number;
  /** The highest frame number received from the process now spoken to; 0 when none. */
  readonly received: number;
  /** The epoch of the process now spoken to, as far as the speaker knows. */
  readonly toEpoch: number;
  /** That process's whole announcement has been received. */
  readonly announced: boolean;
  /** The speaker owns its addresses. */
  readonly ready: boolean;
}

/** Everything after the hello; the order of calls is the order on the wire. */
export interface LinkSink {
  /** Numbers grow but may have gaps: what was done with an earlier process is not sent to its successor. */
  frame(no: number, again: boolean, payload: Bytes): void;
  done(upTo: number, exceptions: readonly number[]): void;
  announce(payload: Bytes): void;
  announced(): void;
  ready(): void;
  /** The speaker is leaving and wants no more frames. */
  bye(): void;
  /** No frame follows this until the slot has a new process. */
  byeOk(): void;
}
