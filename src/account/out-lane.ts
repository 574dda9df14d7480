// What an account sends while a subscription stanza of its own waits for its unit: RFC 6120 §10.1, nothing overtakes.
import { Deque } from '../util/deque.ts';

/** So many stanzas wait; further ones are refused. A commit takes milliseconds. */
const MAX_WAITING = 2000;

/** An account, as far as its lane is concerned. */
interface Laned {
  behind: OutLane | undefined;
}

export class OutLane {
  private readonly waiting = new Deque<() => void>();

  /** @param run must not throw. @returns false when too much waits */
  add(run: () => void): boolean {
    if (this.waiting.length >= MAX_WAITING) return false;
    this.waiting.push(run);
    return true;
  }

  /** The unit is settled: what waited goes on, until the next one that must wait. */
  drain(account: Laned): void {
    account.behind = undefined;
    for (let run = this.waiting.shift(); run !== undefined; run = this.waiting.shift()) {
      run();
      // If it waits now itself, the rest keeps its order behind it.
      this.moveTo(account.behind);
    }
  }

  private moveTo(next: OutLane | undefined): void {
    if (next === undefined) return;
    for (let run = this.waiting.shift(); run !== undefined; run = this.waiting.shift())
      next.waiting.push(run);
  }
}
