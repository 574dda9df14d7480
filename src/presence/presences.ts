// Broadcasts, probes and directed presence: RFC 6121 §4.
import type { ModuleHost } from '../host/module.ts';
import type { Turn } from '../host/presence-rules.ts';
import type { AccountView, SessionView, Slot } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { ASKED, FROM, TO, type RosterReader } from '../roster/index.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Announcer } from './announcer.ts';
import type { PresenceLimits } from './limits.ts';
import type { Requests } from './requests.ts';
import type { Words } from './words.ts';

export interface PresencesParts {
  readonly host: ModuleHost;
  readonly contacts: RosterReader;
  readonly requests: Requests;
  readonly announcer: Announcer;
  readonly limits: PresenceLimits;
  readonly words: Words;
}

export class Presences {
  private readonly parts: PresencesParts;
  /**
   * Addresses that a session's presence went to directly and that its broadcasts do not reach; undefined for most. Kept
   * over a restart.
   */
  private readonly directedTo: Slot<string[] | undefined>;

  constructor(parts: PresencesParts) {
    this.parts = parts;
    this.directedTo = parts.host.storedSessionSlot<string[] | undefined>(
      () => undefined,
      'directed',
    );
  }

  broadcast(stanza: Stanza, account: AccountView, session: SessionView, turn: Turn): void {
    switch (turn) {
      case 'initial':
        this.arrive(stanza, account, session);
        return;
      case 'update':
        this.tellContacts(stanza, account, session);
        return;
      case 'gone':
        this.tellContacts(stanza, account, session);
        this.leave(stanza, account, session, true);
        return;
      default:
        this.leave(stanza, account, session, false);
    }
  }

  /** Directed presence is on its way out. @throws StanzaError when there is too much of it */
  directed(stanza: Stanza, account: AccountView, session: SessionView, to: Jid): void {
    if (to.bare === account.jid.bare) return;
    const known = session.slot(this.directedTo);
    if (stanza.type === 'unavailable') {
      // RFC 6121 §4.6.3: it has taken its leave there.
      if (known?.includes(to.full) !== true) return;
      const left = known.filter((address) => address !== to.full);
      session.setSlot(this.directedTo, left.length === 0 ? undefined : left);
      return;
    }
    // RFC 6121 §4.6.3: whom the broadcasts reach needs no word of its own.
    if (session.available && this.parts.contacts.seesUs(account, to.bare)) return;
    if (known === undefined) session.setSlot(this.directedTo, [to.full]);
    else if (!known.includes(to.full)) {
      if (known.length >= this.parts.limits.maxDirected) {
        throw new StanzaError('policy-violation', 'cancel', 'Presence went to too many addresses.');
      }
      known.push(to.full);
    }
  }

  /** The session's presence went there directly. */
  wentTo(session: SessionView, to: Jid): boolean {
    return session.slot(this.directedTo)?.includes(to.full) ?? false;
  }

  /** Forgets those of the addresses that its presence went to directly which fit: they are told by the caller. */
  takeDirected(session: SessionView, fits: (to: Jid) => boolean): Jid[] {
    const known = session.slot(this.directedTo);
    if (known === undefined) return [];
    const taken: Jid[] = [];
    const left = known.filter((address) => {
      const to = this.parts.host.address(address);
      if (to === undefined || !fits(to)) return true;
      taken.push(to);
      return false;
    });
    session.setSlot(this.directedTo, left.length === 0 ? undefined : left);
    return taken;
  }

  /** RFC 6121 §4.3.2 */
  probed(account: AccountView, from: Jid): void {
    const { host, contacts, announcer, words } = this.parts;
    if (contacts.seesUs(account, from.bare)) {
      // Of nobody who is on line nothing is said: no presence is unavailable presence.
      announcer.presenceTo(account, from);
      return;
    }
    // It believes in a subscription that is none: this mends it.
    // SECURITY: strangers get no answer, or they would learn who has an account; a user of ours cannot probe unless the
    // roster says so (`mayProbe`).
    if (host.hosts.includes(from.domain) && from.local !== '') {
      const bare = host.address(from.bare);
      if (bare !== undefined) host.send(words.unsubscribed, account.jid, bare);
    }
  }

  mayProbe(account: AccountView, to: Jid): boolean {
    return this.parts.contacts.weSee(account, to.bare);
  }

  /** RFC 6121 §4.2.2: to subscribers; probes to those whom the account subscribes to; what waited for somebody to come. */
  private arrive(stanza: Stanza, account: AccountView, session: SessionView): void {
    const { host, contacts, requests, words } = this.parts;
    const subscribers: Jid[] = [];
    const probed: Jid[] = [];
    const asked: Jid[] = [];
    contacts.each(account, TO | FROM | ASKED, (text, sides) => {
      const contact = host.address(text);
      if (contact === undefined) return;
      if ((sides & FROM) !== 0 && host.mayTell(stanza, account, contact)) subscribers.push(contact);
      if ((sides & TO) !== 0 && host.mayTell(words.probe, account, contact)) probed.push(contact);
      if ((sides & ASKED) !== 0) asked.push(contact);
    });
    if (subscribers.length > 0) host.fanOut(stanza, session.jid, subscribers);
    if (probed.length > 0) host.fanOut(words.probe, session.jid, probed);
    // RFC 6121 §3.1.2: asked again when the user comes, in case the request was lost.
    if (asked.length > 0 && isAlone(account, session)) {
      for (const contact of asked) {
        if (host.mayTell(words.subscribe, account, contact))
          host.send(words.subscribe, account.jid, contact);
      }
    }
    // RFC 6121 §3.1.3: until they are answered.
    for (const request of requests.stored(account)) session.deliver(request);
  }

  /** RFC 6121 §4.4.2, §4.5.2 */
  private tellContacts(stanza: Stanza, account: AccountView, session: SessionView): void {
    const { host, contacts } = this.parts;
    let subscribers: Jid[] | undefined;
    contacts.each(account, FROM, (text) => {
      const contact = host.address(text);
      if (contact !== undefined && host.mayTell(stanza, account, contact))
        (subscribers ??= []).push(contact);
    });
    if (subscribers !== undefined) host.fanOut(stanza, session.jid, subscribers);
  }

  /** RFC 6121 §4.6.3: who was told directly is told of the end too. */
  private leave(
    stanza: Stanza,
    account: AccountView,
    session: SessionView,
    contactsKnow: boolean,
  ): void {
    const { host, contacts } = this.parts;
    const addresses = session.slot(this.directedTo);
    if (addresses === undefined) return;
    session.setSlot(this.directedTo, undefined);
    for (const address of addresses) {
      const to = host.address(address);
      if (to === undefined || (contactsKnow && contacts.seesUs(account, to.bare))) continue;
      host.send(stanza, session.jid, to);
    }
  }
}

/** It is the only available resource. */
function isAlone(account: AccountView, session: SessionView): boolean {
  return account.sessions.every((other) => other === session || !other.available);
}
