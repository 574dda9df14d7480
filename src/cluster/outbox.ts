// The frames this worker sent on one link and that are not done: kept in a ring indexed by number.
import type { Bytes } from '../xml/bytes.ts';
import type { LinkSink } from './link-sink.ts';
import { Probation } from './probation.ts';

/** What a kept frame costs beside its payload, so that a flood of empty frames is bounded too. */
const FRAME_OVERHEAD_BYTES = 32;
const NONE: readonly number[] = [];

/** Numbers grow by one for each frame and are never given twice in the life of the process. */
export class Outbox {
  #ring: (Bytes | undefined)[] = new Array<Bytes | undefined>(64).fill(undefined);
  #mask = 63;
  /** Everything below is done or dropped. */
  #head = 1;
  #next = 1;
  /** The highest number given to the present connection. */
  #sent = 0;
  /** The highest number ever given to any connection. */
  #everSent = 0;
  /** Up to here frames were given to a process that died. */
  #againUpTo = 0;
  /** The highest number any process of the slot said done to. */
  #doneUpTo = 0;
  #bytes = 0;
  readonly #probation = new Probation();
  /** Frames wait for one under suspicion to pass. */
  #heldUp = false;

  /** Bytes of frames not done, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Width of the window of numbers from the oldest frame not done to the newest. */
  get span(): number {
    return this.#next - this.#head;
  }

  get doneUpTo(): number {
    return this.#doneUpTo;
  }

  /** No frame given to the present or a former process waits for its done. */
  get settled(): boolean {
    return this.#head > this.#everSent;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** Frames that an earlier process died with are under way: `tick` wants to be called. */
  get onProbation(): boolean {
    return this.#probation.active;
  }

  /** `take` gave less than there is, and would give more once one under suspicion has passed. */
  get heldUp(): boolean {
    return this.#heldUp;
  }

  add(payload: Bytes): number {
    const no = this.#next;
    if (no - this.#head > this.#mask) this.#grow();
    this.#next = no + 1;
    this.#ring[no & this.#mask] = payload;
    this.#bytes += payload.length + FRAME_OVERHEAD_BYTES;
    return no;
  }

  /** A number for a frame that is dropped at once. */
  skip(): number {
    const no = this.#next;
    if (no - this.#head > this.#mask) this.#grow();
    this.#next = no + 1;
    if (no === this.#head) this.#head = this.#next;
    return no;
  }

  /** A connection to the process that has received everything up to `received`: the rest goes again on it, unmarked. */
  resume(received: number): void {
    this.#sent = Math.max(received, this.#head - 1);
    this.#probation.resume(this.#sent);
  }

  /** The slot has a new process: all that is not done goes again, marked, and what may have ended the last one by itself. */
  restart(): void {
    this.#againUpTo = this.#everSent;
    this.#sent = this.#head - 1;
    this.#probation.begin(this.#everSent);
  }

  /** The process died. @returns the frame that two processes have died with, given up; undefined: there is none, or it is not known which */
  died(): { readonly no: number; readonly payload: Bytes } | undefined {
    const no = this.#probation.died();
    const payload = no === undefined ? undefined : this.#ring[no & this.#mask];
    if (no === undefined || payload === undefined) return undefined;
    this.#release(no, payload);
    if (no === this.#head) this.#advance(no + 1);
    return { no, payload };
  }

  /** To be called every `PATIENCE_MS` while `onProbation`. @returns whether there may be more to `take` */
  tick(): boolean {
    return this.#probation.tick() && this.#heldUp;
  }

  /** Gives frames not yet given to this connection, in order, until about `maxBytes`. @returns whether more wait */
  take(sink: LinkSink, maxBytes: number): boolean {
    let no = this.#sent + 1;
    let left = maxBytes;
    this.#heldUp = false;
    for (; no < this.#next && left > 0; no += 1) {
      const payload = this.#ring[no & this.#mask];
      if (payload === undefined) continue;
      if (!this.#probation.admits(no)) {
        this.#heldUp = true;
        break;
      }
      if (no <= this.#againUpTo) this.#probation.gave(no);
      sink.frame(no, no <= this.#againUpTo, payload);
      left -= payload.length + 4;
    }
    this.#sent = no - 1;
    if (this.#sent > this.#everSent) this.#everSent = this.#sent;
    return !this.#heldUp && no < this.#next;
  }

  /**
   * The receiver's done: everything up to `upTo` but `exceptions` (ascending).
   * @returns the frames at or below `doneUpTo` that are not done, ascending
   */
  done(upTo: number, exceptions: readonly number[]): readonly number[] {
    // A peer can't settle what was not sent to it; a number beyond would hide frames still to come.
    const limit = Math.min(upTo, this.#sent);
    if (limit > this.#doneUpTo) this.#doneUpTo = limit;
    let at = 0;
    let open: number[] | undefined;
    for (let no = this.#head; no <= this.#doneUpTo; no += 1) {
      const payload = this.#ring[no & this.#mask];
      if (payload === undefined) continue;
      while (at < exceptions.length && (exceptions[at] as number) < no) at += 1;
      if (no > limit || exceptions[at] === no) {
        (open ??= []).push(no);
        if (no <= limit) this.#probation.handled(no);
      } else this.#release(no, payload);
    }
    this.#advance(open?.[0] ?? this.#doneUpTo + 1);
    return open ?? NONE;
  }

  /** Gives up every frame, oldest first. */
  dropAll(dropped: (no: number, payload: Bytes, mayHaveArrived: boolean) => void): void {
    const end = this.#next;
    for (let no = this.#head; no < end; no += 1) {
      const payload = this.#ring[no & this.#mask];
      if (payload === undefined) continue;
      this.#release(no, payload);
      this.#advance(no + 1);
      dropped(no, payload, no <= this.#everSent);
    }
    this.#advance(end);
    if (this.#sent < end - 1) this.#sent = end - 1;
  }

  #release(no: number, payload: Bytes): void {
    this.#ring[no & this.#mask] = undefined;
    this.#probation.passed(no);
    this.#bytes -= payload.length + FRAME_OVERHEAD_BYTES;
  }

  #advance(to: number): void {
    if (to > this.#head) this.#head = to;
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    const ring = new Array<Bytes | undefined>(size).fill(undefined);
    for (let no = this.#head; no < this.#next; no += 1) {
      ring[no & (size - 1)] = this.#ring[no & this.#mask];
    }
    this.#ring = ring;
    this.#mask = size - 1;
  }
}
