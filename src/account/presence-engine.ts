// Presence among an account's own resources (RFC 6121 §4.2.2, §4.4.2, §4.5.2). Contacts are the business of presence/.
import type { HookTable } from '../host/hooks.ts';
import type { Verdict } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import type { Account } from './account.ts';
import { addressed, errorBytes } from '../protocol/replies.ts';
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

export class PresenceEngine {
  private readonly hooks: HookTable;
  private readonly log: Log;
  /** What others see of a session that went without a word. */
  private readonly unavailable: Stanza;

  constructor(hooks: HookTable, reader: StanzaReader, log: Log) {
    this.unavailable = reader.read("<presence type='unavailable'/>" as Bytes);
    this.hooks = hooks;
    this.log = log;
  }

  /** Presence without `to` from one of the account's sessions. */
  broadcast(account: Account, session: SessionRef, stanza: Stanza): void {
    if (stanza.type === 'unavailable') {
      if (!session.available) return;
      this.leave(account, session, stanza);
      return;
    }
    // RFC 6120 §8.3.1: an error is never answered with one.
    if (stanza.type === 'error') return;
    const priority = stanza.type === undefined ? priorityOf(stanza) : undefined;
    if (priority === undefined) {
      // RFC 6121 §4.7.1, §4.7.2.3: other types need an address; a priority out of range is no priority.
      session.deliver(errorBytes(stanza, account.jid, session.jid, new StanzaError('bad-request')));
      return;
    }
    const fresh = !session.available;
    session.available = true;
    session.priority = priority;
    session.presence = stanza;
    account.presenceChanged();
    this.tell(account, stanza, session);
    if (fresh) this.introduce(account, session);
    this.own(account, session, stanza);
    if (!session.announced && priority >= 0) {
      session.announced = true;
      for (const entry of this.hooks.list('session.available')) {
        this.guard(entry.module, () => {
          entry.handler(account, session);
        });
      }
    }
  }

  /** RFC 6121 §4.5.1: a session that went without saying so is unavailable all the same. */
  gone(account: Account, session: SessionRef): void {
    this.leave(account, session, this.unavailable);
  }

  /** Subscription stanzas and probes for this account. */
  incoming(account: Account, stanza: Stanza, from: Jid, to: Jid): void {
    // RFC 6121 §3.1.3, §4.3.2: without a subscription there is nothing to tell; silence gives nothing away.
    this.log.debug(
      { type: stanza.type, from: from.bare, to: to.bare, owner: account.owner },
      'presence without a subscription was ignored',
    );
  }

  private leave(account: Account, session: SessionRef, stanza: Stanza): void {
    // RFC 6121 §4.5.2: the resource that leaves gets its own unavailable presence too, if it can still hear.
    this.tell(account, stanza, session);
    session.available = false;
    session.announced = false;
    session.presence = undefined;
    session.priority = 0;
    account.presenceChanged();
    this.own(account, session, stanza);
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
    for (const entry of this.hooks.list('presence.own')) {
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
      this.log.error(
        { err: error, module },
        'a presence hook threw. This is a bug of that module.',
      );
    }
  }
}
