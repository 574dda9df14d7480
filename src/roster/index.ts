// RFC 6121 §2: the contacts of an account, kept and told to the sessions that asked for them.
import type { IqRequest, Module, ModuleHost } from '../host/module.ts';
import type { AccountView, SessionView, Slot } from '../host/views.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import { AccountRoster, type Edit } from './account-roster.ts';
import { unpack, type Contact } from './contacts.ts';
import { DEFAULT_LIMITS, type RosterLimits } from './limits.ts';
import { ROSTER_REMOVALS, ROSTER_SCHEMA, RosterStore } from './roster-store.ts';
import { pushBytes, readItem, rosterBytes } from './roster-xml.ts';

export const roster: Module = {
  declaration: {
    name: 'roster',
    summary: 'Keeps the list of contacts and tells it to the clients of its owner.',
    xeps: [
      {
        spec: 'RFC 6121',
        version: '2011',
        status: 'partial',
        note: 'section 2, without what a removal does to subscriptions',
      },
      { spec: 'XEP-0237', version: '1.3', status: 'complete', note: 'part of RFC 6121 since 2011' },
    ],
    // RFC 6121 §2.6.2
    streamFeatures: [`<ver xmlns='${NS.rosterVersioning}'/>` as Bytes],
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: ROSTER_SCHEMA,
    removals: ROSTER_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const given = host.options as Partial<RosterLimits> | undefined;
    const service = new RosterService(host, { ...DEFAULT_LIMITS, ...given });
    host.iq('account', NS.roster, 'query', (request) => service.answer(request));
  },
};

class RosterService {
  private readonly host: ModuleHost;
  private readonly limits: RosterLimits;
  private readonly store: RosterStore;
  private readonly rosters: Slot<AccountRoster>;
  /** RFC 6121 §2.2: a resource that asked for the roster is interested in its changes. */
  private readonly interested: Slot<boolean>;

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
    const edit = readItem(request.payload, account.jid, this.limits);
    // RFC 6121 §2.5.3: only what is there can be removed.
    if (edit.details === undefined && !mine.has(edit.jid)) throw new StanzaError('item-not-found');
    const epoch = (this.host.random.bytes(4).readUInt32LE() >>> 1) | 1;
    const { change, after } = mine.plan(edit, epoch, this.limits.removalsKept);
    const before = mine.latest;
    this.checkSize(edit, mine, after.contacts.length);
    this.store.write(
      (statement, ...params) => {
        request.write(statement, ...params);
      },
      account.owner,
      change,
      before.floor,
    );
    // The unit is submitted when this handler returns, so its ticket is the next one.
    mine.begin(change, this.host.storage.stats().submitted + 1, after);
    request.committed(() => {
      const contact = mine.commit(change);
      // RFC 6121 §2.1.6: to interested resources alone; the sender's is one of them if it asked for the roster.
      for (const session of account.sessions) {
        if (session.slot(this.interested)) this.push(request, session, mine, contact);
      }
    });
  }

  private checkSize(edit: Edit, mine: AccountRoster, bytesAfter: number): void {
    const { maxContacts, maxRosterBytes } = this.limits;
    if (edit.details === undefined) return;
    // RFC 6120 §8.3.3.12: a limit of this service, not a want of resources that waiting would mend.
    if (!mine.has(edit.jid) && mine.size >= maxContacts) {
      throw new StanzaError(
        'policy-violation',
        'modify',
        `A roster holds at most ${maxContacts.toString()} contacts.`,
      );
    }
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
