// The sender's own unit (its archive row): written right behind the recipient's, in the order its sessions sent.
import type { Debtor } from '../session/ledger.ts';
import { StorageError, type StorageFailure, type Unit } from '../storage/storage.ts';
import { Deque } from '../util/deque.ts';
import type { Log } from '../util/log.ts';
import type { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';

/** Pays a sender's number when its own unit is settled, whatever became of it. */
class OwnUnit implements Settler {
  private readonly debtor: Debtor | undefined;
  private readonly log: Log;

  constructor(debtor: Debtor | undefined, log: Log) {
    this.debtor = debtor;
    this.log = log;
  }

  settled(n: number, failure: StorageFailure | undefined): void {
    if (failure !== undefined) {
      this.log.error(
        { code: failure.code, reason: failure.message },
        "a sender's own copy could not be stored; the message itself was delivered",
      );
    }
    this.debtor?.pay(n);
  }
}

/**
 * A message whose recipient is owned elsewhere: it stands between the recipient's debts and the session,
 * and our unit is submitted only when theirs is on disk.
 */
export class DeferredUnit implements Debtor {
  readonly unit: Unit;
  readonly debtor: Debtor | undefined;
  readonly n: number;
  private readonly paid: () => void;
  /** One for the routing itself, then one for each debt of the recipient. */
  private open = 1;

  constructor(unit: Unit, debtor: Debtor | undefined, n: number, paid: () => void) {
    this.unit = unit;
    this.debtor = debtor;
    this.n = n;
    this.paid = paid;
    debtor?.owe(n);
  }

  get ready(): boolean {
    return this.open === 0;
  }

  owe(): void {
    this.open++;
  }

  pay(): void {
    if (--this.open === 0) this.paid();
  }
}

export class SenderUnits {
  private readonly commits: Commits;
  private readonly log: Log;
  /** Messages whose recipient's owner has not said done, by account, in the order sent. */
  private readonly waiting = new Map<Account, Deque<DeferredUnit>>();

  constructor(commits: Commits, log: Log) {
    this.commits = commits;
    this.log = log;
  }

  /** Something of this account waits: a later message must wait behind it. */
  behind(account: Account): boolean {
    return this.waiting.has(account);
  }

  /** Right behind the recipient's unit, which was just submitted here. */
  submit(account: Account, unit: Unit, debtor: Debtor | undefined, n: number): void {
    try {
      this.commits.submit(unit, account.owner, new OwnUnit(debtor, this.log), n);
      debtor?.owe(n);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.log.error(
        { code: error.code },
        "a sender's own copy could not be stored; the message itself was routed",
      );
    }
  }

  /** @returns the debtor to give to the recipient's side; to be paid once by the caller when it has routed. */
  defer(account: Account, unit: Unit, debtor: Debtor | undefined, n: number): DeferredUnit {
    let queue = this.waiting.get(account);
    if (queue === undefined) this.waiting.set(account, (queue = new Deque()));
    const deferred = new DeferredUnit(unit, debtor, n, () => this.advance(account));
    queue.push(deferred);
    return deferred;
  }

  private advance(account: Account): void {
    const queue = this.waiting.get(account);
    for (let head = queue?.first(); head?.ready === true; head = queue?.first()) {
      queue?.shift();
      this.submit(account, head.unit, head.debtor, head.n);
      head.debtor?.pay(head.n);
    }
    if (queue?.length === 0) this.waiting.delete(account);
  }
}
