// Link port: one ordered link for each pair of workers. It carries bytes and knows nothing of what is in them.
import type { WorkerId } from '../placement/placement.ts';
import type { Bytes } from '../xml/bytes.ts';

/**
 * The number of a frame on one link in one direction, growing from 1. The number `send` returned names that frame for
 * as long as the sending process lives, also when the frame is sent again to a new process. The number in `Incoming`
 * names the frame for as long as the receiving process lives, also when the sender was replaced meanwhile.
 */
export type FrameNo = number;

export interface Incoming {
  readonly from: WorkerId;
  readonly no: FrameNo;
  /** It had been given to a process of this slot that died before saying done: what it asks may have happened already. */
  readonly again: boolean;
  /** May be a slice of what was received: who keeps it beyond the tick copies it, or pins the parent. */
  readonly payload: Bytes;
}

/** What a worker does with what its links say. Calls come one at a time and never from inside a call of `Links`. */
export interface LinkHandler {
  /**
   * One frame; frames of one link come in the order they were sent, each once in the life of this process. The owner
   * then calls `settle` exactly once for it: at once if it owes nothing, else when what it owes is on disk.
   * Never called before `onReady`.
   */
  onFrame(frame: Incoming): void;
  /**
   * What the receiver has settled of what this worker sent to `to`, cumulative: everything up to `upTo` but the
   * `exceptions` (ascending, all ≤ upTo) is done, or was reported by `onDropped`. `upTo` never decreases. The array is
   * only valid during the call. There may be room again: ask `room` here.
   */
  onDone(to: WorkerId, upTo: FrameNo, exceptions: readonly FrameNo[]): void;
  /**
   * 'up': a process with this epoch fills the slot and is connected. 'down': that process is gone, and with it every
   * session it held; frames for the slot park. Between two epochs there is always a 'down' (if the first was ever up),
   * and no frame of the new one comes before it.
   */
  onPeer(worker: WorkerId, state: 'up' | 'down', epoch: number): void;
  /**
   * Asked when a slot has a new process: everything this worker holds of that slot's addresses. It is read to its end
   * at once and sent before anything else. Frames not done follow it and may repeat what it said, so the receiver takes
   * both as idempotent.
   */
  announce(to: WorkerId): Iterable<Bytes>;
  /** One item of another worker's announcement. May come twice when a connection breaks half-way. */
  onAnnounced(from: WorkerId, payload: Bytes): void;
  /** Every live worker has announced: from here on this process owns its addresses. Called once. */
  onReady(): void;
  /**
   * A frame that will not be delivered by this link: its slot had no ready process for too long, or too much was
   * waiting for it. The sender answers with an error.
   * @param mayHaveArrived it had been given to a process that died, or to a link closed before it said done
   */
  onDropped(to: WorkerId, no: FrameNo, payload: Bytes, mayHaveArrived: boolean): void;
  /**
   * A frame that two processes of its slot have died with, and that no other is given: it was the only one under way,
   * among those that the first had died with, when the second died. The sender answers with an error.
   */
  onPoison(to: WorkerId, no: FrameNo, payload: Bytes): void;
}

/**
 * Ordering: frames from one worker to one other are handled in the order sent, always. Loss: none while both processes
 * live; when the receiver dies, frames not done go to its successor, marked `again`, a few at a time until they are done,
 * and all others behind them; one that a second process dies with is given back (`onPoison`). When the sender dies, what
 * it had not yet sent is gone with the sessions that were owed an answer. Concurrency: called from the worker's own thread.
 */
export interface Links {
  /** Queues a frame; it leaves at the end of the tick. Nothing is called back before that. @throws InvariantError when the payload is longer than `MAX_PAYLOAD_BYTES` or `to` is not another slot */
  send(to: WorkerId, payload: Bytes): FrameNo;
  /**
   * What the frame owes is on disk. In any order; for a sender that died meanwhile it does nothing.
   * @param unasked nobody at the other end waits for it: it is told with whatever goes that way next, or within
   *   `LAZY_DONE_MS`, so that it costs no write and no wake-up of its own
   */
  settle(from: WorkerId, no: FrameNo, unasked?: boolean): void;
  /**
   * Bytes that may still be sent to this slot. At 0 the sockets feeding the link are not read; what is sent all the same
   * is taken up to twice the bound and then dropped (`onDropped`).
   */
  room(to: WorkerId): number;
  /** Waits until what was sent is done and what was received is settled, for a bounded time; what is left is dropped (`onDropped`). Idempotent. */
  close(): Promise<void>;
}

/** How long the done of frames that nobody waits for may be kept back. */
export const LAZY_DONE_MS = 20;

/** The longest payload of one frame: far above any stanza; a frame's length has 24 bits. */
export const MAX_PAYLOAD_BYTES = 0xff_ff_ff - 16;
