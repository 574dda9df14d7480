// The borders between workers: frames in and out, each handed to the part that it is for. RFC 6120 §10.1: order is the link's.
import type { Account } from '../account/account.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Reference } from '../host/views.ts';
import type { Passage } from '../account/outlet.ts';
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
import { text, type Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { Binding } from './binding.ts';
import {
  FRAME,
  FieldReader,
  fieldsOf,
  frame,
  isUnasked,
  kindOfFrame,
  packHow,
  unpackHow,
  unpackReferences,
} from './frames.ts';
import { fanOutFrame, hear } from './fan-out.ts';
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

const NOT_STORED = 'what another worker asked to be stored could not be';

/** Bytes left on a link below which sockets are not read. */
const LOW_ROOM_BYTES = 256 * 1024;

export class Crossing implements LinkHandler, Elsewhere {
  private parts: CrossingParts = undefined as unknown as CrossingParts;
  private connected = false;
  private readonly sent = new Map<WorkerId, SentDebts>();
  private readonly received = new Map<WorkerId, ReceivedDebts>();
  private bindings: Binding | undefined;
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
    const unasked =
      debtor === undefined || (debtor instanceof ReceivedDebts && debtor.isUnasked(n));
    const flags = packHow(how.owed, how.again, unasked);
    this.send(worker, frame(FRAME.incoming, flags, bytes), debtor, n);
  }

  fanOut(worker: WorkerId, stanza: Stanza, from: Jid, to: readonly Jid[]): void {
    this.send(worker, fanOutFrame(stanza, from, to));
  }

  send = (to: WorkerId, payload: Bytes, debtor?: Debtor, n?: number): void => {
    const no = this.parts.links.send(to, payload);
    if (debtor !== undefined) this.sentTo(to).add(no, debtor, n ?? 0);
  };

  /** How sessions get their resources from owners elsewhere. */
  get binding(): Binding {
    return (this.bindings ??= new Binding({
      accounts: this.parts.accounts,
      send: this.send,
      request: () => this.request(),
    }));
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
    debts.begin(incoming.no, incoming.again);
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
      else if (kind === FRAME.bind) this.binding.dropped(request);
      else if (kind === FRAME.resume || kind === FRAME.take) this.handover.dropped(kind, request);
    } finally {
      // Nothing later may ever be sent there, so that no done would settle it.
      this.sent.get(to)?.dropped(no);
      this.parts.onRoom();
    }
  }

  // ---- in

  private handle(incoming: Incoming, debts: ReceivedDebts): void {
    switch (kindOfFrame(incoming.payload)) {
      case FRAME.incoming:
        this.incoming(incoming, debts);
        return;
      case FRAME.outgoing:
        this.outgoing(incoming, debts);
        return;
      case FRAME.deliver:
        debts.unask();
        this.deliver(incoming.payload);
        return;
      default:
        this.handleRare(incoming, debts);
    }
  }

  private handleRare({ from, no, payload }: Incoming, debts: ReceivedDebts): void {
    const fields = fieldsOf(payload);
    switch (kindOfFrame(payload)) {
      case FRAME.fanOut:
        debts.unask();
        hear(fields, this.parts);
        return;
      case FRAME.end:
        this.parts.sessions.get(Number(fields[0]))?.end(fields[1] as string as EndReason);
        return;
      case FRAME.bind:
        this.binding.asked(from, fields, debts, no);
        return;
      case FRAME.bound:
        this.binding.answered(fields);
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

  private deliver(payload: Bytes): void {
    const fields = new FieldReader(payload);
    const session = this.parts.sessions.get(Number(fields.next()));
    if (session === undefined) return;
    const reference: Reference = Number(fields.next());
    const stanza = fields.next();
    if (session.owner instanceof RemoteHome) session.owner.gave(reference);
    session.deliver(stanza, reference);
  }

  private incoming({ no, payload, again }: Incoming, debts: ReceivedDebts): void {
    const { reader, jids, accounts } = this.parts;
    const fields = new FieldReader(payload);
    const how = Number(fields.next());
    if (isUnasked(how)) debts.unask();
    const stanza = reader.read(fields.next());
    const from = jids.get(stanza.from ?? '');
    const to = jids.get(stanza.to ?? '');
    if (from === undefined || to === undefined) return;
    accounts.incoming(stanza, from, to, unpackHow(how, again), debts, no);
  }

  private outgoing({ from, no, payload, again }: Incoming, debts: ReceivedDebts): void {
    const { reader, jids, accounts } = this.parts;
    const fields = new FieldReader(payload);
    const bare = fields.next();
    const id = Number(fields.next());
    const how = Number(fields.next());
    if (isUnasked(how)) debts.unask();
    const stanza = reader.read(fields.next());
    const to = stanza.to === undefined ? undefined : jids.get(stanza.to);
    this.withSession(
      from,
      bare,
      id,
      debts,
      no,
      (account, session) => {
        accounts.outgoing(account, session, stanza, to, unpackHow(how, again), debts, no);
      },
      () => {
        // Neither kept nor passed on: `h` may count it only if its sender is told.
        const sender = jids.get(text(bare));
        const error = sender && notTaken(stanza, to, sender, busy());
        if (error) this.send(from, frame(FRAME.deliver, id, 0, error));
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
    if (kind !== FRAME.store && kind !== FRAME.offer) debts.unask();
    this.withSession(from, fields[0] as Bytes, id, debts, no, (account, session) => {
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
    bare: Bytes,
    id: number,
    debts: ReceivedDebts,
    no: number,
    act: (account: Account, session: SessionRef) => void,
    lost?: () => void,
  ): void {
    const jid = this.parts.jids.get(text(bare));
    if (jid === undefined) return;
    debts.owe(no);
    const taken = this.parts.accounts.cache.whenLoaded(jid, (account) => {
      const session = account?.byConnection(from, id);
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

  private request(): string {
    return `${this.parts.placement.self}-${++this.lastRequest}`;
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
