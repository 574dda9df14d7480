// Messages at their owners: the rules of an account run, their effects become one unit and the deliveries.
// RFC 6121 §8.5 decides through router/delivery-table.ts; see docs/develop/path-of-a-message.md.
import type { HookTable } from '../host/hooks.ts';
import type { Verdict } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { actionFor, type Situation, type StanzaKind } from '../router/delivery-table.ts';
import type { Debtor } from '../session/ledger.ts';
import { StorageError, type StorageFailure } from '../storage/storage.ts';
import type { Clock, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';
import { MessageEffects } from './message-effects.ts';
import type { Outlet, Passage } from './outlet.ts';
import { errorBytes, mayBeRefused } from '../protocol/replies.ts';
import { Lanes, type Question } from './lanes.ts';
import { DeferredUnit, OwnUnit, SenderUnits } from './sender-units.ts';
import { SentCopies } from './sent-copies.ts';
import type { Held, SessionRef } from './session-ref.ts';

const NO_SESSIONS: readonly SessionRef[] = [];

const REFUSED = { code: 'resource-constraint', message: 'the database takes no writes' };

/** Where a stanza meets the sessions of its account: the row of the delivery table. */
export function situationOf(account: Account, to: Jid): Situation {
  if (to.resource === '') {
    return account.reachable.length > 0 ? 'bare-some-available' : 'bare-none-available';
  }
  if (account.find(to.resource) !== undefined) return 'full-match';
  return account.reachable.length > 0 ? 'full-gone-some-available' : 'full-gone-none-available';
}

/** A message whose unit is under way: what happens when it is on disk, and when it is not. */
class StoredMessage implements Settler {
  private readonly engine: MessageEngine;
  private readonly stanza: Stanza;
  private readonly from: Jid;
  private readonly to: Jid;
  private readonly debtor: Debtor | undefined;
  private held: { ref: SessionRef; held: Held }[] | undefined;

  constructor(
    engine: MessageEngine,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
  ) {
    this.engine = engine;
    this.stanza = stanza;
    this.from = from;
    this.to = to;
    this.debtor = debtor;
  }

  hold(ref: SessionRef, held: Held): void {
    (this.held ??= []).push({ ref, held });
  }

  settled(n: number, failure: StorageFailure | undefined): void {
    try {
      for (const { ref, held } of this.held ?? []) {
        if (failure === undefined) ref.release(held);
        else ref.drop(held);
      }
      if (failure === undefined) return;
      this.engine.notKept(this.stanza, this.from, this.to, failure);
      this.debtor?.refused?.(n);
    } finally {
      this.debtor?.pay(n);
    }
  }
}

export class MessageEngine {
  private readonly hooks: HookTable;
  private readonly commits: Commits;
  private readonly outlet: Outlet;
  private readonly log: Log;
  private readonly senderUnits: SenderUnits;
  private readonly lanes: Lanes;
  /** The module whose rule asked last for time. */
  private asking = '';
  /** Free effects: handlers may cause further messages, so there is one for each level of nesting. */
  private readonly pool: MessageEffects[] = [];

  constructor(
    hooks: HookTable,
    commits: Commits,
    outlet: Outlet,
    time: { readonly clock: Clock; readonly timers: Timers },
    log: Log,
  ) {
    const { clock, timers } = time;
    this.lanes = new Lanes(timers, log);
    this.hooks = hooks;
    this.commits = commits;
    this.outlet = outlet;
    this.log = log;
    this.senderUnits = new SenderUnits({
      commits,
      clock,
      timers,
      log,
      refuse: (stanza, from, to, error) => {
        this.refuse(stanza, from, to, error);
      },
    });
  }

  /** A message from a session of this account, on its way out. */
  outgoing(
    account: Account,
    session: SessionRef,
    stanza: Stanza,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    if (this.hooks.list('message.out').length === 0) {
      this.outlet.route(stanza, session.jid, to, how, debtor, n);
      return;
    }
    const effects = this.pool.pop() ?? new MessageEffects(this.commits.storage.unit());
    effects.begin('out', stanza, session.jid, to);
    effects.session = session;
    effects.owed = how.owed;
    effects.again = how.again;
    const verdict = this.run('message.out', stanza, account, effects);
    if (verdict?.error !== undefined && mayBeRefused(stanza)) {
      // Not by way of the router: it would come from an address that the account may not hear from (XEP-0191 §3.3).
      session.deliver(errorBytes(stanza, to, session.jid, verdict.error));
    }
    if (verdict === undefined)
      this.send(account, effects, effects.onward(), session.jid, to, how, debtor, n);
    effects.unit.clear();
    this.pool.push(effects);
  }

  /** A message for this account, from anybody. */
  incoming(
    account: Account,
    stanza: Stanza,
    kind: StanzaKind,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const joins = this.lanes.waits(account, from);
    const later = joins ? undefined : this.attempt(account, stanza, kind, from, to, how, debtor, n);
    if (!joins && later === undefined) return;
    debtor?.owe(n);
    this.lanes.add(account, from, later, {
      run: () => {
        try {
          return this.attempt(account, stanza, kind, from, to, how, debtor, n);
        } catch (error) {
          // A lane that stopped here would hold back its sender for ever.
          this.log.error({ err: error, id: stanza.id }, 'a waiting message failed. This is a bug.');
          this.refuse(stanza, from, to, new StanzaError('internal-server-error'));
          return undefined;
        }
      },
      refuse: (error) => {
        this.refuse(stanza, from, to, error);
      },
      over: () => debtor?.pay(n),
    });
  }

  /** @returns what the message must wait for, if a rule has asked for it: then nothing has been done */
  private attempt(
    account: Account,
    stanza: Stanza,
    kind: StanzaKind,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): Question | undefined {
    const effects = this.pool.pop() ?? new MessageEffects(this.commits.storage.unit());
    effects.begin('in', stanza, from, to);
    effects.owed = how.owed;
    effects.again = how.again;
    this.place(effects, account, kind, to);
    const verdict = this.run('message.in', stanza, account, effects);
    if (verdict === undefined) this.act(effects, account, stanza, from, to, debtor, n);
    else if (verdict.error !== undefined) this.refuse(stanza, from, to, verdict.error);
    effects.unit.clear();
    this.pool.push(effects);
    return verdict?.later === undefined ? undefined : { until: verdict.later, module: this.asking };
  }

  private send(
    account: Account,
    effects: MessageEffects,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    how: Passage,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const { commits, outlet, senderUnits } = this;
    if (!effects.unit.empty && !commits.takes) {
      // Before anybody has it: neither its recipient's row nor this one could be written.
      this.notKept(stanza, from, to, REFUSED);
      return;
    }
    const copies =
      effects.copies === undefined ? undefined : new SentCopies(effects.copies, effects.stamped);
    if (effects.unit.empty) {
      if (copies !== undefined) {
        const place = new DeferredUnit(senderUnits, stanza, from, to, undefined, 0);
        senderUnits.follow(account, copies, place);
      }
      outlet.route(stanza, from, to, how, debtor, n);
    } else if (outlet.isHere(to) && !senderUnits.behind(account)) {
      const own = new OwnUnit(senderUnits, stanza, from, to, debtor, n);
      own.copies = copies;
      outlet.route(stanza, from, to, how, debtor === undefined ? undefined : own, n);
      senderUnits.submit(account, effects.unit, own);
    } else {
      const deferred = new DeferredUnit(senderUnits, stanza, from, to, debtor, n);
      deferred.copies = copies;
      senderUnits.defer(account, effects.takeUnit(commits.storage.unit()), deferred);
      try {
        outlet.route(stanza, from, to, how, deferred, 0);
      } finally {
        // Also if it throws: everything that the account sends later waits behind this one.
        deferred.pay();
      }
    }
  }

  /** The storage refused or lost a unit: the sender is told, and may try again later. */
  notKept(stanza: Stanza, from: Jid, to: Jid, failure: { code: string; message: string }): void {
    this.log.error(
      { code: failure.code, reason: failure.message },
      'a message could not be stored; its sender was told',
    );
    this.refuse(
      stanza,
      from,
      to,
      new StanzaError(
        'resource-constraint',
        'wait',
        'The message could not be stored. Try again later.',
      ),
    );
  }

  /** RFC 6120 §8.3: back to the sender, unless the stanza is one that is never answered. */
  refuse(stanza: Stanza, from: Jid, to: Jid, error: StanzaError): void {
    if (!mayBeRefused(stanza)) return;
    this.outlet.send(errorBytes(stanza, to, from, error), to, from);
  }

  private place(effects: MessageEffects, account: Account, kind: StanzaKind, to: Jid): void {
    switch (actionFor(situationOf(account, to), kind)) {
      case 'deliver-non-negative':
        effects.targets = account.reachable;
        return;
      case 'deliver-match': {
        const match = account.find(to.resource);
        effects.targets = match === undefined ? NO_SESSIONS : [match];
        return;
      }
      case 'store':
        effects.outcome = 'store';
        return;
      case 'ignore':
        effects.outcome = 'ignore';
        return;
      default:
        effects.outcome = 'error';
    }
  }

  private run(
    hook: 'message.in' | 'message.out',
    stanza: Stanza,
    account: Account,
    effects: MessageEffects,
  ): Verdict {
    const mask = stanza.mask;
    for (const entry of this.hooks.list(hook)) {
      if (entry.when !== undefined && (entry.when & mask) === 0) continue;
      try {
        const verdict = entry.handler(stanza, account, effects);
        if (verdict === undefined) continue;
        if (verdict.later !== undefined) this.asking = entry.module;
        return verdict;
      } catch (error) {
        if (error instanceof StanzaError) return { stop: true, error };
        this.log.error(
          { err: error, module: entry.module, hook, id: stanza.id },
          'a handler threw: the stanza was refused, the session goes on. This is a bug of that module.',
        );
        return { stop: true, error: new StanzaError('internal-server-error') };
      }
    }
    return undefined;
  }

  private act(
    effects: MessageEffects,
    account: Account,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    if (effects.outcome === 'ignore' && effects.unit.empty) return;
    if (effects.outcome === 'error' || (effects.outcome === 'store' && effects.unit.empty)) {
      // RFC 6121 §8.5.2.2.1: neither delivered nor stored: the sender is told.
      this.refuse(stanza, from, to, new StanzaError('service-unavailable'));
      return;
    }
    if (effects.unit.empty) {
      this.deliver(effects);
      return;
    }
    const stored = new StoredMessage(this, stanza, from, to, debtor);
    try {
      this.commits.submit(effects.unit, account.owner, stored, n);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.notKept(stanza, from, to, { code: error.code, message: error.message });
      debtor?.refused?.(n);
      return;
    }
    debtor?.owe(n);
    if (effects.commitFirst) this.holdAll(effects, stored);
    else this.deliver(effects);
  }

  private deliver(effects: MessageEffects): void {
    if (effects.targets.length > 0) {
      const bytes = effects.delivered();
      for (const target of effects.targets) target.deliver(bytes, effects.reference);
    }
    for (const copy of effects.copies ?? []) copy.session.deliver(copy.stanza, effects.reference);
  }

  private holdAll(effects: MessageEffects, stored: StoredMessage): void {
    if (effects.targets.length > 0) {
      const bytes = effects.delivered();
      for (const target of effects.targets) this.holdOne(target, bytes, effects, stored);
    }
    for (const copy of effects.copies ?? [])
      this.holdOne(copy.session, copy.stanza, effects, stored);
  }

  private holdOne(
    ref: SessionRef,
    bytes: Bytes,
    effects: MessageEffects,
    stored: StoredMessage,
  ): void {
    stored.hold(ref, ref.hold(bytes, effects.reference));
  }
}
