// Copies of what a session sent, for the other sessions of its account: they carry an id of the archive, so they leave
// when its row is on disk.
import type { Bytes } from '../xml/bytes.ts';
import type { Copy } from './message-effects.ts';
import type { Held } from './session-ref.ts';

export class SentCopies {
  private readonly copies: readonly Copy[];
  private readonly stamp: (() => Bytes) | undefined;
  /** Their places in the queues, in the order of `copies`. */
  private held: Held[] | undefined;

  constructor(copies: readonly Copy[], stamp: (() => Bytes) | undefined) {
    this.copies = copies;
    this.stamp = stamp;
  }

  /** At once: there is no row to wait for. */
  give(): void {
    for (const { session, stanza, rest } of this.copies)
      session.deliver((stanza + (rest ?? '')) as Bytes);
  }

  /** The unit was submitted: what comes for these sessions from now on stands behind. */
  place(): void {
    const child = this.stamp?.() ?? '';
    this.held = this.copies.map(({ session, stanza, rest }) =>
      session.hold((stanza + child + (rest ?? '')) as Bytes, 0),
    );
  }

  /** @param kept the row is on disk; else there is no such id, and no copy */
  settled(kept: boolean): void {
    this.copies.forEach(({ session }, i) => {
      const held = this.held?.[i];
      if (held === undefined) return;
      if (kept) session.release(held);
      else session.drop(held);
    });
  }
}
