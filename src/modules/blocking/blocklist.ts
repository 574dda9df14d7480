// Whom an account blocks, in memory: XEP-0191 (1.3) §5. Only accounts that block somebody have one.
import type { Jid } from '../../protocol/jid.ts';
import type { Ticket } from '../../storage/storage.ts';

/** A change on its way to the disk. It holds at once (RFC 6120 §10.1) and is taken back if it is not stored. */
export interface Change {
  readonly isBlocking: boolean;
  /** Prepared addresses; undefined: all that are blocked. */
  readonly jids: readonly string[] | undefined;
  readonly ticket: Ticket;
}

export class Blocklist {
  private stored: ReadonlySet<string>;
  private pending: readonly Change[] = [];
  /** `stored` with what is pending. */
  private current: ReadonlySet<string>;

  constructor(stored: Iterable<string>) {
    this.stored = new Set(stored);
    this.current = this.stored;
  }

  get jids(): ReadonlySet<string> {
    return this.current;
  }

  /** Nothing is blocked, and nothing is on its way. */
  get idle(): boolean {
    return this.pending.length === 0 && this.stored.size === 0;
  }

  /** §5, in this order: the resource, the account, the domain; a domain's resource is an address without localpart. */
  has(jid: Jid): boolean {
    const { current } = this;
    if (current.size === 0) return false;
    if (current.has(jid.full) || current.has(jid.bare)) return true;
    return jid.local !== '' && current.has(jid.domain);
  }

  begin(change: Change): void {
    this.pending = [...this.pending, change];
    this.current = applied(this.current, change);
  }

  commit(change: Change): void {
    this.stored = applied(this.stored, change);
    this.settle((other) => other !== change);
  }

  /** What is done and was not committed has failed. */
  dropFailed(done: Ticket): void {
    if (this.pending.some(({ ticket }) => ticket <= done))
      this.settle(({ ticket }) => ticket > done);
  }

  private settle(isPending: (change: Change) => boolean): void {
    this.pending = this.pending.filter(isPending);
    this.current = this.pending.reduce(applied, this.stored);
  }
}

function applied(before: ReadonlySet<string>, { isBlocking, jids }: Change): ReadonlySet<string> {
  if (jids === undefined) return new Set();
  const after = new Set(before);
  for (const jid of jids) {
    if (isBlocking) after.add(jid);
    else after.delete(jid);
  }
  return after;
}
