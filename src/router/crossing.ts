// The borders between workers: frames in and out, each handed to the part that it is for. RFC 6120 §10.1: order is the link's.
import type { Account } from '../account/account.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Reference } from '../host/views.ts';
import { passage, type Passage } from '../account/outlet.ts';
import type { SessionKeeper } from '../account/session-keeper.ts';
import type { SessionRef } from '../account/session-ref.ts';
import type { FrameNo, Incoming, LinkHandler, Links } from '../cluster/link.ts';
import type { Placement, WorkerId } from '../placement/placement.ts';
import { addressed } from '../protocol/replies.ts';
import { parseJid, type BareJid, type Jid, type JidCache } from '../protocol/jid.ts';
import type { Debtor } from '../session/ledger.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import type { SessionRegistry } from '../session/registry.ts';
import type { EndReason } from '../session/session-port.ts';
import { unpackSnapshot } from '../session/snapshot.ts';
import { StorageError } from '../storage/storage.ts';
import type { Log } from '../util/log.ts';
import { text, utf8, type Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { fanOutFrame, hear } from './fan-out.ts';
import { FRAME, fieldsOf, frame, kindOfFrame, unpackReferences } from './frames.ts';
import { ReceivedDebts, SentDebts } from './link-debts.ts';
import { bounce, busy, describe, failed, notTaken } from './not-taken.ts';
import { Handover } from './handover.ts';
import { RemoteHome, RemotePort } from './remote-home.ts';
import { takeNews } from './session-news.ts';
import type { Elsewhere } from './router.ts';

export interface CrossingParts {
  readonly links: Links;
  readonly placement: Placement;
  readonly accounts: Accounts;
  readonly keeper: SessionKeeper;
  readonly sessions: SessionRegistry;
  readonly reader: StanzaReader;
  readonly jids: JidCache;
  readonly log: Log;
  /** Sends an error back for a stanza that no worker took. */
  readonly send: (stanza: Bytes, from: Jid, to: Jid) => void;
  /** Takes a session that another worker holds to this one, its owner. Called back when it has moved, or will not. */
  readonly adopt: (account: Jid, token: string, done: () => void) => void;
  /** There is room again on a link. */
  readonly onRoom: () => void;
  /** This worker owns its addresses now. */
  readonly onReady: () => void;
}

export type Bound =
  | { readonly jid: Jid; readonly inline: Bytes }
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };

/** What a resource is bound with besides: see AttachRequest. */
export interface BoundWith {
  readonly device?: string;
  readonly inline?: Bytes;
  readonly temporary?: boolean;
}

const NOT_STORED = 'what another worker asked to be stored could not be';

/** Bytes left on a link below which sockets are not read. */
const LOW_ROOM_BYTES = 256 * 1024;

export class Crossing implements LinkHandler, Elsewhere {
  private parts: CrossingParts = undefined as unknown as CrossingParts;
  private connected = false;
  private readonly sent = new Map<WorkerId, SentDebts>();
  private readonly received = new Map<WorkerId, ReceivedDebts>();
  private readonly binding = new Map<string, (result: Bound) => void>();
  private handovers: Handover | undefined;
  private lastRequest = 0;

  /** The parts need the router and the links, which need this: called once at boot, before any frame. */
  connect(parts: CrossingParts): void {
    this.parts = parts;
    this.connected = true;
  }

  /** A link is nearly full: whoever feeds it should not be read. */
  get crowded(): boolean {
    if (!this.connected) return false;
    const { links, placement } = this.parts;
    for (let worker = 0; worker < placement.workers; worker++) {
      if (worker !== placement.self && links.room(worker) < LOW_ROOM_BYTES) return true;
    }
    return false;
  }

  // ---- out

  forward(
    worker: WorkerId,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const bytes = addressed(stanza, 'c2s', from, to);
    const flags = (how.owed ? 1 : 0) + (how.again ? 2 : 0);
    this.send(worker, frame(FRAME.incoming, flags, bytes), debtor, n);
  }

  fanOut(worker: WorkerId, stanza: Stanza, from: Jid, to: readonly Jid[]): void {
    this.send(worker, fanOutFrame(stanza, from, to));
  }

  send = (to: WorkerId, payload: Bytes, debtor?: Debtor, n?: number): void => {
    const no = this.parts.links.send(to, payload);
    if (debtor !== undefined) this.sentTo(to).add(no, debtor, n ?? 0);
  };

  /** Asks the owner of an account for a resource. */
  bind(
    owner: WorkerId,
    account: Jid,
    resource: string | undefined,
    session: number,
    { device = '', inline = '' as Bytes, temporary = false }: BoundWith,
    done: (result: Bound) => void,
  ): void {
    const request = this.request();
    this.binding.set(request, done);
    const wanted = [account.bareBytes, utf8(resource ?? ''), session];
    this.send(owner, frame(FRAME.bind, request, ...wanted, device, temporary ? '1' : '', inline));
  }

  /** How sessions move between workers. */
  get handover(): Handover {
    return (this.handovers ??= new Handover({
      self: this.parts.placement.self,
      accounts: this.parts.accounts,
      sessions: this.parts.sessions,
      send: this.send,
      request: () => this.request(),
    }));
  }

  homeFor(owner: WorkerId, presence = '' as Bytes): RemoteHome {
    return new RemoteHome(owner, this.send, presence);
  }

  // ---- LinkHandler

  onFrame(incoming: Incoming): void {
    const debts = this.receivedFrom(incoming.from);
    debts.begin(incoming.no);
    try {
      this.handle(incoming, debts);
    } catch (error) {
      const fields = { err: error, frame: kindOfFrame(incoming.payload) };
      if (error instanceof StorageError) this.parts.log.error(fields, NOT_STORED);
      else this.parts.log.error(fields, 'a frame could not be handled. This is a bug.');
    } finally {
      debts.end(incoming.no);
    }
  }

  onDone(to: WorkerId, upTo: FrameNo, exceptions: readonly FrameNo[]): void {
    this.sent.get(to)?.done(upTo, exceptions);
    this.parts.onRoom();
  }

  onPeer(worker: WorkerId, state: 'up' | 'down', epoch: number): void {
    this.parts.log.debug({ worker, state, epoch }, 'link');
    if (state === 'up') return;
    // Its sessions died with it; what it had received and not settled, nobody is owed any more.
    this.parts.accounts.workerGone(worker);
    this.handover.gone(worker);
    this.received.delete(worker);
  }

  *announce(to: WorkerId): Iterable<Bytes> {
    for (const session of this.parts.sessions.all()) {
      const { owner } = session;
      if (owner instanceof RemoteHome && owner.owner === to) yield owner.announcement(session);
    }
  }

  onAnnounced(from: WorkerId, payload: Bytes): void {
    const [, id, jid, token, presence, unproven, givenFrom, upTo, hibernates] = fieldsOf(payload);
    const { accounts } = this.parts;
    const full = parseJid(text(jid as Bytes));
    const request = {
      jid: full,
      resource: full.resource,
      id: Number(id),
      worker: from,
      port: new RemotePort(from, Number(id), this.send),
    };
    accounts.attach(request, (result) => {
      if (result.refused !== undefined) {
        request.port.end('reset');
        return;
      }
      if (result.known === true) return;
      result.session.hibernates = hibernates === '1';
      const references = unpackReferences(unproven ?? '');
      request.port.holds(references);
      this.parts.keeper.announced(
        result.account,
        result.session,
        token ?? '',
        presence ?? ('' as Bytes),
        references,
        // An earlier version does not say.
        upTo === undefined ? undefined : { from: Number(givenFrom), upTo: Number(upTo) },
      );
    });
  }

  onReady(): void {
    this.parts.onReady();
  }

  onDropped(to: WorkerId, no: FrameNo, payload: Bytes): void {
    this.giveBack(to, no, payload, busy());
  }

  onPoison(to: WorkerId, no: FrameNo, payload: Bytes): void {
    const { reader, log } = this.parts;
    const what = { worker: to, ...describe(payload, reader) };
    log.error(what, 'two processes of a worker died with this frame: it is given to no other');
    this.giveBack(to, no, payload, failed());
  }

  private giveBack(to: WorkerId, no: FrameNo, payload: Bytes, error: StanzaError): void {
    const kind = kindOfFrame(payload);
    const request = fieldsOf(payload)[0]!;
    try {
      if (kind === FRAME.incoming || kind === FRAME.outgoing) bounce(payload, error, this.parts);
      else if (kind === FRAME.bind)
        this.take(this.binding, request)?.({ refused: 'resource-constraint' });
      else if (kind === FRAME.resume || kind === FRAME.take) this.handover.dropped(kind, request);
    } finally {
      // Nothing later may ever be sent there, so that no done would settle it.
      this.sent.get(to)?.dropped(no);
      this.parts.onRoom();
    }
  }

  // ---- in

  private handle({ from, no, payload, again }: Incoming, debts: ReceivedDebts): void {
    const fields = fieldsOf(payload);
    switch (kindOfFrame(payload)) {
      case FRAME.incoming:
        this.incoming(fields, again, debts, no);
        return;
      case FRAME.fanOut:
        hear(fields, this.parts);
        return;
      case FRAME.outgoing:
        this.outgoing(from, fields, again, debts, no);
        return;
      case FRAME.deliver:
        this.deliver(Number(fields[0]), fields[2] as Bytes, Number(fields[1]));
        return;
      case FRAME.end:
        this.parts.sessions.get(Number(fields[0]))?.end(fields[1] as string as EndReason);
        return;
      case FRAME.bind:
        this.bindHere(from, fields, debts, no);
        return;
      case FRAME.bound:
        this.take(
          this.binding,
          fields[0],
        )?.(
          fields[1] === ''
            ? { jid: parseJid(text(fields[2] as Bytes)), inline: fields[3] ?? ('' as Bytes) }
            : { refused: fields[1] as string as 'conflict' },
        );
        return;
      case FRAME.resume:
      case FRAME.resumed:
      case FRAME.take:
      case FRAME.taken:
        this.handover.handle(kindOfFrame(payload), from, fields, debts, no);
        return;
      default:
        this.ofSession(from, kindOfFrame(payload), fields, debts, no);
    }
  }

  private deliver(id: number, stanza: Bytes, reference: Reference): void {
    const session = this.parts.sessions.get(id);
    if (session === undefined) return;
    if (session.owner instanceof RemoteHome) session.owner.gave(reference);
    session.deliver(stanza, reference);
  }

  private incoming(fields: Bytes[], again: boolean, debts: ReceivedDebts, no: number): void {
    const { reader, jids, accounts } = this.parts;
    const how = Number(fields[0]);
    const stanza = reader.read(fields[1] as Bytes);
    const from = jids.get(stanza.from ?? '');
    const to = jids.get(stanza.to ?? '');
    if (from === undefined || to === undefined) return;
    accounts.incoming(
      stanza,
      from,
      to,
      passage((how & 1) !== 0, again || (how & 2) !== 0),
      debts,
      no,
    );
  }

  private outgoing(
    from: WorkerId,
    fields: Bytes[],
    again: boolean,
    debts: ReceivedDebts,
    no: number,
  ): void {
    const { reader, jids, accounts } = this.parts;
    const how = Number(fields[2]);
    const stanza = reader.read(fields[3] as Bytes);
    const to = stanza.to === undefined ? undefined : jids.get(stanza.to);
    this.withSession(
      from,
      fields,
      debts,
      no,
      (account, session) => {
        accounts.outgoing(
          account,
          session,
          stanza,
          to,
          passage((how & 1) !== 0, again || (how & 2) !== 0),
          debts,
          no,
        );
      },
      () => {
        // Neither kept nor passed on: `h` may count it only if its sender is told.
        const sender = jids.get(text(fields[0] as Bytes));
        const error = sender && notTaken(stanza, to, sender, busy());
        if (error) this.send(from, frame(FRAME.deliver, fields[1] as Bytes, 0, error));
      },
    );
  }

  /** Frames about a session of an account that this worker owns. */
  private ofSession(
    from: WorkerId,
    kind: string,
    fields: Bytes[],
    debts: ReceivedDebts,
    no: number,
  ): void {
    const { accounts } = this.parts;
    const bare = text(fields[0] as Bytes) as BareJid;
    const id = Number(fields[1]);
    this.withSession(from, fields, debts, no, (account, session) => {
      if (takeNews(session, kind, fields[2] as Bytes)) return;
      switch (kind) {
        case FRAME.proven:
          accounts.proven(bare, from, id, unpackReferences(fields[2] as Bytes));
          return;
        case FRAME.leaving:
          accounts.leaving(bare, from, id);
          return;
        case FRAME.ended:
          accounts.ended(bare, from, id, unpackReferences(fields[2] as Bytes), fields.slice(3));
          return;
        case FRAME.offer:
          debts.owe(no);
          this.parts.adopt(account.jid, session.token, () => debts.pay(no));
          return;
        case FRAME.store:
          this.parts.keeper.store(account, session, unpackSnapshot(fields[2] as Bytes), debts, no);
          return;
        default:
          // A frame of a later version: what it asks is not known here, and nothing is owed for it.
          this.parts.log.debug({ kind, from }, 'a frame of a later version was left alone');
      }
    });
  }

  /** The account may still be loading after an announcement: then the frame waits, and its order holds. */
  private withSession(
    from: WorkerId,
    fields: Bytes[],
    debts: ReceivedDebts,
    no: number,
    act: (account: Account, session: SessionRef) => void,
    lost?: () => void,
  ): void {
    const jid = this.parts.jids.get(text(fields[0] as Bytes));
    if (jid === undefined) return;
    debts.owe(no);
    const taken = this.parts.accounts.cache.whenLoaded(jid, (account) => {
      const session = account?.byConnection(from, Number(fields[1]));
      try {
        if (account !== undefined && session !== undefined) act(account, session);
        else lost?.();
      } finally {
        // A frame that is never settled would in the end stop the link, and with it everybody.
        debts.pay(no);
      }
    });
    if (taken) return;
    lost?.();
    debts.pay(no);
  }

  private bindHere(from: WorkerId, fields: Bytes[], debts: ReceivedDebts, no: number): void {
    const [request, bare, resource, id] = fields as [Bytes, Bytes, Bytes, Bytes];
    // An earlier version does not say.
    const [device = '', temporary = '', inline = '' as Bytes] = fields.slice(4);
    // Open until answered: if this worker dies before, the request comes again to the next one.
    debts.owe(no);
    this.parts.accounts.attach(
      {
        jid: parseJid(text(bare)),
        resource: resource === '' ? undefined : text(resource),
        id: Number(id),
        worker: from,
        port: new RemotePort(from, Number(id), this.send),
        device,
        temporary: temporary === '1',
        ...(inline === '' ? {} : { inline }),
      },
      (result) => {
        const answer =
          result.refused === undefined
            ? ['', utf8(result.session.jid.full), result.inline ?? '']
            : [result.refused, '', ''];
        this.send(from, frame(FRAME.bound, request, ...answer));
        debts.pay(no);
      },
    );
  }

  private request(): string {
    return `${this.parts.placement.self}-${++this.lastRequest}`;
  }

  private take<T>(waiting: Map<string, T>, request: string | undefined): T | undefined {
    const found = waiting.get(request ?? '');
    waiting.delete(request ?? '');
    return found;
  }

  private sentTo(worker: WorkerId): SentDebts {
    let debts = this.sent.get(worker);
    if (debts === undefined) this.sent.set(worker, (debts = new SentDebts()));
    return debts;
  }

  private receivedFrom(worker: WorkerId): ReceivedDebts {
    let debts = this.received.get(worker);
    if (debts === undefined)
      this.received.set(worker, (debts = new ReceivedDebts(worker, this.parts.links)));
    return debts;
  }
}
