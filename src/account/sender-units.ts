// The sender's own unit (its archive row): written right behind the recipient's, in the order its sessions sent.
// `h` passes a message when that row is on disk too, or when its sender was told that there will be none.
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Debtor } from '../session/ledger.ts';
import { StorageError, type StorageFailure, type Unit } from '../storage/storage.ts';
import type { Clock, TimerHandle, Timers } from '../util/clock.ts';
import { Deque } from '../util/deque.ts';
import type { Log } from '../util/log.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';
import type { SentCopies } from './sent-copies.ts';

/** A storage that takes nothing is tried again so often, */
const RETRY_MS = 500;
/** and for so long; then the sender gets an error instead of the row. */
const GIVE_UP_MS = 30_000;
/** Messages of one account that wait. Copies of what leaves no row (who is typing) do not join a longer line. */
const MAX_FOLLOWED = 1000;

/** Goes back to the sender. */
export type Refuse = (stanza: Stanza, from: Jid, to: Jid, error: StanzaError) => void;

/** A message on its way out: it stands between what its recipient owes and the session that sent it. */
export class OwnUnit implements Settler, Debtor {
  readonly stanza: Stanza;
  readonly from: Jid;
  readonly to: Jid;
  readonly debtor: Debtor | undefined;
  readonly n: number;
  private readonly units: SenderUnits;
  /** The sender has had an error already: the message was not kept for its recipient either. */
  isRefused = false;
  /** For the other sessions of the account; they stand in their queues from the submission on. */
  copies: SentCopies | undefined = undefined;

  constructor(
    units: SenderUnits,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    debtor: Debtor | undefined,
    n: number,
  ) {
    this.units = units;
    this.stanza = stanza;
    this.from = from;
    this.to = to;
    this.debtor = debtor;
    this.n = n;
  }

  owe(n: number): void {
    this.debtor?.owe(n);
  }

  pay(n: number): void {
    this.debtor?.pay(n);
  }

  refused(): void {
    this.isRefused = true;
  }

  settled(n: number, failure: StorageFailure | undefined): void {
    try {
      this.copies?.settled(failure === undefined);
      if (failure !== undefined) this.units.notKept(this, failure);
    } finally {
      this.debtor?.pay(n);
    }
  }
}

/** A message whose recipient is owned elsewhere: our unit is submitted only when theirs is on disk. */
export class DeferredUnit extends OwnUnit {
  /** Set before it is routed; undefined: the message leaves no row, only copies wait. */
  unit: Unit | undefined;
  /** Called when nothing is owed for it any more. */
  paid: (() => void) | undefined;
  /** One for the routing itself, then one for each debt of the recipient. */
  private open = 1;

  get ready(): boolean {
    return this.open === 0;
  }

  override owe(): void {
    this.open++;
  }

  override pay(): void {
    if (--this.open === 0) this.paid?.();
  }
}

interface Line {
  readonly units: Deque<DeferredUnit>;
  /** Since when (monotonic) the first one is ready and not taken by the storage; 0: it is not so. */
  stuckSinceMs: number;
}

export interface SenderUnitsParts {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly refuse: Refuse;
}

export class SenderUnits {
  private readonly parts: SenderUnitsParts;
  /** Messages whose recipient's owner has not said done, by account, in the order sent. */
  private readonly waiting = new Map<Account, Line>();
  private readonly stuck = new Set<Account>();
  private retry: TimerHandle | undefined;

  constructor(parts: SenderUnitsParts) {
    this.parts = parts;
  }

  /** Something of this account waits: a later message must wait behind it. */
  behind(account: Account): boolean {
    return this.waiting.has(account);
  }

  /** Right behind the recipient's unit, which was just submitted here. */
  submit(account: Account, unit: Unit, own: OwnUnit): void {
    const { commits, log } = this.parts;
    const { debtor, n } = own;
    debtor?.owe(n);
    try {
      commits.submit(unit, account.owner, own, n);
      own.copies?.place();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // The worker stops: nobody is told that the message is safe, so its sender has it still.
      if (error.code === 'closed') {
        log.warn({ code: error.code }, "a sender's own copy came too late to be stored");
        return;
      }
      own.settled(n, { code: 'full', message: error.message });
    }
  }

  /** Copies of a message that leaves no row: they overtake none that was sent before it. */
  follow(account: Account, copies: SentCopies, deferred: DeferredUnit): void {
    const line = this.waiting.get(account);
    if (line === undefined) {
      copies.give();
    } else if (line.units.length < MAX_FOLLOWED) {
      deferred.copies = copies;
      deferred.pay();
      line.units.push(deferred);
    }
  }

  /** @param deferred the debtor to give to the recipient's side; to be paid once by the caller when it has routed. */
  defer(account: Account, unit: Unit, deferred: DeferredUnit): void {
    let line = this.waiting.get(account);
    if (line === undefined) {
      line = { units: new Deque(), stuckSinceMs: 0 };
      this.waiting.set(account, line);
    }
    deferred.unit = unit;
    deferred.paid = () => this.advance(account);
    deferred.debtor?.owe(deferred.n);
    line.units.push(deferred);
  }

  /** The row will not come: its sender is told, unless it knows that the message is lost altogether. */
  notKept(own: OwnUnit, failure: { readonly code: string; readonly message: string }): void {
    this.parts.log.error(
      { code: failure.code, reason: failure.message },
      "a sender's own copy could not be stored; its sender was told",
    );
    if (own.isRefused || own.debtor === undefined) return;
    const text = 'The message was passed on, but could not be kept in your own archive.';
    this.parts.refuse(
      own.stanza,
      own.from,
      own.to,
      new StanzaError('resource-constraint', 'wait', text),
    );
  }

  private advance(account: Account): void {
    const line = this.waiting.get(account);
    if (line === undefined) return;
    const { commits } = this.parts;
    for (let head = line.units.first(); head?.ready === true; head = line.units.first()) {
      if (head.unit !== undefined && !commits.takes) {
        this.wait(account, line);
        return;
      }
      line.units.shift();
      if (head.unit === undefined) {
        head.copies?.give();
        continue;
      }
      line.stuckSinceMs = 0;
      this.submit(account, head.unit, head);
      head.debtor?.pay(head.n);
    }
    this.stuck.delete(account);
    if (line.units.length === 0) this.waiting.delete(account);
  }

  /** The recipient has it, and the storage takes nothing: `h` stays back for a while, since that may pass. */
  private wait(account: Account, line: Line): void {
    if (line.stuckSinceMs === 0) line.stuckSinceMs = this.parts.clock.monotonicMs();
    this.stuck.add(account);
    this.retry ??= this.parts.timers.after(RETRY_MS, () => this.again());
  }

  private again(): void {
    this.retry = undefined;
    const nowMs = this.parts.clock.monotonicMs();
    for (const account of [...this.stuck]) {
      const line = this.waiting.get(account);
      if (line === undefined) continue;
      if (!this.parts.commits.takes && nowMs - line.stuckSinceMs >= GIVE_UP_MS) this.giveUp(line);
      this.advance(account);
    }
  }

  private giveUp(line: Line): void {
    for (let head = line.units.first(); head?.ready === true; head = line.units.first()) {
      line.units.shift();
      if (head.unit === undefined) {
        head.copies?.give();
        continue;
      }
      try {
        this.notKept(head, { code: 'full', message: 'the database takes no writes' });
      } finally {
        head.debtor?.pay(head.n);
      }
    }
    line.stuckSinceMs = 0;
  }
}
