// XEP-0191 (1.3): addresses that a user wants nothing from, and does not want to write to by mistake.
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { STOP, type AccountView, type Slot, type Stop, type Verdict } from '../../host/views.ts';
import type { Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { Announcements } from './announcements.ts';
import { Blocklist, type Change } from './blocklist.ts';
import { listBytes, pushBytes, readItems } from './items.ts';
import { DEFAULTS, type BlockingOptions } from './limits.ts';
import { Reports } from './reports.ts';
import { BLOCKING_REMOVALS, BLOCKING_SCHEMA, BlockingStatements, jidsOf } from './store.ts';

/** Behind what mends a stanza, before all that keeps, copies or answers. */
const ORDER = 5;
const WHY = 'what is blocked is neither kept nor copied nor answered by others';

export const blocking: Module = {
  declaration: {
    name: 'blocking',
    summary:
      'Lets users block addresses, with effect on messages, presence and requests both ways.',
    xeps: [
      { spec: 'XEP-0191', version: '1.3', status: 'complete' },
      { spec: 'XEP-0377', version: '0.4.1', status: 'complete', note: 'reports go to the log' },
    ],
    features: { host: [NS.blocking, NS.reporting] },
    needs: ['roster', 'presence'],
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: BLOCKING_SCHEMA,
    removals: BLOCKING_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const given = host.options as Partial<BlockingOptions> | undefined;
    const service = new Blocking(host, { ...DEFAULTS, ...given });
    host.iq('account', NS.blocking, 'blocklist', (request) => service.list(request));
    host.iq('account', NS.blocking, 'block', (request) => service.block(request));
    host.iq('account', NS.blocking, 'unblock', (request) => service.unblock(request));
    const settings = { order: ORDER, why: WHY };
    host.on('message.in', settings, (stanza, account, { from }) =>
      service.blocks(account, from) ? service.refuseIncoming(stanza) : undefined,
    );
    host.on('message.out', settings, (_stanza, account, { to }) =>
      service.blocks(account, to) ? BLOCKED : undefined,
    );
    host.on('iq.in', settings, (_stanza, account, from) =>
      service.blocks(account, from) ? UNAVAILABLE : undefined,
    );
    host.on('iq.out', settings, (_stanza, account, to) =>
      service.blocks(account, to) ? BLOCKED : undefined,
    );
    // §3.3: neither an answer nor an error.
    host.on('presence.in', settings, (_stanza, account, from) =>
      service.blocks(account, from) ? STOP : undefined,
    );
    host.on('presence.out', settings, (_stanza, account, to) =>
      service.blocks(account, to) ? BLOCKED : undefined,
    );
  },
};

/** XEP-0191 §3.3: nothing goes to a blocked address, and its owner is told why. */
const BLOCKED: Stop = {
  stop: true,
  error: new StanzaError('not-acceptable', 'cancel', undefined, {
    application: `<blocked xmlns='${NS.blockingErrors}'/>` as Bytes,
  }),
};

/** XEP-0191 §3.3: as for a user who is not there. */
const UNAVAILABLE: Stop = { stop: true, error: new StanzaError('service-unavailable') };

class Blocking {
  private readonly host: ModuleHost;
  private readonly options: BlockingOptions;
  private readonly statements: BlockingStatements;
  private readonly reports: Reports;
  private readonly announcements: Announcements;
  private readonly lists: Slot<Blocklist | undefined>;
  /** §3.3: a resource that asked for the list is told of changes. */
  private readonly asked: Slot<boolean>;

  constructor(host: ModuleHost, options: BlockingOptions) {
    this.host = host;
    this.options = options;
    this.statements = new BlockingStatements(host.storage);
    this.reports = new Reports(host);
    this.announcements = new Announcements(host);
    this.lists = host.accountSlot<Blocklist | undefined>(() => undefined);
    this.asked = host.storedSessionSlot(() => false, 'asked');
    host.onLoad({
      query: this.statements.load,
      apply: (account, rows) => {
        if (rows.length > 0) account.setSlot(this.lists, new Blocklist(jidsOf(rows)));
      },
    });
  }

  /** Whether the account blocks that address. Its own resources and its own server never are (XEP-0191 §4, note 1). */
  blocks(account: AccountView, peer: Jid): boolean {
    const list = account.slot(this.lists);
    if (list?.has(peer) !== true) return false;
    return peer.bare !== account.jid.bare && peer.full !== account.jid.domain;
  }

  refuseIncoming({ type }: Stanza): Verdict {
    // An error in answer to a room's message would throw the user out of the room (XEP-0045 §14.4), and nobody waits
    // for an answer to a headline.
    return type === 'groupchat' || type === 'headline' ? STOP : UNAVAILABLE;
  }

  /** §3.2. @throws StanzaError */
  list(request: IqRequest): Bytes {
    const { account } = request;
    if (account === undefined || !request.own) throw request.unknown();
    if (request.type !== 'get') throw new StanzaError('bad-request');
    request.session?.setSlot(this.asked, true);
    return listBytes('blocklist', this.of(account)?.jids ?? []);
  }

  /** §3.3. @throws StanzaError */
  block(request: IqRequest): undefined {
    const account = this.change(request);
    const items = readItems(request.payload);
    if (items.length === 0)
      throw new StanzaError('bad-request', 'modify', 'Say whom to block, in an item each.');
    if (items.some(({ jid }) => jid.bare === account.jid.bare))
      throw new StanzaError('not-allowed', 'cancel', 'Nobody blocks themselves.');
    const jids = items.map(({ jid }) => jid.full);
    const known = this.of(account)?.jids ?? new Set<string>();
    const fresh = jids.filter((jid) => !known.has(jid));
    if (known.size + fresh.length > this.options.maxItems) {
      throw new StanzaError(
        'policy-violation',
        'modify',
        `An account blocks at most ${this.options.maxItems.toString()} addresses.`,
      );
    }
    for (const jid of jids) request.write(this.statements.add, account.owner, jid);
    this.begin(request, account, { isBlocking: true, jids }, () => {
      // §3.3: who was told of the user's presence sees it go. Not by way of the gate, which is closed now.
      for (const jid of fresh) this.announcements.gone(account, jid);
      this.reports.log(request.from, items);
    });
    return undefined;
  }

  /** §3.4, §3.5: without an item all of them. @throws StanzaError */
  unblock(request: IqRequest): undefined {
    const account = this.change(request);
    const jids = readItems(request.payload).map(({ jid }) => jid.full);
    const isAll = jids.length === 0;
    // SECURITY: items that are no items of ours are not "none", or a slip would unblock everybody.
    if (isAll && request.payload.getChildElements().length > 0)
      throw new StanzaError('bad-request');
    if (isAll) request.write(this.statements.clear, account.owner);
    for (const jid of jids) request.write(this.statements.remove, account.owner, jid);
    const known = this.of(account)?.jids ?? new Set<string>();
    const freed = isAll ? [...known] : jids.filter((jid) => known.has(jid));
    this.begin(request, account, { isBlocking: false, jids: isAll ? undefined : jids }, () => {
      for (const jid of freed) this.announcements.back(account, jid);
    });
    return undefined;
  }

  /** @throws StanzaError for what is no set of the account's own session */
  private change(request: IqRequest): AccountView {
    const { account } = request;
    if (account === undefined || !request.own) throw request.unknown();
    if (request.type !== 'set') throw new StanzaError('bad-request');
    return account;
  }

  private begin(
    request: IqRequest,
    account: AccountView,
    { isBlocking, jids }: Omit<Change, 'ticket'>,
    then: () => void,
  ): void {
    // The unit is submitted when the handler returns, so its ticket is the next one.
    const change = { isBlocking, jids, ticket: this.host.storage.stats().submitted + 1 };
    const list = this.of(account) ?? new Blocklist([]);
    list.begin(change);
    account.setSlot(this.lists, list);
    request.committed(() => {
      list.commit(change);
      if (list.idle) account.setSlot(this.lists, undefined);
      this.push(request, account, change);
      then();
    });
  }

  /** §3.3, §3.4, §3.5: to each resource that asked, what was written and not what it changed. */
  private push(request: IqRequest, account: AccountView, { isBlocking, jids }: Change): void {
    const content = listBytes(isBlocking ? 'block' : 'unblock', jids ?? []);
    for (const session of account.sessions) {
      if (!session.slot(this.asked)) continue;
      request.push(session, pushBytes(session.jid, this.host.random.id(), content));
    }
  }

  private of(account: AccountView): Blocklist | undefined {
    const list = account.slot(this.lists);
    list?.dropFailed(this.host.storage.stats().done);
    return list;
  }
}
