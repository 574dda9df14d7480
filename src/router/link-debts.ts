// Debts across links: what we sent and is not done, and what we received and have not settled.
import type { FrameNo, Links } from '../cluster/link.ts';
import type { WorkerId } from '../placement/placement.ts';
import type { Debtor } from '../session/ledger.ts';
import { Deque } from '../util/deque.ts';

interface Sent {
  readonly no: FrameNo;
  readonly debtor: Debtor;
  readonly n: number;
}

/** Keeps the place of what was dropped. */
const NOBODY: Debtor = { owe: () => undefined, pay: () => undefined };

/** Frames to one worker for which somebody waits. */
export class SentDebts {
  private readonly waiting = new Deque<Sent>();
  /** Passed over by a cumulative done that listed them as exceptions. */
  private late: Sent[] = [];

  add(no: FrameNo, debtor: Debtor, n: number): void {
    debtor.owe(n);
    this.waiting.push({ no, debtor, n });
  }

  /** The frame will not be delivered, and its sender was told: it is owed nothing more. */
  dropped(no: FrameNo): void {
    const at = this.late.findIndex((sent) => sent.no === no);
    if (at >= 0) {
      const [sent] = this.late.splice(at, 1);
      sent?.debtor.pay(sent.n);
      return;
    }
    // Dropped oldest first, or as soon as sent: at one of the ends.
    let index = this.waiting.first()?.no === no ? 0 : this.waiting.length - 1;
    while (index >= 0 && (this.waiting.at(index)?.no ?? 0) > no) index--;
    const sent = this.waiting.at(index);
    if (sent?.no !== no) return;
    if (index === 0) this.waiting.shift();
    else this.waiting.set(index, { no, debtor: NOBODY, n: 0 });
    sent.debtor.pay(sent.n);
  }

  done(upTo: FrameNo, exceptions: readonly FrameNo[]): void {
    const open = exceptions.length === 0 ? undefined : new Set(exceptions);
    if (this.late.length > 0) {
      const still: Sent[] = [];
      for (const sent of this.late) {
        if (open?.has(sent.no) === true) still.push(sent);
        else sent.debtor.pay(sent.n);
      }
      this.late = still;
    }
    for (
      let head = this.waiting.first();
      head !== undefined && head.no <= upTo;
      head = this.waiting.first()
    ) {
      this.waiting.shift();
      if (open?.has(head.no) === true) this.late.push(head);
      else head.debtor.pay(head.n);
    }
  }
}

/** Frames from one worker: each is settled when what it owes is paid. */
export class ReceivedDebts implements Debtor {
  private readonly from: WorkerId;
  private readonly links: Links;
  /** PERF: most frames owe nothing once they are handled, so the one being handled needs no map. */
  private current = -1;
  private currentOpen = 0;
  private currentUnasked = false;
  private currentAgain = false;
  private readonly open = new Map<FrameNo, number>();
  /** Those of `open` whose done nobody waits for. */
  private readonly unasked = new Set<FrameNo>();

  constructor(from: WorkerId, links: Links) {
    this.from = from;
    this.links = links;
  }

  /**
   * The frame is being handled: it stays open until `end`, and beyond if it owes anything then.
   * @param again the frames behind a repeated one wait for its done (src/cluster/probation.ts)
   */
  begin(no: FrameNo, again: boolean): void {
    this.current = no;
    this.currentOpen = 1;
    this.currentUnasked = false;
    this.currentAgain = again;
  }

  /** Nobody at the other end waits for the done of the frame being handled. */
  unask(): void {
    this.currentUnasked = !this.currentAgain;
  }

  /** Nobody waits for the done of this frame, which is being handled or open. */
  isUnasked(no: FrameNo): boolean {
    return no === this.current ? this.currentUnasked : this.unasked.has(no);
  }

  end(no: FrameNo): void {
    const left = this.currentOpen - 1;
    this.current = -1;
    if (left === 0) {
      this.links.settle(this.from, no, this.currentUnasked);
      return;
    }
    this.open.set(no, left);
    if (this.currentUnasked) this.unasked.add(no);
  }

  owe(no: number): void {
    if (no === this.current) this.currentOpen++;
    else this.open.set(no, (this.open.get(no) ?? 0) + 1);
  }

  pay(no: number): void {
    if (no === this.current) {
      this.currentOpen--;
      return;
    }
    const left = (this.open.get(no) ?? 1) - 1;
    if (left > 0) {
      this.open.set(no, left);
      return;
    }
    this.open.delete(no);
    this.links.settle(this.from, no, this.unasked.delete(no));
  }
}
