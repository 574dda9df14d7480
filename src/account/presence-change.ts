// A subscription stanza at one account: its unit, and what follows when that is on disk.
import type { BacklogItem, SessionView } from '../host/views.ts';
import type { PresenceChange } from '../host/presence-rules.ts';
import type { Debtor } from '../session/ledger.ts';
import type { StatementId, StorageFailure, Unit, Value } from '../storage/storage.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';
import { OutLane } from './out-lane.ts';
import type { Held, SessionRef } from './session-ref.ts';

interface Place {
  readonly ref: SessionRef;
  readonly held: Held;
  readonly items: BacklogItem[];
}

export class Change implements PresenceChange, Settler {
  private readonly commits: Commits;
  private readonly log: Log;
  private readonly account: Account;
  private readonly debtor: Debtor | undefined;
  private unit: Unit | undefined;
  private runs: (() => void)[] | undefined;
  private undos: (() => void)[] | undefined;
  private readonly onward: (() => void) | undefined;
  private lane: OutLane | undefined;
  /** Where in each session's queue it belongs: presence that comes behind it does not overtake (RFC 6120 §10.1). */
  private places: Place[] | undefined;

  /** @param onward passes the stanza itself on; undefined: it came from outside */
  constructor(
    parts: { readonly commits: Commits; readonly log: Log },
    account: Account,
    debtor: Debtor | undefined,
    onward?: () => void,
  ) {
    this.commits = parts.commits;
    this.log = parts.log;
    this.account = account;
    this.debtor = debtor;
    this.onward = onward;
  }

  write(statement: StatementId, ...params: Value[]): void {
    (this.unit ??= this.commits.storage.unit()).add(statement, ...params);
  }

  committed(run: () => void): void {
    (this.runs ??= []).push(run);
  }

  failed(run: () => void): void {
    (this.undos ??= []).push(run);
  }

  deliver(session: SessionView, stanza: Bytes): void {
    const place = this.places?.find(({ ref }) => ref === session);
    if (place === undefined) session.deliver(stanza);
    else place.items.push({ stanza, reference: 0 });
  }

  forward(): void {
    if (this.onward !== undefined) this.committed(this.onward);
  }

  /** The rules have spoken. @throws StorageError: nothing is written then, and the undos have run */
  finish(n: number): void {
    if (this.unit === undefined) {
      this.run(this.runs);
      return;
    }
    try {
      this.commits.submit(this.unit, this.account.owner, this, n);
    } catch (error) {
      this.run(this.undos);
      throw error;
    }
    this.debtor?.owe(n);
    if (this.onward !== undefined) this.account.behind = this.lane = new OutLane();
    if (this.runs !== undefined) this.places = this.account.sessions.map(placeIn);
  }

  settled(n: number, failure: StorageFailure | undefined): void {
    try {
      if (failure === undefined) this.run(this.runs);
      else {
        this.log.error(
          { code: failure.code, reason: failure.message, owner: this.account.owner },
          'a subscription could not be written',
        );
        this.run(this.undos);
      }
    } finally {
      for (const { ref, held } of this.places ?? []) ref.release(held);
      this.lane?.drain(this.account);
      this.debtor?.pay(n);
    }
  }

  private run(what: (() => void)[] | undefined): void {
    for (const act of what ?? []) {
      try {
        act();
      } catch (error) {
        this.log.error({ err: error }, 'what follows a subscription threw. This is a bug.');
      }
    }
  }
}

function placeIn(ref: SessionRef): Place {
  const held = ref.hold('' as Bytes, 0);
  const items: BacklogItem[] = [];
  held.backlog = items;
  return { ref, held, items };
}
