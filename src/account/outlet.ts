// Where the owner's side of an account sends what leaves it: implemented by the router, so that account/ knows no other owner.
import type { Jid } from '../protocol/jid.ts';
import type { Debtor } from '../session/ledger.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

/** Flags of a stanza under way. */
export interface Passage {
  /** The sender can be told that it is safe, so it must be. */
  readonly owed: boolean;
  /** Sent once more after a crash. */
  readonly again: boolean;
}

export const PLAIN: Passage = { owed: false, again: false };
export const OWED: Passage = { owed: true, again: false };
export const OWED_AGAIN: Passage = { owed: true, again: true };
export const UNOWED_AGAIN: Passage = { owed: false, again: true };

export function passage(owed: boolean, again: boolean): Passage {
  if (again) return owed ? OWED_AGAIN : UNOWED_AGAIN;
  return owed ? OWED : PLAIN;
}

export interface Outlet {
  /** Routes a stanza of the server's own making; nothing is owed for it. */
  send(stanza: Bytes, from: Jid, to: Jid): void;

  /** One presence to many bare JIDs: one frame for each worker. Nothing is owed for it. */
  fanOut(stanza: Stanza, from: Jid, to: readonly Jid[]): void;

  /** The address is owned by this worker: what `route` submits for it is submitted before `route` returns. */
  isHere(to: Jid): boolean;

  /**
   * Gives a stanza to the owner of its destination, here or on another worker.
   * @param debtor told of every debt that the stanza makes under the number `n`; undefined: nobody can be told
   */
  route(
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void;
}
