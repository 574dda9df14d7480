// What is owed for each thing received: the source of every `h` and of every link's `done`.

/** Somebody who received a numbered thing and may confirm it once all that it owes is paid. */
export interface Debtor {
  /** One more thing must be on disk before number `n` may be confirmed. */
  owe(n: number): void;
  /** One of the debts of `n` is paid: durable, or refused with an error to the sender. */
  pay(n: number): void;
  /** What `n` counts was not kept, and its sender was told. Before the debt is paid; nobody needs to listen. */
  refused?(n: number): void;
}

/**
 * Numbers received stanzas and says up to which number, without a gap, nothing is owed any more.
 * A stanza is open from `take()` until the `pay()` of whoever took it, so that debts made while it is handled count.
 */
export class Ledger implements Debtor {
  /** Highest number with nothing owed at it or below it. */
  settled = 0;
  /** Highest number given out. */
  taken = 0;
  private debts: number[] = [];
  private head = 0;
  private readonly onSettled: (() => void) | undefined;

  /** @param onSettled called when `settled` moved. */
  constructor(onSettled?: () => void) {
    this.onSettled = onSettled;
  }

  /** Numbers the next stanza and opens it with one debt, to be paid by the caller after handling it. */
  take(): number {
    this.debts.push(1);
    return ++this.taken;
  }

  owe(n: number): void {
    const at = this.index(n);
    this.debts[at] = (this.debts[at] ?? 0) + 1;
  }

  pay(n: number): void {
    if (n <= this.settled) return;
    const at = this.index(n);
    const left = (this.debts[at] ?? 1) - 1;
    this.debts[at] = left;
    if (left > 0 || at !== this.head) return;
    while (this.head < this.debts.length && this.debts[this.head] === 0) {
      this.head++;
      this.settled++;
    }
    if (this.head === this.debts.length) {
      this.debts.length = 0;
      this.head = 0;
    } else if (this.head > 512) {
      this.debts = this.debts.slice(this.head);
      this.head = 0;
    }
    this.onSettled?.();
  }

  /** How many numbers are not settled. */
  get open(): number {
    return this.taken - this.settled;
  }

  private index(n: number): number {
    return this.head + (n - this.settled - 1);
  }
}
