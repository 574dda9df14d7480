// The owner's side: which accounts are in memory, their inboxes while they load, and the gate to the engines.
import type { Reference } from '../host/views.ts';
import type { BareJid, Jid, JidCache } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { actionFor, kindOf, type StanzaKind } from '../router/delivery-table.ts';
import type { Debtor } from '../session/ledger.ts';
import type { EndReason } from '../session/session-port.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Account } from './account.ts';
import type { Copies } from './copies.ts';
import type { Gates } from './gates.ts';
import type { OutLane } from './out-lane.ts';
import type { AccountCache } from './account-cache.ts';
import type { ClientRequests } from './client-requests.ts';
import type { IqEngine } from './iq-engine.ts';
import { situationOf, type MessageEngine } from './message-engine.ts';
import { PLAIN, type Outlet, type Passage } from './outlet.ts';
import { addressed, errorBytes, mayBeRefused } from '../protocol/replies.ts';
import { Resources, type ResourceParts } from './resources.ts';
import { SessionRef } from './session-ref.ts';
import type { Attached, AttachRequest } from './attach.ts';

export interface AccountParts extends ResourceParts {
  readonly cache: AccountCache;
  readonly outlet: Outlet;
  readonly messages: MessageEngine;
  readonly iqs: IqEngine;
  readonly gates: Gates;
  readonly requests?: ClientRequests;
  readonly jids: JidCache;
}

export class Accounts {
  private readonly parts: AccountParts;
  readonly cache: AccountCache;
  private readonly resources: Resources;
  /** How often each worker has died. */
  private readonly lives = new Map<number, number>();

  constructor(parts: AccountParts) {
    this.parts = parts;
    this.resources = new Resources(parts);
    this.cache = parts.cache;
  }

  /** A stanza whose destination this worker owns. The debtor hears of every debt, and of nothing else. */
  incoming(
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const account = this.cache.peek(to.bare);
    if (account !== undefined) {
      this.receive(account, stanza, from, to, how, debtor, n);
      return;
    }
    // Nobody is there who could see it; who is about to come asks by a probe.
    if (isForSomebodyOnly(stanza) && !this.cache.holds(to.bare)) return;
    debtor?.owe(n);
    const act = (found: Account | undefined, unread: boolean): void => {
      try {
        if (found !== undefined) this.receive(found, stanza, from, to, how, debtor, n);
        else if (unread)
          this.refuse(stanza, from, to, new StanzaError('resource-constraint', 'wait'));
        else this.receiveForNobody(stanza, from, to, debtor, n);
      } finally {
        debtor?.pay(n);
      }
    };
    // What the server itself writes is nobody's flood.
    const taken = this.cache.whenLoaded(to, act, from.local === '' ? undefined : from.bare);
    if (!taken) {
      this.refuse(stanza, from, to, new StanzaError('resource-constraint', 'wait'));
      debtor?.pay(n);
    }
  }

  /** A stanza from a session of an account that this worker owns; `to` is undefined when the client wrote none. */
  outgoing(
    account: Account,
    session: SessionRef,
    stanza: Stanza,
    to: Jid | undefined,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    account.usedAtMs = this.parts.clock.monotonicMs();
    if (account.behind !== undefined) {
      this.queue(account, account.behind, session, stanza, to, how, debtor, n);
      return;
    }
    switch (stanza.name) {
      case 'message':
        // RFC 6120 §10.3.1: without `to` it is for the sender's own bare JID.
        this.parts.messages.outgoing(account, session, stanza, to ?? account.jid, how, debtor, n);
        return;
      case 'presence':
        this.parts.presences.outgoing(account, session, stanza, to, how, debtor, n);
        return;
      default:
        // RFC 6120 §10.3.3: without `to` the server answers for the account.
        if (to === undefined || to.full === account.jid.bare) {
          this.receiveIq(account, session, stanza, session.jid, account.jid, debtor, n);
          return;
        }
        if (to.bare !== account.jid.bare) {
          const verdict = this.parts.gates.run('iq.out', stanza, account, to, session);
          if (verdict !== undefined) {
            if (verdict.error !== undefined && mayBeRefused(stanza))
              session.deliver(errorBytes(stanza, to, session.jid, verdict.error));
            return;
          }
        }
        this.parts.outlet.route(stanza, session.jid, to, how, debtor, n);
    }
  }

  /** A presence of a broadcast, for one of the accounts of this worker. */
  hear(copies: Copies, to: Jid): void {
    const account = this.cache.peek(to.bare);
    const { stanza, from } = copies;
    if (account === undefined) {
      // While it is read somebody may attach: then the presence waits like any other.
      if (this.cache.holds(to.bare)) this.incoming(stanza, from, to, PLAIN, undefined, 0);
      return;
    }
    if (account.sessions.length === 0) return;
    if (
      from.bare !== account.jid.bare &&
      this.parts.gates.run('presence.in', stanza, account, from, to) !== undefined
    )
      return;
    if (stanza.type === 'probe') {
      this.parts.presences.incoming(account, stanza, from, undefined, 0);
      return;
    }
    let bytes: Bytes | undefined;
    for (const session of account.sessions) {
      if (session.available) session.deliver((bytes ??= copies.to(account.jid)));
    }
  }

  /** Behind a subscription stanza that is not on disk yet. */
  private queue(
    account: Account,
    lane: OutLane,
    session: SessionRef,
    stanza: Stanza,
    to: Jid | undefined,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    debtor?.owe(n);
    const isQueued = lane.add(() => {
      try {
        this.outgoing(account, session, stanza, to, how, debtor, n);
      } catch (error) {
        this.parts.log.error({ err: error }, 'a stanza that waited failed. This is a bug.');
      } finally {
        debtor?.pay(n);
      }
    });
    if (isQueued) return;
    this.refuse(
      stanza,
      session.jid,
      to ?? account.jid,
      new StanzaError('resource-constraint', 'wait'),
    );
    debtor?.pay(n);
  }

  /** Binds a resource. The answer comes in this turn or in a later one. */
  attach(request: AttachRequest, done: (result: Attached) => void): void {
    const life = this.lives.get(request.worker);
    if (request.temporary === true) this.cache.makeTemporary(request.jid);
    // Whoever logged in has an account, though nobody had it a second ago.
    this.cache.expect(request.jid.bare);
    const taken = this.cache.whenLoaded(request.jid, (account, unread) => {
      if (account === undefined) {
        done({ refused: unread ? 'resource-constraint' : 'no-such-account' });
      } else if (this.lives.get(request.worker) !== life) {
        // Its worker died while the account was read: nobody would ever report its end.
        done({ refused: 'resource-constraint' });
      } else {
        const result = this.resources.bind(account, request);
        if (result.refused !== undefined) this.cache.forgetIfOver(account);
        done(result);
      }
    });
    if (!taken) done({ refused: 'resource-constraint' });
  }

  /** The last word of a session: what it was given and did not prove. */
  ended(
    bare: BareJid,
    worker: number,
    id: number,
    unproven: readonly Reference[],
    loose: readonly Bytes[],
  ): void {
    const account = this.cache.peek(bare);
    const session = account?.byConnection(worker, id);
    if (account === undefined || session === undefined) return;
    this.parts.presences.gone(account, session);
    const given = session.port.outstanding?.() ?? unproven;
    const waiting = session.abandon();
    account.remove(session, false);
    const unseen = waiting.length === 0 ? session.unseen : [...session.unseen, ...waiting];
    this.resources.tell('session.ended', (handler) => {
      handler(account, session, waiting.length === 0 ? given : [...given, ...waiting], unseen);
    });
    for (const stanza of loose) this.reroute(account, session.jid, stanza);
    account.usedAtMs = this.parts.clock.monotonicMs();
    this.cache.forgetIfOver(account);
  }

  /** A session said good-bye: gone for everybody, but proofs of receipt may still come. */
  leaving(bare: BareJid, worker: number, id: number): void {
    const account = this.cache.peek(bare);
    const session = account?.byConnection(worker, id);
    if (account === undefined || session === undefined) return;
    this.parts.presences.gone(account, session);
    account.remove(session, true);
  }

  proven(bare: BareJid, worker: number, id: number, references: readonly Reference[]): void {
    const account = this.cache.peek(bare);
    const session = account?.byConnection(worker, id);
    if (account === undefined || session === undefined) return;
    session.port.proved?.(references);
    this.resources.tell('session.proven', (handler) => handler(account, session, references));
  }

  /** The session that a client may resume by this token. */
  byToken(bare: BareJid, token: string): SessionRef | undefined {
    if (token === '') return undefined;
    return this.cache.peek(bare)?.sessions.find((session) => session.token === token);
  }

  /** A worker died, and with it the sessions whose connections it had. What they were given and never proved is pending. */
  workerGone(worker: number): void {
    this.lives.set(worker, (this.lives.get(worker) ?? 0) + 1);
    for (const account of this.cache.all()) {
      for (const session of [...account.sessions, ...account.closing]) {
        if (session.worker === worker) this.ended(account.jid.bare, worker, session.id, [], []);
      }
    }
  }

  /** Ends every session of an account. */
  endAll(bare: BareJid, reason: EndReason): void {
    for (const session of this.cache.peek(bare)?.sessions ?? []) session.port.end(reason);
  }

  /**
   * A request as the account's own client would send it, without a session of it.
   * @returns the answer, result or error, as a complete stanza
   */
  onBehalf(account: Account, stanza: Stanza): Promise<Bytes> {
    return new Promise((resolve) => {
      const port = { deliver: resolve, end: () => undefined };
      const asker = new SessionRef(account.jid, 0, -1, port, this.parts.log);
      const { jid } = account;
      this.parts.iqs.answer('account', stanza, jid, jid, account, asker, undefined, 0);
    });
  }

  private receive(
    account: Account,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const kind = kindOf(stanza.name, stanza.type);
    if (kind === undefined) {
      this.refuse(stanza, from, to, new StanzaError('bad-request'));
    } else if (stanza.name === 'message') {
      this.parts.messages.incoming(account, stanza, kind, from, to, how, debtor, n);
    } else {
      this.receiveOther(account, stanza, kind, from, to, debtor, n);
    }
  }

  private receiveOther(
    account: Account,
    stanza: Stanza,
    kind: StanzaKind,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    if (from.bare !== account.jid.bare && this.isStopped(account, stanza, from, to)) return;
    switch (actionFor(situationOf(account, to), kind)) {
      case 'answer':
        this.receiveIq(account, undefined, stanza, from, to, debtor, n);
        return;
      case 'deliver-match': {
        account.find(to.resource)?.deliver(addressed(stanza, 'c2s', from, to));
        return;
      }
      case 'deliver-available': {
        const bytes = addressed(stanza, 'c2s', from, to);
        for (const session of account.sessions) if (session.available) session.deliver(bytes);
        return;
      }
      case 'account':
        this.parts.presences.incoming(account, stanza, from, debtor, n);
        return;
      case 'refuse':
        this.refuse(stanza, from, to, new StanzaError('service-unavailable'));
        return;
      default:
    }
  }

  /** A module will not have this from somebody else. */
  private isStopped(account: Account, stanza: Stanza, from: Jid, to: Jid): boolean {
    const { gates } = this.parts;
    const isPresence = stanza.name === 'presence';
    const verdict = gates.run(isPresence ? 'presence.in' : 'iq.in', stanza, account, from, to);
    if (verdict?.error !== undefined) this.refuse(stanza, from, to, verdict.error);
    return verdict !== undefined;
  }

  /** @param session the requester, if it is a session of this very account */
  private receiveIq(
    account: Account,
    session: SessionRef | undefined,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const requester =
      session ?? (from.bare === account.jid.bare ? account.find(from.resource) : undefined);
    if (stanza.type === 'result' || stanza.type === 'error') {
      // RFC 6120 §10.3.3: responses to the server itself end here.
      this.parts.requests?.answered(requester, stanza);
      return;
    }
    this.parts.iqs.answer('account', stanza, from, to, account, requester, debtor, n);
  }

  /**
   * A stanza that a lost session never acknowledged and that is on no disk.
   * XEP-0198 §5: handled as if it had come for a resource that is gone: RFC 6121 §8.5.3.2, chat for the bare JID.
   */
  private reroute(account: Account, lost: Jid, bytes: Bytes): void {
    const stanza = this.parts.reader.read(bytes);
    const from = stanza.from === undefined ? undefined : this.parts.jids.get(stanza.from);
    if (from === undefined || stanza.name === 'presence') return;
    // XEP-0280: a copy that the server made is nobody's message; the other resources have had their own.
    if (from.full === account.jid.bare && stanza.children[0]?.ns === NS.carbons) return;
    // It was for the whole account (RFC 6121 §8.5.2.1.1): the other resources have had their own copies.
    if (stanza.to !== lost.full && account.reachable.length > 0) return;
    this.receive(account, stanza, from, lost, PLAIN, undefined, 0);
  }

  private receiveForNobody(
    stanza: Stanza,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const kind = kindOf(stanza.name, stanza.type);
    if (kind === undefined) {
      this.refuse(stanza, from, to, new StanzaError('bad-request'));
      return;
    }
    const action = actionFor('no-such-user', kind);
    if (action === 'answer' && to.resource === '') {
      // SECURITY: XEP-0030 §8: as an account answers a stranger, so that nobody learns who has one.
      this.parts.iqs.answer('account', stanza, from, to, undefined, undefined, debtor, n);
    } else if (action !== 'ignore') {
      this.refuse(stanza, from, to, new StanzaError('service-unavailable'));
    }
  }

  private refuse(stanza: Stanza, from: Jid, to: Jid, error: StanzaError): void {
    if (!mayBeRefused(stanza) || stanza.name === 'presence') return;
    this.parts.outlet.send(errorBytes(stanza, to, from, error), to, from);
  }
}

/** Presence that only an available resource could see, or a probe that only one could be answered with. */
function isForSomebodyOnly({ name, type }: Stanza): boolean {
  if (name !== 'presence') return false;
  return type === undefined || type === 'unavailable' || type === 'error' || type === 'probe';
}
