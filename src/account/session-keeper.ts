// Sessions over a graceful restart, at their account's owner: what it knew of them goes to disk and comes back.
import type { GivenRange, HookTable } from '../host/hooks.ts';
import type { Reference, Slot } from '../host/views.ts';
import { addressed } from '../protocol/replies.ts';
import type { Debtor } from '../session/ledger.ts';
import type { SessionSnapshot } from '../session/snapshot.ts';
import type { StatementId } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import type { Account } from './account.ts';
import type { Commits } from './commits.ts';
import { priorityOf } from './presence-engine.ts';
import type { SessionRef } from './session-ref.ts';
import { packStored, type StoredState } from './stored-sessions.ts';

/** Puts back the presence of a session that another process knew, telling nobody: nobody saw it leave. */
export function restorePresence(account: Account, session: SessionRef, presence: Stanza): void {
  session.available = true;
  session.announced = true;
  session.priority = priorityOf(presence) ?? 0;
  session.presence = presence;
  account.presenceChanged();
}

export class SessionKeeper {
  private readonly hooks: HookTable;
  private readonly commits: Commits;
  private readonly reader: StanzaReader;
  private readonly storeSession: StatementId;
  /** Session slots that outlive a restart. */
  private readonly slots: readonly Slot<unknown>[];

  constructor(
    hooks: HookTable,
    commits: Commits,
    reader: StanzaReader,
    slots: readonly Slot<unknown>[],
  ) {
    this.hooks = hooks;
    this.commits = commits;
    this.reader = reader;
    this.storeSession = commits.storage.statement('sessions.store');
    this.slots = slots;
  }

  /** Keeps a session over a graceful restart. The debtor is paid when it is on disk. @throws StorageError */
  store(
    account: Account,
    session: SessionRef,
    snapshot: SessionSnapshot,
    debtor: Debtor,
    n: number,
  ): void {
    const { commits, slots } = this;
    const presence =
      session.presence === undefined
        ? ('' as Bytes)
        : addressed(session.presence, 'c2s', session.jid, account.jid);
    const state = {
      snapshot,
      presence,
      announced: session.announced,
      slots: session.named(slots),
    };
    const unit = commits.storage.unit();
    unit.add(
      this.storeSession,
      account.owner,
      account.jid.domain,
      account.jid.local,
      packStored(state),
    );
    commits.submit(unit, account.owner, { settled: () => debtor.pay(n) }, n);
    debtor.owe(n);
    account.remove(session, false);
    this.release(account, session, snapshot);
  }

  /**
   * Until it is restored nobody holds what it was given: others may have it meanwhile, its own client too if it comes
   * as another session. What was on its way to it when the snapshot was taken is not in there and stays free.
   */
  private release(account: Account, session: SessionRef, snapshot: SessionSnapshot): void {
    const given =
      session.port.outstanding?.() ??
      snapshot.unacknowledged.map(({ reference }) => reference).filter((it) => it !== 0);
    const left = [...given, ...session.abandon()];
    for (const { handler } of this.hooks.list('session.ended')) handler(account, session, left, []);
  }

  /** A stored session exists again, hibernating. */
  restore(account: Account, session: SessionRef, state: StoredState): void {
    session.confirms(state.snapshot.token);
    session.hibernates = true;
    for (const slot of this.slots) {
      const value = slot.name === undefined ? undefined : state.slots[slot.name];
      if (value !== undefined) session.setSlot(slot, value);
    }
    if (state.presence !== '') {
      restorePresence(account, session, this.reader.read(state.presence));
      session.announced = state.announced;
    }
    const unproven = state.snapshot.unacknowledged
      .map(({ reference }) => reference)
      .filter((reference) => reference !== 0);
    this.tell(account, session, unproven);
  }

  /** A session that another worker holds, and that a new process of this slot learns of. */
  announced(
    account: Account,
    session: SessionRef,
    token: string,
    presence: Bytes,
    unproven: readonly Reference[],
    range: GivenRange | undefined,
  ): void {
    session.acknowledges = token !== '';
    session.token = token;
    if (presence !== '') restorePresence(account, session, this.reader.read(presence));
    this.tell(account, session, unproven, range);
  }

  private tell(
    account: Account,
    session: SessionRef,
    unproven: readonly Reference[],
    range?: GivenRange,
  ): void {
    for (const { handler } of this.hooks.list('session.restored'))
      handler(account, session, unproven, range);
  }
}
