// Subscription stanzas at the account of either side: RFC 6121 §3, by the table of appendix A.
import type { ModuleHost } from '../host/module.ts';
import type { PresenceChange } from '../host/presence-rules.ts';
import type { AccountView } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { addressed } from '../protocol/replies.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Contact, RosterService, States } from '../roster/index.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Announcer } from './announcer.ts';
import type { PresenceLimits } from './limits.ts';
import type { Requests } from './requests.ts';
import {
  cellFor,
  SIDES,
  stateOf,
  type Cell,
  type Direction,
  type SubscriptionType,
} from './subscription-table.ts';
import type { Words } from './words.ts';

interface Step {
  readonly cell: Cell;
  readonly was: States;
  readonly next: States;
  /** A request of theirs is left. */
  readonly asks: boolean;
}

export interface SubscriptionParts {
  readonly host: ModuleHost;
  readonly roster: RosterService;
  readonly requests: Requests;
  readonly announcer: Announcer;
  readonly limits: PresenceLimits;
  readonly words: Words;
}

export class Subscriptions {
  private readonly parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.parts = parts;
  }

  /** From one of the account's clients. @throws StanzaError */
  outgoing(stanza: Stanza, account: AccountView, to: Jid, change: PresenceChange): void {
    // Whoever gets it must be able to keep it whole (§3.1.3).
    if (stanza.content.length > this.parts.limits.maxRequestBytes) {
      throw new StanzaError('policy-violation', 'modify', 'The request is too large.');
    }
    const step = this.step('out', stanza, account, to);
    if (step.cell.passes) change.forward();
    this.apply(step, account, to, change);
    this.announce(step, account, to, change);
  }

  /** From the contact. */
  incoming(stanza: Stanza, account: AccountView, from: Jid, change: PresenceChange): void {
    const { host, roster, words, announcer } = this.parts;
    const step = this.step('in', stanza, account, from);
    if (stanza.type === 'subscribe' && step.cell.passes) {
      this.ask(stanza, account, from, change);
      return;
    }
    if (step.cell.passes) {
      const bytes = addressed(stanza, 'c2s', from, account.jid);
      change.committed(() => {
        // §3.1.6, §3.2.3, §3.3.3: to interested resources, before the push.
        for (const session of roster.interestedOf(account)) change.deliver(session, bytes);
      });
    }
    if (step.cell.also === 'answer') {
      change.committed(() => {
        host.send(words.subscribed, account.jid, from);
      });
    }
    this.apply(step, account, from, change);
    if (step.cell.also === 'answer') {
      // Who asks for what was granted has lost it, and with it what it knew of us.
      change.committed(() => {
        announcer.presenceTo(account, from);
      });
    } else this.announce(step, account, from, change);
  }

  /**
   * An owner removes a contact.
   * @returns runs when the removal is on disk
   * @source RFC 6121 §2.5.2
   */
  removing(
    account: AccountView,
    was: Contact,
    contact: Jid,
    write: PresenceChange['write'],
  ): () => void {
    const { host, requests, words, announcer } = this.parts;
    const asks = requests.has(account, was.jid);
    const answered = asks ? requests.removeLater(account, was.jid, write) : undefined;
    return () => {
      answered?.();
      const { subscription, ask } = was;
      if (subscription === 'to' || subscription === 'both' || ask)
        host.send(words.unsubscribe, account.jid, contact);
      const saw = subscription === 'from' || subscription === 'both';
      if (saw || asks) host.send(words.unsubscribed, account.jid, contact);
      if (saw) announcer.unavailableTo(account, contact);
    };
  }

  private step(direction: Direction, stanza: Stanza, account: AccountView, contact: Jid): Step {
    const { roster, requests } = this.parts;
    const was = roster.latest(account, contact.bare);
    const asks = requests.has(account, contact.bare);
    const state = stateOf({ subscription: was.subscription, ask: was.ask, asks });
    const cell = cellFor(direction, stanza.type as SubscriptionType, state, was.approved);
    const { subscription, ask, asks: asksNow } = SIDES[cell.next];
    const approved = cell.also === 'approve' || (cell.also !== 'withdraw' && was.approved);
    return { cell, was, next: { subscription, ask, approved }, asks: asksNow };
  }

  /** Brings roster and requests into the next state. */
  private apply(
    { was, next, asks }: Step,
    account: AccountView,
    contact: Jid,
    change: PresenceChange,
  ): void {
    const { roster, requests } = this.parts;
    const jid = contact.bare;
    const write = change.write.bind(change);
    if (!isSame(was, next)) {
      const edit = roster.changeStates(account, jid, next, write);
      change.committed(() => {
        roster.commit(account, edit, (session, push) => {
          change.deliver(session, push);
        });
      });
    }
    if (!asks) change.failed(requests.remove(account, jid, write));
  }

  /** Who may see the account from now on is told what there is to see, who may not any more that it is gone. */
  private announce(
    { was, next }: Step,
    account: AccountView,
    contact: Jid,
    change: PresenceChange,
  ): void {
    const { announcer } = this.parts;
    if (sees(was) === sees(next)) return;
    change.committed(() => {
      // §3.1.5; §3.2.2, §3.3.3
      if (sees(next)) announcer.presenceTo(account, contact);
      else announcer.unavailableTo(account, contact);
    });
  }

  /** §3.1.3: a request is kept until it is answered; who is available sees it now, the others when they come. */
  private ask(stanza: Stanza, account: AccountView, from: Jid, change: PresenceChange): void {
    const { host, requests, limits } = this.parts;
    if (requests.count(account) >= limits.maxRequests) {
      // SECURITY: strangers decide how many there are. Whoever is left out may ask again.
      host.log.debug({ owner: account.owner }, 'too many requests wait; one was dropped');
      return;
    }
    const isTooLarge = stanza.content.length > limits.maxRequestBytes;
    const kept = isTooLarge ? this.parts.words.subscribe : stanza;
    const bytes = addressed(kept, 'c2s', from, account.jid);
    const request = requests.keep(account, from.bare, bytes, change.write.bind(change));
    change.committed(() => {
      request.settle(true);
      for (const session of account.sessions) if (session.available) change.deliver(session, bytes);
    });
    change.failed(() => {
      request.settle(false);
    });
  }
}

function isSame(a: States, b: States): boolean {
  return a.subscription === b.subscription && a.ask === b.ask && a.approved === b.approved;
}

/** The contact may see the account. */
function sees({ subscription }: States): boolean {
  return subscription === 'from' || subscription === 'both';
}
