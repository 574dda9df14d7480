// Who waits for which ticket: one queue in ticket order, walked once for each commit.
import type { Storage, StorageFailure, Ticket } from '../storage/storage.ts';
import type { Unit } from '../storage/storage.ts';
import { Deque } from '../util/deque.ts';

/** Somebody whose unit was submitted. */
export interface Settler {
  /** The unit is on disk, or was refused whole. Called once for each submission, in a later turn. */
  settled(n: number, failure: StorageFailure | undefined): void;
}

/** Units that may still be submitted when the sockets stop being read. */
export const LOW_ROOM = 1024;

interface Waiting {
  readonly ticket: Ticket;
  readonly settler: Settler;
  readonly n: number;
}

/** The one place through which domain code submits units. */
export class Commits {
  readonly storage: Storage;
  private readonly waiting = new Deque<Waiting>();
  private readonly onRoom: () => void;
  /** The last ticket submitted: a read after it sees everything this worker has written. */
  lastTicket: Ticket = 0;

  /** @param onRoom called after each commit: the moment to look at `storage.room` again. */
  constructor(storage: Storage, onRoom: () => void) {
    this.storage = storage;
    this.onRoom = onRoom;
    storage.onDone((upTo, failed) => {
      let broken: { readonly error: unknown } | undefined;
      for (
        let head = this.waiting.first();
        head !== undefined && head.ticket <= upTo;
        head = this.waiting.first()
      ) {
        this.waiting.shift();
        try {
          head.settler.settled(head.n, failed?.get(head.ticket));
        } catch (error) {
          // The others are told all the same, now that it is known which of them failed: a bug must not pass for a commit.
          broken ??= { error };
        }
      }
      this.onRoom();
      if (broken !== undefined) throw broken.error;
    });
  }

  /** A unit that is submitted now is not refused. */
  get takes(): boolean {
    return this.storage.state === 'ok' && this.storage.room > 0;
  }

  /**
   * @param n handed back to the settler
   * @throws StorageError when the back-end refuses (disk full, overloaded, closed); nothing is written then and the
   *   unit is emptied.
   */
  submit(unit: Unit, owner: number, settler: Settler, n: number): void {
    if (owner < 0) {
      // Of an account that is on no disk (XEP-0175): settled, since it owes nothing there.
      unit.clear();
      queueMicrotask(() => settler.settled(n, undefined));
      return;
    }
    try {
      this.lastTicket = this.storage.submit(unit, owner);
    } catch (error) {
      unit.clear();
      throw error;
    }
    this.waiting.push({ ticket: this.lastTicket, settler, n });
    if (this.storage.room < LOW_ROOM) this.onRoom();
  }
}
