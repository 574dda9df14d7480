// What modules may see and do: narrow views that account/ and session/ implement.
import type { Jid } from '../protocol/jid.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import type { StatementId, Unit, Value } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Child, Stanza } from '../xml/stanza.ts';

/**
 * What a delivered stanza leaves on disk: an archive id (> 0), a pending row (< 0) or nothing (0).
 * Whoever proves receipt hands the reference back.
 */
export type Reference = number;

/** A place in every account or session for one feature's data; made once, at set-up. */
export interface Slot<T> {
  readonly index: number;
  /** What a fresh account or session has. */
  readonly initial: () => T;
  /** Session slots only: the value is JSON and is kept under this name when the session outlives a restart. */
  readonly name?: string;
}

/** One resource of an account, seen from the account's owner. The connection may be on another worker. */
export interface SessionView {
  readonly jid: Jid;
  /** Sent an available presence that it has not taken back. */
  readonly available: boolean;
  /** RFC 6121 §4.7.2.3; 0 until a presence says otherwise. */
  readonly priority: number;
  /** Last available presence as sent, without addresses: its attributes but from/to, and its content. */
  readonly presence: Stanza | undefined;
  /** Its stream has XEP-0198 on, so that `h` is its proof of receipt. */
  readonly acknowledges: boolean;
  /** It has no connection, and its client may come back to it. */
  readonly hibernates: boolean;
  slot<T>(slot: Slot<T>): T;
  setSlot<T>(slot: Slot<T>, value: T): void;
  /**
   * Appends a complete stanza to the session's outgoing queue: one FIFO for each session.
   * @param reference what this stanza leaves on disk, given back by `session.proven` or `session.lost`
   */
  deliver(stanza: Bytes, reference?: Reference): void;
  /**
   * Holds everything appended from now on, gives `backlog` first when it is there, then the rest.
   * A rejected promise releases the hold and is logged.
   */
  deliverBacklog(backlog: Promise<readonly BacklogItem[]>): void;
}

export interface BacklogItem {
  readonly stanza: Bytes;
  readonly reference: Reference;
}

/** An account as its owner holds it: loaded, in memory, single-threaded. */
export interface AccountView {
  /** The bare JID. */
  readonly jid: Jid;
  /** Row id in `accounts`; every row of the account carries it. */
  readonly owner: number;
  /** It exists for its sessions alone (XEP-0175): `owner` is below 0, and rows that are written for it are not. */
  readonly temporary: boolean;
  readonly sessions: readonly SessionView[];
  slot<T>(slot: Slot<T>): T;
  setSlot<T>(slot: Slot<T>, value: T): void;
  /** Rows to be written without a stanza at hand (marks, deletions): one unit, committed behind what was submitted before. */
  write(statement: StatementId, ...params: Value[]): void;
}

/** What the delivery table says of a stanza (RFC 6121 §8.5), before the rules of the account. */
export type Outcome = 'deliver' | 'store' | 'error' | 'ignore' | 'answer';

/**
 * What the rules of one account decide about one message. Handlers record; the engine makes the unit and the deliveries.
 * Valid only during the hook: nothing may keep it.
 */
export interface Effects {
  readonly direction: 'in' | 'out';
  readonly from: Jid;
  /** The address as sent; for a message without `to`, the sender's bare JID. */
  readonly to: Jid;
  /** The sending session (direction out). */
  readonly session: SessionView | undefined;
  /** May be changed by a rule: `ignore` drops silently. */
  outcome: Outcome;
  /** Sessions that get the stanza itself. */
  readonly targets: readonly SessionView[];
  /** The sender's stream can be told that this message is safe, so it must be (XEP-0198 on, or a link that asks). */
  readonly owed: boolean;
  /** Sent once more after a crash; only then are recent rows worth a look. */
  readonly again: boolean;
  /** Drops a direct child from every copy (forged ids and stamps). */
  drop(child: Child): void;
  /** Adds a child, complete with its namespace, to every copy. */
  append(child: Bytes): void;
  /** The copies carry this reference; if `commitFirst`, they leave only after this unit is on disk. */
  refer(reference: Reference, commitFirst: boolean): void;
  /** What `refer` was last told; 0 if nothing. */
  readonly reference: Reference;
  /** Sessions that get the message or a copy of it, as decided so far. */
  readonly deliveries: number;
  /** This message's unit, for rows written without an array of parameters. */
  readonly unit: Unit;
  /** A row of this message's unit. */
  write(statement: StatementId, ...params: Value[]): void;
  /**
   * A further, complete stanza for a session of this account, in order with this one.
   * @param rest direction out: the end of the stanza; what `stamp` says goes between
   */
  copy(session: SessionView, stanza: Bytes, rest?: Bytes): void;
  /**
   * Direction out: a child for the copies, asked for when the unit is submitted. The copies leave when it is on disk,
   * so that an id in it is never seen before its row.
   */
  stamp(child: () => Bytes): void;
  /** The stanza as its targets get it, with its xmlns: the content of `<forwarded/>` (XEP-0297 §3). */
  forwarded(): Bytes;
  /** The stanza as it will be kept: start tag with xmlns, dropped children gone, nothing appended. */
  rendered(): Bytes;
}

/** Ends the hooks of a stanza. With an error it is answered, without it is dropped. */
export interface Stop {
  readonly stop: true;
  readonly error?: StanzaError;
  /**
   * message.in only: the message, and what the same sender sends to this account behind it, waits for the promise;
   * then all rules run again from the start. If it is rejected, the message is refused with resource-constraint; if it
   * takes more than 10 s, with internal-server-error.
   */
  readonly later?: Promise<unknown>;
}

export type Verdict = Stop | undefined;

export const STOP: Stop = { stop: true };
