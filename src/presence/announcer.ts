// The presence of an account's sessions, told to one address: when a subscription begins or ends, and to who asks.
import type { ModuleHost } from '../host/module.ts';
import type { AccountView } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { Words } from './words.ts';

/** For features that decide who may see an account (blocking). */
export class Announcer {
  private readonly host: ModuleHost;
  private readonly words: Words;

  constructor(host: ModuleHost, words: Words) {
    this.host = host;
    this.words = words;
  }

  /**
   * The last presence of every available session; modules are asked (`presence.out`). Whether `to` has a subscription
   * is the caller's business.
   * @source RFC 6121 §3.1.5, §4.3.2
   */
  presenceTo(account: AccountView, to: Jid): void {
    for (const { available, presence, jid } of account.sessions) {
      if (!available || presence === undefined) continue;
      if (this.host.mayTell(presence, account, to)) this.host.send(presence, jid, to);
    }
  }

  /** Every available session is unavailable to `to` from now on. No module is asked. */
  unavailableTo(account: AccountView, to: Jid): void {
    for (const { available, jid } of account.sessions) {
      if (available) this.host.send(this.words.unavailable, jid, to);
    }
  }
}
