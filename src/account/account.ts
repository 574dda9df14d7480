// An account in its owner's memory: sessions, the slots of features, and nothing that the disk could answer.
import type { AccountView, Slot } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { StatementId, Value } from '../storage/storage.ts';
import type { OutLane } from './out-lane.ts';
import type { SessionRef } from './session-ref.ts';

/** Writes rows of an account that no stanza asks for. */
export type AccountWriter = (
  account: Account,
  statement: StatementId,
  params: readonly Value[],
) => void;

export class Account implements AccountView {
  readonly jid: Jid;
  readonly owner: number;
  sessions: readonly SessionRef[] = [];
  /** Available sessions of non-negative priority, kept by `presenceChanged`: the targets of most messages. */
  reachable: readonly SessionRef[] = [];
  /** Sessions that were replaced or ended and have not reported what they never proved. */
  closing: readonly SessionRef[] = [];
  /** A subscription stanza waits for the disk: what the account sends behind it waits here. */
  behind: OutLane | undefined = undefined;
  /** Monotonic milliseconds of the last use, for the bounded cache. */
  usedAtMs = 0;
  private readonly data: unknown[] = [];
  private readonly writer: AccountWriter;

  constructor(jid: Jid, owner: number, writer: AccountWriter) {
    this.jid = jid;
    this.owner = owner;
    this.writer = writer;
  }

  get temporary(): boolean {
    return this.owner < 0;
  }

  slot<T>(slot: Slot<T>): T {
    if (this.data[slot.index] === undefined) this.data[slot.index] = slot.initial();
    return this.data[slot.index] as T;
  }

  setSlot<T>(slot: Slot<T>, value: T): void {
    this.data[slot.index] = value;
  }

  write(statement: StatementId, ...params: Value[]): void {
    this.writer(this, statement, params);
  }

  find(resource: string): SessionRef | undefined {
    for (const ref of this.sessions) if (ref.jid.resource === resource) return ref;
    return undefined;
  }

  byConnection(worker: number, id: number): SessionRef | undefined {
    const is = (ref: SessionRef): boolean => ref.worker === worker && ref.id === id;
    return this.sessions.find(is) ?? this.closing.find(is);
  }

  add(ref: SessionRef): void {
    this.sessions = [...this.sessions, ref];
    this.presenceChanged();
  }

  /** Takes a session off the list; with `keep` it stays known until it reports its end. */
  remove(ref: SessionRef, keep: boolean): void {
    this.sessions = this.sessions.filter((other) => other !== ref);
    this.closing = this.closing.filter((other) => other !== ref);
    if (keep) this.closing = [...this.closing, ref];
    this.presenceChanged();
  }

  /** To be called whenever availability or priority of a session changed. */
  presenceChanged(): void {
    this.reachable = this.sessions.filter((ref) => ref.available && ref.priority >= 0);
  }
}
