// Which processes fill the worker slots now. The supervisor knows; links believe it and nobody else.
import type { WorkerId } from '../placement/placement.ts';

/** One slot's process. Epochs of a slot only grow, also over restarts of the whole server. */
export interface Member {
  readonly slot: WorkerId;
  readonly epoch: number;
  readonly up: boolean;
}

/** A slot is up from the moment its process is started until it is known to be gone. */
export interface Membership {
  /** All slots that ever had a process, the own one included. */
  readonly members: readonly Member[];
  /** Told of every change after `members` was read, in order. One listener. */
  onChange(listener: (member: Member) => void): void;
}
