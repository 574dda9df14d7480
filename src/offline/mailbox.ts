// What of one account's incoming messages is not proven to have arrived. Memory only: no reads, no writes.
import type { Custody } from '../archive/index.ts';
import type { Reference, SessionView } from '../host/views.ts';
import { Following } from './following.ts';

/** So many archived messages are followed for an account; the oldest beyond it come from the archive alone. */
export const MAX_FOLLOWED = 1000;
/** So many proven ones are remembered above an unproven one; then that one is followed no longer. */
const MAX_ABOVE = 256;

/** The row of an account in `marks`. */
export interface Mark {
  /** Everything incoming and archived up to this id is proven. */
  readonly proven: number;
  /** Proven ids above it. */
  readonly above: readonly number[];
  /** The highest id that a session was ever given. */
  readonly given: number;
}

export class Mailbox implements Custody {
  readonly archived = new Following();
  readonly pending = new Following();
  provenUpTo = 0;
  private above: number[] = [];
  private highest = 0;
  private highestGiven = 0;
  private readonly onChange: (mailbox: Mailbox) => void;

  /** @param onChange called when the mark may differ from what it was */
  constructor(onChange: (mailbox: Mailbox) => void) {
    this.onChange = onChange;
  }

  /** What the disk says. @param archived ids of incoming rows above the mark, ascending; @param pending all pending ids */
  load(mark: Mark | undefined, archived: readonly number[], pending: readonly number[]): void {
    const given = mark?.given ?? 0;
    const above = new Set(mark?.above);
    this.provenUpTo = mark?.proven ?? 0;
    this.highestGiven = given;
    this.highest = Math.max(this.provenUpTo, archived.at(-1) ?? 0);
    this.above = [...above];
    for (const id of archived) if (!above.has(id)) this.archived.add(id, 0, id <= given);
    for (const id of pending) this.pending.add(id, 0, id <= given);
    this.settle();
  }

  /** A message with an archive row, given to so many sessions. */
  addArchived(id: number, holders: number): void {
    this.archived.add(id, holders, holders > 0);
    if (id > this.highest) this.highest = id;
    if (holders > 0 && id > this.highestGiven) this.highestGiven = id;
    if (this.archived.size > MAX_FOLLOWED) this.dropOldest();
    this.onChange(this);
  }

  /** A message with a pending row. */
  addPending(id: number, holders: number): void {
    this.pending.add(id, holders, holders > 0);
    if (holders === 0 || id <= this.highestGiven) return;
    this.highestGiven = id;
    this.onChange(this);
  }

  /** Custody: a page of the archive is proof as good as the message itself. */
  given(_session: SessionView, ids: readonly number[]): void {
    this.hold(ids);
    this.see(ids);
  }

  /** These are kept for a session, which is not given them yet. */
  hold(references: readonly Reference[]): void {
    for (const reference of references) {
      if (reference > 0) this.archived.hold(reference);
      else this.pending.hold(-reference);
    }
  }

  /** A session that holds these is being given them. */
  see(references: readonly Reference[]): void {
    for (const reference of references) {
      const id = Math.abs(reference);
      (reference > 0 ? this.archived : this.pending).see(id);
      if (id > this.highestGiven) this.highestGiven = id;
    }
    this.onChange(this);
  }

  /** A session is gone, or was not given these after all. @returns those that nobody holds now, oldest first */
  lose(references: readonly Reference[]): Reference[] {
    return inOrder(
      references.filter((reference) =>
        reference > 0 ? this.archived.lose(reference) : this.pending.lose(-reference),
      ),
    );
  }

  /** Receipt is proved. @returns ids whose pending rows are to be deleted */
  prove(references: readonly Reference[]): number[] {
    const done: number[] = [];
    let isMoved = false;
    for (const reference of references) {
      if (reference < 0) {
        if (this.pending.remove(-reference)) done.push(-reference);
      } else if (this.archived.remove(reference)) {
        this.above.push(reference);
        isMoved = true;
      }
    }
    if (isMoved) {
      this.settle();
      this.onChange(this);
    }
    return done;
  }

  /** It is not proven yet. */
  follows(reference: Reference): boolean {
    return reference > 0 ? this.archived.has(reference) : this.pending.has(-reference);
  }

  /** What no session holds and none was ever given, and all that is pending: oldest first. */
  waiting(): Reference[] {
    return inOrder([...this.archived.free(false), ...this.pending.free().map((id) => -id)]);
  }

  /** Archived messages that no session holds and some session may have seen: oldest first. */
  maybeSeen(): Reference[] {
    return this.archived.free(true);
  }

  /** Pending rows older than that id are gone. */
  expire(belowId: number): void {
    for (const id of [...this.pending.ids()]) if (id < belowId) this.pending.remove(id);
  }

  get mark(): Mark {
    return { proven: this.provenUpTo, above: this.above, given: this.highestGiven };
  }

  compact(): void {
    this.archived.compact();
    this.pending.compact();
  }

  /** Moves the mark as far as it can go. */
  private settle(): void {
    if (this.above.length > MAX_ABOVE * 2) this.forgetBelow(this.above);
    const first = this.archived.first;
    const upTo = first === undefined ? this.highest : first - 1;
    if (upTo > this.provenUpTo) this.provenUpTo = upTo;
    if (this.above.length > 0) this.above = this.above.filter((id) => id > this.provenUpTo);
  }

  /** Too much is proven above what is not: the oldest of that stay in the archive and are followed no longer. */
  private forgetBelow(above: readonly number[]): void {
    const sorted = [...above].sort((a, b) => a - b);
    const bound = sorted[sorted.length - MAX_ABOVE] ?? 0;
    for (const id of [...this.archived.ids()]) if (id < bound) this.archived.remove(id);
  }

  private dropOldest(): void {
    const first = this.archived.first;
    if (first === undefined) return;
    this.archived.remove(first);
    this.settle();
  }
}

/** Sorts by id, which is by time of arrival. */
export function inOrder(references: Reference[]): Reference[] {
  return references.sort((a, b) => Math.abs(a) - Math.abs(b));
}
