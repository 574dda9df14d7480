// One question for each stanza: who owns its destination? RFC 6120 §10, RFC 6121 §8.
import type { Accounts } from '../account/accounts.ts';
import type { IqEngine } from '../account/iq-engine.ts';
import { Copies } from '../account/copies.ts';
import { PLAIN, type Outlet, type Passage } from '../account/outlet.ts';
import type { Placement, WorkerId } from '../placement/placement.ts';
import type { Jid } from '../protocol/jid.ts';
import { errorBytes, mayBeRefused } from '../protocol/replies.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Debtor } from '../session/ledger.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';

/** Owners on other workers. */
export interface Elsewhere {
  forward(
    worker: WorkerId,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void;
  fanOut(worker: WorkerId, stanza: Stanza, from: Jid, to: readonly Jid[]): void;
}

export interface RouterParts {
  readonly placement: Placement;
  readonly hosts: ReadonlySet<string>;
  readonly elsewhere: Elsewhere;
  readonly reader: StanzaReader;
  /** Whether an administrator lets stanzas go to this address of another server; absent: to any. */
  readonly permits?: (to: Jid) => boolean;
}

export class Router implements Outlet {
  private readonly parts: RouterParts;
  private accounts!: Accounts;
  private iqs!: IqEngine;

  constructor(parts: RouterParts) {
    this.parts = parts;
  }

  /** Accounts and iq answers need the router to exist first; called once at boot. */
  connect(accounts: Accounts, iqs: IqEngine): void {
    this.accounts = accounts;
    this.iqs = iqs;
  }

  send(stanza: Bytes, from: Jid, to: Jid): void {
    this.route(this.parts.reader.read(stanza), from, to, PLAIN, undefined, 0);
  }

  fanOut(stanza: Stanza, from: Jid, to: readonly Jid[]): void {
    const { placement, hosts, elsewhere } = this.parts;
    const copies = new Copies(stanza, from);
    let away: Map<WorkerId, Jid[]> | undefined;
    for (const jid of to) {
      if (jid.local === '' || !hosts.has(jid.domain)) {
        this.route(stanza, from, jid, PLAIN, undefined, 0);
        continue;
      }
      const owner = placement.locate(jid.bare);
      if (owner === 'here') {
        this.accounts.hear(copies, jid);
        continue;
      }
      away ??= new Map();
      const there = away.get(owner);
      if (there === undefined) away.set(owner, [jid]);
      else there.push(jid);
    }
    if (away === undefined) return;
    for (const [worker, there] of away) elsewhere.fanOut(worker, stanza, from, there);
  }

  isHere(to: Jid): boolean {
    return to.local === '' || this.parts.placement.locate(to.bare) === 'here';
  }

  route(
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    if (!this.parts.hosts.has(to.domain)) {
      // RFC 6120 §10.4: another domain; there is no way to it, or an administrator has closed it.
      const isClosed = this.parts.permits?.(to) === false;
      const condition = isClosed ? 'not-allowed' : 'remote-server-not-found';
      this.refuse(stanza, from, to, new StanzaError(condition));
      return;
    }
    if (to.local === '') {
      this.toHost(stanza, from, to, debtor, n);
      return;
    }
    const owner = this.parts.placement.locate(to.bare);
    if (owner === 'here') this.accounts.incoming(stanza, from, to, how, debtor, n);
    else this.parts.elsewhere.forward(owner, stanza, from, to, how, debtor, n);
  }

  /** RFC 6120 §10.5.1, RFC 6121 §8.4: the server itself is addressed. */
  private toHost(stanza: Stanza, from: Jid, to: Jid, debtor: Debtor | undefined, n: number): void {
    if (
      stanza.name === 'iq' &&
      (stanza.type === 'get' || stanza.type === 'set') &&
      to.resource === ''
    ) {
      const requester = this.accounts.cache.peek(from.bare)?.find(from.resource);
      this.iqs.answer('host', stanza, from, to, undefined, requester, debtor, n);
    } else if (stanza.name !== 'presence') {
      this.refuse(stanza, from, to, new StanzaError('service-unavailable'));
    }
  }

  private refuse(stanza: Stanza, from: Jid, to: Jid, error: StanzaError): void {
    // RFC 6120 §8.3.1; an address of ours that sent an error gets none back, nor does one that takes its leave.
    if (!mayBeRefused(stanza) || (stanza.name === 'presence' && stanza.type === 'unavailable'))
      return;
    this.send(errorBytes(stanza, to, from, error), to, from);
  }
}
