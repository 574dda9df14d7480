// What the account's engine asks of the module that keeps contacts (presence/): RFC 6121 §3 and §4.
import type { Jid } from '../protocol/jid.ts';
import type { StatementId, Value } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { AccountView, SessionView } from './views.ts';

/** What one subscription stanza does to one account: rows of one unit, and what follows when they are on disk. */
export interface PresenceChange {
  /** A row of the stanza's unit. */
  write(statement: StatementId, ...params: Value[]): void;
  /** Runs after the commit, or when the handler is done if nothing is written: the place to tell anybody. */
  committed(run: () => void): void;
  /** Runs instead when the unit could not be written. */
  failed(run: () => void): void;
  /** A complete stanza for one of the account's sessions, in the place that this stanza came to; only in `committed`. */
  deliver(session: SessionView, stanza: Bytes): void;
  /** Passes the stanza itself on, from bare JID to bare JID, when `committed` runs. The sender's `h` waits for it. */
  forward(): void;
}

/**
 * What a session's broadcast changed: it is available now, was so before, is unavailable now (whether it said so or
 * not), or has ended without ever having been available.
 */
export type Turn = 'initial' | 'update' | 'gone' | 'silent';

export interface PresenceRules {
  /**
   * A session's stanza of type subscribe, subscribed, unsubscribe or unsubscribed.
   * @param to a bare JID, not the account's own
   * @throws StanzaError answered to the session
   */
  outgoing(
    stanza: Stanza,
    account: AccountView,
    to: Jid,
    session: SessionView,
    change: PresenceChange,
  ): void;
  /** The same types from somebody else. @param from a bare JID */
  incoming(stanza: Stanza, account: AccountView, from: Jid, change: PresenceChange): void;
  /**
   * A session's presence without `to`, already told to the account's own resources; its state is the one after it.
   */
  broadcast(stanza: Stanza, account: AccountView, session: SessionView, turn: Turn): void;
  /** Presence with `to` is about to leave. @throws StanzaError answered to the session */
  directed(stanza: Stanza, account: AccountView, session: SessionView, to: Jid): void;
  /** Whether a probe of a client for `to` is worth sending. */
  mayProbe(account: AccountView, to: Jid): boolean;
  /** Somebody asks for the account's presence. */
  probed(account: AccountView, from: Jid): void;
}
