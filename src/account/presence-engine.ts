// Presence at its account's owner: own resources (RFC 6121 §4.2.2, §4.4.2, §4.5.2), the gates of modules, and the
// state of each session. Who else is told is the business of presence/, through PresenceRules.
import type { HookTable } from '../host/hooks.ts';
import type { PresenceRules, Turn } from '../host/presence-rules.ts';
import type { Verdict } from '../host/views.ts';
import { makeJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { kindOf } from '../router/delivery-table.ts';
import type { Debtor } from '../session/ledger.ts';
import { StorageError } from '../storage/storage.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import type { Account } from './account.ts';
import type { Commits } from './commits.ts';
import type { Gates } from './gates.ts';
import type { Outlet, Passage } from './outlet.ts';
import { Change } from './presence-change.ts';
import { addressed, errorBytes } from '../protocol/replies.ts';
import { withKeptCaps } from './kept-caps.ts';
import type { SessionRef } from './session-ref.ts';

const PRIORITY = /^[ \t\r\n]*([+-]?[0-9]{1,3})[ \t\r\n]*$/;

/** RFC 6121 §4.7.2.3: an integer from -128 to 127, 0 if there is none. @returns undefined when it is neither. */
export function priorityOf(stanza: Stanza): number | undefined {
  const child = stanza.child('priority', NS.client);
  if (child === undefined) return 0;
  const match = PRIORITY.exec(stanza.childText(child));
  const value = Number(match?.[1] ?? NaN);
  return value >= -128 && value <= 127 ? value : undefined;
}

/** RFC 6121 §4.7.2.1: one of four words. An empty element says nothing, as some clients write it. */
function hasValidShow(stanza: Stanza): boolean {
  const child = stanza.child('show', NS.client);
  return child === undefined || SHOWS.has(stanza.childText(child).trim());
}

const SHOWS: ReadonlySet<string> = new Set(['', 'away', 'chat', 'dnd', 'xa']);

export interface PresenceParts {
  readonly hooks: HookTable;
  readonly gates: Gates;
  readonly commits: Commits;
  readonly outlet: Outlet;
  readonly reader: StanzaReader;
  readonly log: Log;
  /** Undefined: no module keeps contacts. */
  readonly rules: () => PresenceRules | undefined;
}

export class PresenceEngine {
  private readonly parts: PresenceParts;
  /** What others see of a session that went without a word. */
  private readonly unavailable: Stanza;

  constructor(parts: PresenceParts) {
    this.parts = parts;
    this.unavailable = parts.reader.read("<presence type='unavailable'/>" as Bytes);
  }

  /** Presence from one of the account's sessions; `to` is undefined when the client wrote none. */
  outgoing(
    account: Account,
    session: SessionRef,
    stanza: Stanza,
    to: Jid | undefined,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    try {
      if (to === undefined) this.broadcast(account, session, stanza);
      else this.direct(account, session, stanza, to, how, debtor, n);
    } catch (error) {
      this.refuse(stanza, to ?? account.jid, session, error);
    }
  }

  /** Of a session that went without saying so, others are told all the same. RFC 6121 §4.5.1 */
  gone(account: Account, session: SessionRef): void {
    this.leave(account, session, this.unavailable);
  }

  /** Subscription stanzas and probes for this account, from somebody else or its own resources. */
  incoming(
    account: Account,
    stanza: Stanza,
    from: Jid,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const rules = this.parts.rules();
    if (rules === undefined) return;
    if (stanza.type === 'probe') {
      rules.probed(account, from);
      return;
    }
    // RFC 6121 §3: nobody subscribes to oneself.
    if (from.bare === account.jid.bare) return;
    const change = new Change(this.parts, account, debtor);
    try {
      rules.incoming(stanza, account, bareOf(from), change);
      change.finish(n);
    } catch (error) {
      // Its sender may try again; an error would say that there is such an account.
      this.parts.log.error({ err: error, type: stanza.type }, 'a subscription was not taken');
    }
  }

  /** @throws StanzaError */
  private direct(
    account: Account,
    session: SessionRef,
    stanza: Stanza,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const { gates, outlet } = this.parts;
    const rules = this.parts.rules();
    const kind = kindOf('presence', stanza.type);
    // RFC 6121 §4.7.1: there are no other types.
    if (kind === undefined) throw new StanzaError('bad-request');
    const isSubscription = kind === 'presence-subscribe' || kind === 'presence-subscription';
    const target = isSubscription ? bareOf(to) : to;
    if (to.bare !== account.jid.bare) {
      const verdict = gates.run('presence.out', stanza, account, target, session);
      if (verdict?.error !== undefined) throw verdict.error;
      if (verdict !== undefined) return;
    }
    if (isSubscription) {
      if (rules === undefined) throw new StanzaError('service-unavailable');
      // RFC 6121 §3: a subscription is between two.
      if (to.bare === account.jid.bare) throw new StanzaError('not-allowed');
      // RFC 6121 §3.1.2: from bare JID to bare JID.
      const change = new Change(this.parts, account, debtor, () => {
        outlet.route(stanza, account.jid, target, how, debtor, n);
      });
      rules.outgoing(stanza, account, target, session, change);
      change.finish(n);
      return;
    }
    if (kind === 'presence-probe') {
      // RFC 6121 §4.3.1: servers probe. A client may too, where it would be answered.
      if (rules?.mayProbe(account, to) !== true) return;
    } else if (kind !== 'presence-error') rules?.directed(stanza, account, session, to);
    outlet.route(stanza, session.jid, to, how, debtor, n);
  }

  /** Presence without `to`. @throws StanzaError */
  private broadcast(account: Account, session: SessionRef, stanza: Stanza): void {
    // What waited behind a commit may come when its session is gone.
    if (!account.sessions.includes(session)) return;
    if (stanza.type === 'unavailable') {
      this.leave(account, session, stanza);
      return;
    }
    // RFC 6120 §8.3.1: an error is never answered with one.
    if (stanza.type === 'error') return;
    const priority = stanza.type === undefined ? priorityOf(stanza) : undefined;
    if (priority === undefined || !hasValidShow(stanza)) {
      // RFC 6121 §4.7.1, §4.7.2: other types need an address; a priority out of range is no priority.
      throw new StanzaError('bad-request');
    }
    const fresh = !session.available;
    session.available = true;
    session.priority = priority;
    session.presence = withKeptCaps(session.presence, stanza, this.parts.reader);
    account.presenceChanged();
    this.tell(account, stanza, session);
    if (fresh) this.introduce(account, session);
    this.told(account, session, stanza, fresh ? 'initial' : 'update');
    if (!session.announced && priority >= 0) {
      session.announced = true;
      for (const entry of this.parts.hooks.list('session.available')) {
        this.guard(entry.module, () => {
          entry.handler(account, session);
        });
      }
    }
  }

  private leave(account: Account, session: SessionRef, stanza: Stanza): void {
    const wasAvailable = session.available;
    // RFC 6121 §4.5.2: the resource that leaves gets its own unavailable presence too, if it can still hear.
    if (wasAvailable) this.tell(account, stanza, session);
    session.available = false;
    session.announced = false;
    session.presence = undefined;
    session.priority = 0;
    if (wasAvailable) account.presenceChanged();
    // RFC 6121 §4.6.3: whoever had directed presence only is told too.
    this.told(account, session, stanza, wasAvailable ? 'gone' : 'silent');
  }

  private told(account: Account, session: SessionRef, stanza: Stanza, turn: Turn): void {
    const rules = this.parts.rules();
    if (rules !== undefined) {
      this.guard('presence', () => {
        rules.broadcast(stanza, account, session, turn);
      });
    }
    if (turn !== 'silent') this.own(account, session, stanza);
  }

  /** An error that says what is wrong with what a session sent; a stanza of type error gets none. */
  private refuse(stanza: Stanza, to: Jid, session: SessionRef, error: unknown): void {
    let answer: StanzaError;
    if (error instanceof StanzaError) answer = error;
    else if (error instanceof StorageError) answer = new StanzaError('resource-constraint', 'wait');
    else throw error;
    if (stanza.type === 'error') return;
    session.deliver(errorBytes(stanza, to, session.jid, answer));
  }

  /** RFC 6121 §4.2.2: to all of the user's available resources, the sender included. */
  private tell(account: Account, stanza: Stanza, session: SessionRef): void {
    let bytes: Bytes | undefined;
    for (const other of account.sessions) {
      if (!other.available) continue;
      bytes ??= addressed(stanza, 'c2s', session.jid, account.jid);
      other.deliver(bytes);
    }
  }

  /** The presence of the user's other resources, for one that has just come. */
  private introduce(account: Account, session: SessionRef): void {
    for (const other of account.sessions) {
      if (other === session || !other.available || other.presence === undefined) continue;
      session.deliver(addressed(other.presence, 'c2s', other.jid, account.jid));
    }
  }

  private own(account: Account, session: SessionRef, stanza: Stanza): void {
    for (const entry of this.parts.hooks.list('presence.own')) {
      let verdict: Verdict;
      this.guard(entry.module, () => {
        verdict = entry.handler(stanza, account, session);
      });
      if (verdict !== undefined) return;
    }
  }

  private guard(module: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.parts.log.error(
        { err: error, module },
        'a presence hook threw. This is a bug of that module.',
      );
    }
  }
}

function bareOf(jid: Jid): Jid {
  return jid.resource === '' ? jid : makeJid(jid.local, jid.domain, '');
}
