// The closed list of hooks, each with its handler's type. Stanza hooks are synchronous by type: order depends on it.
import type { Jid } from '../protocol/jid.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { AccountView, Effects, Reference, SessionView, Verdict } from './views.ts';

/** The lowest and the highest id of what a session was given; both 0: nothing yet. */
export interface GivenRange {
  readonly from: number;
  readonly upTo: number;
}

export interface Hooks {
  /** The sender's account, before the message is routed. */
  'message.out': (stanza: Stanza, account: AccountView, effects: Effects) => Verdict;
  /** The recipient's account, after the delivery table and before anything leaves or is written. */
  'message.in': (stanza: Stanza, account: AccountView, effects: Effects) => Verdict;
  /**
   * What an account is about to tell somebody else of its presence, at its owner: directed presence, subscription stanzas
   * and a client's probe (`stanza.type` says which), a broadcast, asked once for each contact, and each answer to a probe.
   * An error is answered to `session` where it addressed `to` itself; in broadcasts and answers the contact is left out.
   * `to` of a broadcast and of a subscription stanza is bare. Not asked for the account's own addresses.
   */
  'presence.out': (
    stanza: Stanza,
    account: AccountView,
    to: Jid,
    session: SessionView | undefined,
  ) => Verdict;
  /**
   * Presence of every type from somebody else, at the recipient's owner, before subscriptions are handled and anything
   * is delivered. Whatever the verdict, nothing is answered: presence must not say who exists. Accounts that are not in
   * memory have nobody who would see available or unavailable presence, and are not asked.
   */
  'presence.in': (stanza: Stanza, account: AccountView, from: Jid, to: Jid) => Verdict;
  /** An iq of any type from a session of the account to another address; an error is answered to a request. */
  'iq.out': (stanza: Stanza, account: AccountView, to: Jid, session: SessionView) => Verdict;
  /**
   * An iq of any type from another address to the account's bare JID (before it is answered) or to one of its resources
   * (before it is delivered); an error is answered to a request.
   */
  'iq.in': (stanza: Stanza, account: AccountView, from: Jid, to: Jid) => Verdict;
  /** An account's own session sent presence (without `to`): `session` shows the state after it. */
  'presence.own': (stanza: Stanza, account: AccountView, session: SessionView) => Verdict;
  /**
   * A session came back with what it had been given before (stored over a restart, or announced to a new owner).
   * `range` spans the ids that it was ever given, where that is known: what lies outside is new to it.
   */
  'session.restored': (
    account: AccountView,
    session: SessionView,
    unproven: readonly Reference[],
    range?: GivenRange,
  ) => void;
  /** First available presence of non-negative priority of a session (XEP-0160 §3). */
  'session.available': (account: AccountView, session: SessionView) => void;
  /** A session is bound, before anything else is sent to it. */
  'session.attached': (account: AccountView, session: SessionView) => void;
  /**
   * A session is gone for good; `unproven` is what it was given and never proved, `unseen` what of that its client
   * cannot have seen, since it never was on a stream.
   */
  'session.ended': (
    account: AccountView,
    session: SessionView,
    unproven: readonly Reference[],
    unseen: readonly Reference[],
  ) => void;
  /** This worker made an account; another may own it. */
  'account.created': (jid: Jid) => void;
  /** A session proved the receipt of these. */
  'session.proven': (
    account: AccountView,
    session: SessionView,
    proven: readonly Reference[],
  ) => void;
}

export type HookName = keyof Hooks;

export interface HookOptions {
  /** Lower runs first; equal orders run by module name. Printed by the docs. */
  readonly order: number;
  /** A short reason for the place in the order, printed beside it. */
  readonly why: string;
  /** Child bits of which at least one must be set in the stanza's mask; absent: always. */
  readonly when?: number;
}

interface Registration<N extends HookName> extends HookOptions {
  readonly module: string;
  readonly handler: Hooks[N];
}

/** All registrations, compiled to one flat array a hook. */
export class HookTable {
  private readonly registrations = new Map<HookName, Registration<HookName>[]>();

  /** @returns a function that takes the registration back. */
  add<N extends HookName>(
    hook: N,
    module: string,
    options: HookOptions,
    handler: Hooks[N],
  ): () => void {
    const entry = { ...options, module, handler } as unknown as Registration<HookName>;
    const list = [...this.list(hook), entry].sort(
      (a, b) => a.order - b.order || (a.module < b.module ? -1 : 1),
    );
    this.registrations.set(hook, list);
    return () => {
      this.registrations.set(
        hook,
        this.list(hook).filter((other) => other !== entry),
      );
    };
  }

  /** In the order in which they run. The array is replaced, never changed: it may be iterated while modules come and go. */
  list<N extends HookName>(hook: N): readonly Registration<N>[] {
    return (this.registrations.get(hook) ?? NONE) as unknown as readonly Registration<N>[];
  }

  /** For the docs and `xmppd hooks`. */
  describe(): { hook: HookName; order: number; module: string; why: string }[] {
    return [...this.registrations].flatMap(([hook, list]) =>
      list.map(({ order, module, why }) => ({ hook, order, module, why })),
    );
  }
}

const NONE: readonly never[] = [];
