// The way from a session to its account's owner when both are on this worker: plain calls.
import type { Reference } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { Debtor } from '../session/ledger.ts';
import type { SessionSnapshot } from '../session/snapshot.ts';
import type { Session } from '../session/session.ts';
import type { SessionHome } from '../session/session-home.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { passage } from './outlet.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { SessionRef } from './session-ref.ts';

export class LocalHome implements SessionHome {
  private readonly accounts: Accounts;
  private readonly keeper: SessionKeeper;
  private readonly account: Account;
  private readonly ref: SessionRef;

  constructor(accounts: Accounts, keeper: SessionKeeper, account: Account, ref: SessionRef) {
    this.accounts = accounts;
    this.keeper = keeper;
    this.account = account;
    this.ref = ref;
  }

  /** The session at this end of the owner's reference is this one from now on. */
  adopt(session: Session): void {
    this.ref.port = session;
  }

  send(
    _session: Session,
    stanza: Stanza,
    to: Jid | undefined,
    again: boolean,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    this.accounts.outgoing(
      this.account,
      this.ref,
      stanza,
      to,
      passage(debtor !== undefined, again),
      debtor,
      n,
    );
  }

  acknowledges(session: Session): void {
    this.ref.confirms(session.management?.token ?? '');
  }

  hibernates(_session: Session, is: boolean): void {
    this.ref.hibernates = is;
  }

  proven(session: Session, references: readonly Reference[]): void {
    this.accounts.proven(session.jid.bare, this.ref.worker, session.id, references);
  }

  leaving(session: Session): void {
    this.accounts.leaving(session.jid.bare, this.ref.worker, session.id);
  }

  /** Its owner leaves with it: it can only be stored. */
  offer(): void {
    return undefined;
  }

  store(_session: Session, snapshot: SessionSnapshot, debtor: Debtor, n: number): void {
    this.keeper.store(this.account, this.ref, snapshot, debtor, n);
  }

  ended(
    session: Session,
    unproven: readonly Reference[],
    loose: readonly Bytes[],
    unseen: readonly Reference[],
  ): void {
    this.ref.unseen = unseen;
    this.accounts.ended(session.jid.bare, this.ref.worker, session.id, unproven, loose);
  }
}
