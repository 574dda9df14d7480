// What an address sees of a user who blocks or unblocks it: XEP-0191 (1.3) §3.3, §3.4. He appears to go off line and come back.
import type { ModuleHost } from '../../host/module.ts';
import type { AccountView } from '../../host/views.ts';
import { parseJid, type Jid } from '../../protocol/jid.ts';
import {
  announcer,
  presenceReader,
  type Announcer,
  type PresenceReader,
} from '../../presence/index.ts';
import { FROM, rosterReader, TO, type RosterReader } from '../../roster/index.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';
import { Blocklist } from './blocklist.ts';

export class Announcements {
  private readonly host: ModuleHost;
  private readonly contacts: RosterReader;
  private readonly announcer: Announcer;
  private readonly directed: PresenceReader;
  private readonly unavailable: Stanza;
  private readonly probe: Stanza;

  constructor(host: ModuleHost) {
    this.host = host;
    this.contacts = rosterReader(host);
    this.announcer = announcer(host);
    this.directed = presenceReader(host);
    const reader = new StanzaReader(host.xml);
    this.unavailable = reader.read("<presence type='unavailable'/>" as Bytes);
    this.probe = reader.read("<presence type='probe'/>" as Bytes);
  }

  /** The address is blocked now. Not by way of the gates: those are closed already. */
  gone(account: AccountView, blocked: string): void {
    if (account.sessions.length === 0) return;
    for (const to of this.fitting(account, blocked, FROM))
      this.announcer.unavailableTo(account, to);
    // RFC 6121 §4.6.3: who had presence directly was to be told of its end; nobody else does that now.
    const entry = new Blocklist([blocked]);
    for (const session of account.sessions) {
      for (const to of this.directed.takeDirected(session, (jid) => entry.has(jid))) {
        if (!session.available || !this.contacts.seesUs(account, to.bare))
          this.host.send(this.unavailable, session.jid, to);
      }
    }
  }

  /** The address is no longer blocked; another entry may still stand for it, which the gates know. */
  back(account: AccountView, freed: string): void {
    if (!account.sessions.some(({ available }) => available)) return;
    for (const to of this.fitting(account, freed, FROM)) this.announcer.presenceTo(account, to);
    // What was said meanwhile was not heard: RFC 6121 §4.3.1.
    for (const to of this.fitting(account, freed, TO)) {
      if (this.host.mayTell(this.probe, account, to)) this.host.send(this.probe, account.jid, to);
    }
  }

  /** Of those that an entry stands for, the contacts whose subscription has this side. */
  private fitting(account: AccountView, entry: string, side: typeof FROM | typeof TO): Jid[] {
    const jid = parseJid(entry);
    const found: Jid[] = [];
    if (jid.local !== '') {
      const { contacts } = this;
      const has =
        side === FROM ? contacts.seesUs(account, jid.bare) : contacts.weSee(account, jid.bare);
      return has ? [jid] : found;
    }
    if (jid.resource !== '') return found;
    this.contacts.each(account, side, (bare) => {
      const contact = this.host.address(bare);
      if (contact?.domain === jid.domain) found.push(contact);
    });
    return found;
  }
}
