// Which of the frames that a process died with was its end? They are given to its successor a few at a time, so that a
// second death names the one that was under way. A handler that spins can't be stopped, only not called again.

/** So many frames that passed widen the window by one: the frame at fault is near the oldest, what it held up is behind it. */
const WIDEN_AFTER = 64;
/** A frame that was handled and is still open after two of these passes: what it waits for may be behind it. */
export const PATIENCE_MS = 250;
/** So many of them, and a frame passes though nothing was heard of it: an earlier version does not say what it handled. */
const LONGEST_WAIT = 240;

/** How a frame under way is seen: given only, handled, handled a while ago. */
const GIVEN = 0;
const HANDLED = 1;
const LASTING = 2;

/** The suspects of one link, by number: everything not done up to the highest number that a process which died was given. */
export class Probation {
  #upTo = 0;
  /** Suspects that the present process was given and that have not passed, by how they are seen. */
  readonly #underWay = new Map<number, number>();
  #passed = 0;
  #waits = 0;
  /** Handled when its process died: another frame, of another link too, may have been the end of it. Not spared twice. */
  #spared = 0;

  /** Some suspect is under way. */
  get active(): boolean {
    return this.#underWay.size > 0;
  }

  /** The slot has a new process. @param upTo the highest number that any process before it was given */
  begin(upTo: number): void {
    this.#upTo = upTo;
    this.#underWay.clear();
    this.#passed = 0;
    this.#waits = 0;
  }

  /** Whether this frame, the next in order, may be given now. */
  admits(no: number): boolean {
    const { size } = this.#underWay;
    return size === 0 || (no <= this.#upTo && size <= this.#passed / WIDEN_AFTER);
  }

  gave(no: number): void {
    if (no <= this.#upTo) this.#underWay.set(no, GIVEN);
  }

  /** A new connection to the same process: what is above `received` goes once more. */
  resume(received: number): void {
    for (const no of this.#underWay.keys()) if (no > received) this.#underWay.delete(no);
  }

  /** The process has handled this one and lives; its done is still to come. */
  handled(no: number): void {
    if (this.#underWay.get(no) === GIVEN) this.#underWay.set(no, HANDLED);
  }

  /** It is done, or given up. */
  passed(no: number): void {
    if (no > this.#upTo || !this.#underWay.delete(no)) return;
    this.#passed += 1;
    this.#waits = 0;
  }

  /** To be called every `PATIENCE_MS` while active. @returns whether anything passed */
  tick(): boolean {
    const before = this.#passed;
    this.#waits += 1;
    for (const [no, seen] of this.#underWay) {
      if (seen === LASTING || this.#waits > LONGEST_WAIT) this.#pass(no);
      else if (seen === HANDLED) this.#underWay.set(no, LASTING);
    }
    return this.#passed > before;
  }

  /** The process is gone. @returns the frame that was the end of it and of an earlier one, if it is known */
  died(): number | undefined {
    const [only] = this.#underWay;
    if (only === undefined || this.#underWay.size > 1) return undefined;
    const [no, seen] = only;
    if (seen === GIVEN || this.#spared === no) return no;
    this.#spared = no;
    return undefined;
  }

  #pass(no: number): void {
    this.#underWay.delete(no);
    this.#passed += 1;
  }
}
