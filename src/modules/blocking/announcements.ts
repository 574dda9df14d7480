// What a contact sees of a user who blocks or unblocks him: XEP-0191 (1.3) §3.3, §3.4. He appears to go off line and come back.
import type { ModuleHost } from '../../host/module.ts';
import type { AccountView } from '../../host/views.ts';
import { parseJid, type Jid } from '../../protocol/jid.ts';
import { FROM, rosterReader, type RosterReader } from '../../roster/index.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';

export class Announcements {
  private readonly host: ModuleHost;
  private readonly roster: RosterReader;
  private readonly unavailable: Stanza;

  constructor(host: ModuleHost) {
    this.host = host;
    this.roster = rosterReader(host);
    const reader = new StanzaReader(host.xml);
    this.unavailable = reader.read("<presence type='unavailable'/>" as Bytes);
  }

  /** The address is blocked now. */
  gone(account: AccountView, blocked: string): void {
    if (account.sessions.length === 0) return;
    for (const to of this.whoSees(account, parseJid(blocked))) {
      for (const session of account.sessions)
        if (session.available) this.host.send(this.unavailable, session.jid, to);
    }
  }

  /** The address is no longer blocked; another entry may still stand for it. */
  back(account: AccountView, freed: string): void {
    if (account.sessions.length === 0) return;
    for (const to of this.whoSees(account, parseJid(freed))) {
      for (const { presence, jid } of account.sessions) {
        if (presence !== undefined && this.host.mayTell(presence, account, to))
          this.host.send(presence, jid, to);
      }
    }
  }

  /** Of those that an entry stands for, the ones that may see the account's presence. */
  private whoSees(account: AccountView, entry: Jid): Jid[] {
    if (entry.local !== '') return this.roster.seesUs(account, entry.bare) ? [entry] : [];
    const found: Jid[] = [];
    this.roster.each(account, FROM, (bare) => {
      const contact = this.host.address(bare);
      if (contact?.domain === entry.domain) found.push(contact);
    });
    return entry.resource === '' ? found : [];
  }
}
