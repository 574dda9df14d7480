// The frames received on one link and not yet settled: one flag a number, from which the cumulative done is told.
import { InvariantError } from '../util/errors.ts';
import type { LinkSink } from './link-sink.ts';

/** More exceptions than this lower the done instead: the message stays small, and the rest is told when it is settled. */
const MAX_EXCEPTIONS = 4_096;

/** Wire numbers belong to one sending process; local numbers are theirs plus an offset that grows with each process. */
export class Inbox {
  #open = new Uint8Array(256);
  #mask = 255;
  #offset = 0;
  #received = 0;
  /** Everything up to here is settled. */
  #floor = 0;
  /** The highest settled number. */
  #top = 0;
  #unsettled = 0;
  /** The highest number of which the sender is told that it is handled, open as it may be. */
  #handled = 0;
  #dirty = false;

  /** The highest wire number received from the present process. */
  get received(): number {
    return this.#received;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  /** Something was settled since the last `tell`. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** A new process sends from here on: it counts anew and waits for nothing its predecessor sent. */
  reset(): void {
    this.#offset += this.#received;
    this.#received = 0;
    this.#floor = 0;
    this.#top = 0;
    this.#unsettled = 0;
    this.#handled = 0;
    this.#dirty = false;
    this.#open.fill(0);
  }

  /** @returns the local number, or undefined when the frame is already here */
  receive(no: number): number | undefined {
    if (no <= this.#received) return undefined;
    // What was left out before this number was done with an earlier process of ours.
    if (this.#unsettled === 0) this.#floor = no - 1;
    else while (no - this.#floor > this.#mask) this.#grow();
    this.#received = no;
    this.#unsettled += 1;
    this.#open[no & this.#mask] = 1;
    return no + this.#offset;
  }

  /** @returns whether the sender now has to be told. @throws InvariantError when the frame was settled before or never came */
  settle(local: number): boolean {
    const no = local - this.#offset;
    if (no <= 0) return false;
    if (no > this.#received || no <= this.#floor || this.#open[no & this.#mask] !== 1) {
      throw new InvariantError(`link frame ${local} settled twice or never received`);
    }
    this.#open[no & this.#mask] = 0;
    this.#unsettled -= 1;
    if (no > this.#top) this.#top = no;
    if (this.#unsettled === 0) {
      this.#floor = this.#received;
    } else {
      while (this.#open[(this.#floor + 1) & this.#mask] === 0) this.#floor += 1;
    }
    this.#dirty = true;
    return true;
  }

  /** This process has handled the frame and lives: the sender waits to hear it, for an earlier one did not. */
  handled(no: number): void {
    this.#handled = no;
    this.#dirty = true;
  }

  /** The connection is new: what was told on the old one may not have arrived. */
  retell(): void {
    this.#dirty = this.#received > 0;
  }

  tell(sink: LinkSink): void {
    this.#dirty = false;
    const exceptions: number[] = [];
    let upTo = Math.max(this.#top, this.#floor, this.#handled);
    for (let no = this.#floor + 1; no <= upTo; no += 1) {
      if (this.#open[no & this.#mask] === 0) continue;
      if (exceptions.length === MAX_EXCEPTIONS) {
        upTo = no - 1;
        break;
      }
      exceptions.push(no);
    }
    sink.done(upTo, exceptions);
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    const open = new Uint8Array(size);
    for (let no = this.#floor + 1; no <= this.#received; no += 1) {
      open[no & (size - 1)] = this.#open[no & this.#mask] as number;
    }
    this.#open = open;
    this.#mask = size - 1;
  }
}
