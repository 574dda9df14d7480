// What of one account's incoming messages is not proven to have arrived. Memory only: no reads, no writes.
import type { Custody } from '../archive/index.ts';
import type { Reference, SessionView } from '../host/views.ts';
import { Following } from './following.ts';
import { ProvenAbove, type Range } from './proven-above.ts';

/** So many archived messages that no session holds are followed for an account; the others are `unread`. */
export const MAX_FOLLOWED = 1000;

/** The row of an account in `marks`. */
export interface Mark {
  /** Everything incoming and archived up to this id is proven. */
  readonly proven: number;
  /** What is proven above it. */
  readonly above: readonly Range[];
  /** The highest id that a session was ever given. */
  readonly given: number;
}

/** Archived incoming messages above the mark, as they are on disk. */
export interface LoadedArchive {
  /** Ascending; one more than is followed where there are more. */
  readonly ids: readonly number[];
  /** 0: there is none. */
  readonly highest: number;
}

/** What of the archive, between these ids, is to be read when it is wanted: unproven, unless followed or known as proven. */
export interface Unread {
  readonly from: number;
  readonly upTo: number;
  /** Some session may have seen some of it. */
  readonly seen: boolean;
}

export class Mailbox implements Custody {
  readonly archived = new Following();
  readonly pending = new Following();
  provenUpTo = 0;
  /** More than is followed: on disk, and given from there. Nothing of it is forgotten. */
  unread: Unread | undefined;
  private readonly above = new ProvenAbove();
  private highest = 0;
  private highestGiven = 0;
  private readonly onChange: (mailbox: Mailbox) => void;

  /** @param onChange called when the mark may differ from what it was */
  constructor(onChange: (mailbox: Mailbox) => void) {
    this.onChange = onChange;
  }

  /** What the disk says. @param pending all pending ids, ascending */
  load(mark: Mark | undefined, archived: LoadedArchive, pending: readonly number[]): void {
    const given = mark?.given ?? 0;
    const { ids, highest } = archived;
    this.provenUpTo = mark?.proven ?? 0;
    this.highestGiven = given;
    this.highest = Math.max(this.provenUpTo, highest);
    this.above.load(mark?.above ?? []);
    for (const id of ids.slice(0, MAX_FOLLOWED))
      if (!this.above.has(id)) this.archived.add(id, 0, id <= given);
    const from = ids[MAX_FOLLOWED];
    if (from !== undefined) this.unread = { from, upTo: highest, seen: from <= given };
    for (const id of pending) this.pending.add(id, 0, id <= given);
    this.settle();
  }

  /** A message with an archive row, given to so many sessions. */
  addArchived(id: number, holders: number): void {
    if (id > this.highest) this.highest = id;
    // What sessions hold is followed whatever there is: their own bounds are those of their queues.
    if (holders === 0 && (this.archived.size >= MAX_FOLLOWED || this.unread?.seen === false))
      this.unread = { from: this.unread?.from ?? id, upTo: id, seen: this.unread?.seen ?? false };
    else this.archived.add(id, holders, holders > 0);
    if (holders > 0 && id > this.highestGiven) this.highestGiven = id;
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
    this.follow(ids.filter((id) => this.isUnread(id)));
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

  /** It is in the archive, unproven, and not followed. */
  isUnread(id: number): boolean {
    const { unread } = this;
    if (unread === undefined || id < unread.from || id > unread.upTo) return false;
    return !this.archived.has(id) && !this.above.has(id);
  }

  /** Some session may have seen this one, of those that are unread. */
  maybeSeenUnread(id: number): boolean {
    return this.unread?.seen === true && id <= this.highestGiven;
  }

  /** These, which were unread, are to be given to a session. */
  follow(ids: readonly number[]): void {
    if (ids.length > 0) this.archived.addOlder(ids, false);
  }

  /** All that was unread below this id is followed or proven now. */
  readUpTo(id: number): void {
    const { unread } = this;
    if (unread === undefined || id <= unread.from) return;
    this.unread = id > unread.upTo ? undefined : { ...unread, from: id };
    this.settle();
  }

  /**
   * A session is gone, or was not given these after all.
   * @param unseen those that its client cannot have seen
   * @returns those that nobody holds now, oldest first
   */
  lose(
    references: readonly Reference[],
    unseen: ReadonlySet<Reference> = new Set(references),
  ): Reference[] {
    return inOrder(
      references.filter((reference) => {
        const isUnseen = unseen.has(reference);
        return reference > 0
          ? this.archived.lose(reference, isUnseen)
          : this.pending.lose(-reference, isUnseen);
      }),
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
        this.above.add(reference);
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
    return { proven: this.provenUpTo, above: this.above.ranges, given: this.highestGiven };
  }

  /** Gives back memory: the newest of what nobody holds are unread again where they are too many. */
  compact(): void {
    const excess = this.archived.size - MAX_FOLLOWED;
    if (excess > 0) this.shed(this.archived.free().slice(-excess));
    this.archived.compact();
    this.pending.compact();
  }

  private shed(ids: readonly number[]): void {
    const first = ids[0];
    const last = ids.at(-1);
    if (first === undefined || last === undefined) return;
    for (const id of ids) this.archived.remove(id);
    this.unread = {
      from: Math.min(first, this.unread?.from ?? first),
      upTo: Math.max(last, this.unread?.upTo ?? last),
      seen: true,
    };
  }

  /** Moves the mark as far as it can go. */
  private settle(): void {
    const { unread } = this;
    if (this.above.crowded)
      this.above.merge({
        ids: [...this.archived.ids()],
        unread: unread && [unread.from, unread.upTo],
      });
    const first = Math.min(this.archived.first ?? Infinity, unread?.from ?? Infinity);
    const upTo = first === Infinity ? this.highest : first - 1;
    if (upTo > this.provenUpTo) this.provenUpTo = upTo;
    this.above.dropUpTo(this.provenUpTo);
  }
}

/** Sorts by id, which is by time of arrival. */
export function inOrder(references: Reference[]): Reference[] {
  return references.sort((a, b) => Math.abs(a) - Math.abs(b));
}
