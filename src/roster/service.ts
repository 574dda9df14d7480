// Requests for rosters, changes of them, and the pushes (RFC 6121 §2). A change is told once it is on disk.
import type { IqRequest, ModuleHost } from '../host/module.ts';
import type { AccountView, SessionView, Slot } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { StatementId } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import { AccountRoster, isRemoval, type Change, type Edit, type States } from './account-roster.ts';
import { unpack, type Contact } from './contacts.ts';
import type { RosterLimits } from './limits.ts';
import { RosterStore } from './roster-store.ts';
import { pushBytes, readItem, rosterBytes } from './roster-xml.ts';

const NO_STATES: States = { subscription: 'none', ask: false, approved: false };

/**
 * Asked when a contact is being removed, for further rows of the same unit.
 * @returns runs when the removal is on disk
 */
export type OnRemoving = (
  account: AccountView,
  was: Contact,
  contact: Jid,
  write: Write,
) => () => void;

type Write = (statement: StatementId, ...params: (string | number)[]) => void;

export class RosterService {
  private readonly host: ModuleHost;
  private readonly limits: RosterLimits;
  private readonly store: RosterStore;
  readonly rosters: Slot<AccountRoster>;
  /** RFC 6121 §2.2: a resource that asked for the roster is interested in its changes. */
  readonly interested: Slot<boolean>;
  /** RFC 6121 §2.5.2: what a removal does to the subscription. */
  onRemoving: OnRemoving | undefined;

  constructor(host: ModuleHost, limits: RosterLimits) {
    this.host = host;
    this.limits = limits;
    this.store = new RosterStore(host.storage);
    this.rosters = host.accountSlot(() => new AccountRoster(), 'roster');
    // Named, so that it outlives a graceful restart with its session.
    this.interested = host.storedSessionSlot(() => false, 'interested');
    host.onLoad({
      query: this.store.load,
      apply: (account, rows) => {
        const snapshot = this.store.snapshot(rows);
        if (snapshot !== undefined) account.slot(this.rosters).stored = snapshot;
      },
    });
  }

  /** @throws StanzaError */
  answer(request: IqRequest): Bytes | undefined | Promise<Bytes | undefined> {
    const { account } = request;
    if (account === undefined || !request.own) {
      // RFC 6121 §2.3.3: of other people's rosters, a set is forbidden. A get must not tell whether there is one.
      throw request.type === 'set' ? new StanzaError('forbidden') : request.unknown();
    }
    const mine = account.slot(this.rosters);
    // What is done and was not committed has failed; the request's own unit is told to its sender, not to us.
    mine.dropFailed(this.host.storage.stats().done);
    if (request.type === 'set') {
      this.set(request, account, mine);
      return undefined;
    }
    if (!mine.busy) return this.get(request, mine);
    // RFC 6120 §10.1: a get sees the sets before it, and only what is on disk is told. A read comes behind all units.
    return this.host.read(this.store.load, [account.owner]).then(() => this.get(request, mine));
  }

  private get(request: IqRequest, mine: AccountRoster): Bytes | undefined {
    const { session, payload } = request;
    const known = payload.attrs['ver'];
    if (session !== undefined) {
      session.setSlot(this.interested, true);
      const changed = known === undefined ? undefined : mine.since(known);
      if (changed !== undefined) {
        // RFC 6121 §2.6.3: an empty result, then one push for each contact that changed.
        for (const contact of changed) this.push(request, session, mine, contact);
        return undefined;
      }
    }
    return rosterBytes(unpack(mine.stored.contacts), mine.versionText());
  }

  private set(request: IqRequest, account: AccountView, mine: AccountRoster): void {
    const { edit, jid } = readItem(request.payload, account.jid, this.limits);
    const isGone = isRemoval(edit);
    // RFC 6121 §2.5.3: only what is there can be removed.
    if (isGone && !mine.has(edit.jid)) throw new StanzaError('item-not-found');
    const write: Write = (statement, ...params) => {
      request.write(statement, ...params);
    };
    const was = isGone ? mine.find(edit.jid) : undefined;
    const change = this.plan(account, edit, write);
    const after = was === undefined ? undefined : this.onRemoving?.(account, was, jid, write);
    request.committed(() => {
      this.told(account, mine.commit(change), (session, stanza) => {
        request.push(session, stanza);
      });
      after?.();
    });
  }

  /**
   * Changes the states of one subscription, in the unit that `write` fills; a contact that is not there comes to be.
   * `commit` must follow when that unit is on disk, and the unit must be submitted in this turn.
   * @throws StanzaError policy-violation: the roster is full
   */
  changeStates(account: AccountView, jid: string, states: States, write: Write): Change {
    const mine = account.slot(this.rosters);
    mine.dropFailed(this.host.storage.stats().done);
    return this.plan(account, { jid, states }, write);
  }

  /** The change is on disk: interested resources are told. RFC 6121 §2.1.6 */
  commit(
    account: AccountView,
    change: Change,
    push: (session: SessionView, stanza: Bytes) => void,
  ): void {
    this.told(account, account.slot(this.rosters).commit(change), push);
  }

  /** What will be true of a contact when all that is on its way has arrived. */
  latest(account: AccountView, jid: string): States {
    const mine = account.slot(this.rosters);
    mine.dropFailed(this.host.storage.stats().done);
    const contact = mine.find(jid);
    return contact === undefined || contact.subscription === 'remove'
      ? NO_STATES
      : (contact as Contact & States);
  }

  /** RFC 6121 §2.2: sessions that asked for the roster. */
  *interestedOf(account: AccountView): Generator<SessionView> {
    for (const session of account.sessions) if (session.slot(this.interested)) yield session;
  }

  /** @throws StanzaError policy-violation */
  private plan(account: AccountView, edit: Edit, write: Write): Change {
    const mine = account.slot(this.rosters);
    const epoch = (this.host.random.bytes(4).readUInt32LE() >>> 1) | 1;
    const { change, after } = mine.plan(edit, epoch, this.limits.removalsKept);
    const before = mine.latest;
    this.checkSize(edit, mine, after.contacts.length);
    this.store.write(write, account.owner, change, before.floor);
    // The unit is submitted when the handler returns, so its ticket is the next one.
    mine.begin(change, this.host.storage.stats().submitted + 1, after);
    return change;
  }

  private told(
    account: AccountView,
    contact: Contact,
    push: (session: SessionView, stanza: Bytes) => void,
  ): void {
    const version = account.slot(this.rosters).versionText(contact.version);
    // RFC 6121 §2.1.6: to interested resources alone; the sender's is one of them if it asked for the roster.
    for (const session of this.interestedOf(account)) {
      push(session, pushBytes(session.jid, this.host.random.id(), contact, version));
    }
  }

  private checkSize(edit: Edit, mine: AccountRoster, bytesAfter: number): void {
    const { maxContacts, maxRosterBytes } = this.limits;
    if (isRemoval(edit)) return;
    // RFC 6120 §8.3.3.12: a limit of this service, not a want of resources that waiting would mend.
    if (!mine.has(edit.jid) && mine.size >= maxContacts) {
      throw new StanzaError(
        'policy-violation',
        'modify',
        `A roster holds at most ${maxContacts.toString()} contacts.`,
      );
    }
    // What a contact does to a subscription is a few bytes of an item that is there, and nobody's to refuse.
    if (edit.details === undefined && mine.has(edit.jid)) return;
    if (bytesAfter > maxRosterBytes && bytesAfter > mine.latest.contacts.length) {
      throw new StanzaError('policy-violation', 'modify', 'The roster is full.');
    }
  }

  private push(
    request: IqRequest,
    session: SessionView,
    mine: AccountRoster,
    contact: Contact,
  ): void {
    const version = mine.versionText(contact.version);
    request.push(session, pushBytes(session.jid, this.host.random.id(), contact, version));
  }
}
