// What a session has of its account: the way to the owner, who may be on another worker.
import type { Reference } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Debtor } from './ledger.ts';
import type { SessionSnapshot } from './snapshot.ts';

/** A session as its home knows it. */
export interface AtHome {
  readonly jid: Jid;
  readonly id: number;
  readonly management: { readonly token: string } | undefined;
}

/** The way to the owner of the session's account, here or on another worker. */
export interface SessionHome {
  /** @param debtor undefined: the client cannot be told, nothing is owed beyond the recipient's own rules */
  send(
    session: AtHome,
    stanza: Stanza,
    to: Jid | undefined,
    again: boolean,
    debtor: Debtor | undefined,
    n: number,
  ): void;
  /** Its stream has XEP-0198 on from now on. */
  acknowledges(session: AtHome): void;
  /** It lost its connection and waits for its client (XEP-0198 §5), or has one again. */
  hibernates(session: AtHome, is: boolean): void;
  proven(session: AtHome, references: readonly Reference[]): void;
  /** No more deliveries, please; proofs may still come. */
  leaving(session: AtHome): void;
  /** This worker is leaving: the owner may take the session to itself. The debtor is paid when it has, or will not. */
  offer(session: AtHome, debtor: Debtor, n: number): void;
  /** Keeps the session over a graceful restart; the debtor is paid when it is on disk. @throws StorageError */
  store(session: AtHome, snapshot: SessionSnapshot, debtor: Debtor, n: number): void;
  /**
   * The last word: what was given and never proved, as references and, where there is none, as stanzas.
   * `unseen` are those of the references that never were on a stream.
   */
  ended(
    session: AtHome,
    unproven: readonly Reference[],
    loose: readonly Bytes[],
    unseen: readonly Reference[],
  ): void;
}
