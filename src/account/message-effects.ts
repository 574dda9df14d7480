// What the rules of one account decided about one message, as data, until the engine acts on it.
import type { Effects, Outcome, Reference, SessionView } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { StatementId, Unit, Value } from '../storage/storage.ts';
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from '../xml/bytes.ts';

import type { Child, Stanza } from '../xml/stanza.ts';
import { addressed } from '../protocol/replies.ts';
import { SessionRef } from './session-ref.ts';

const NO_TARGETS: readonly SessionRef[] = [];

export interface Copy {
  readonly session: SessionRef;
  readonly stanza: Bytes;
  /** The end of the stanza, behind the stamp. */
  readonly rest: Bytes | undefined;
}

/** Reused: the engine keeps a few and begins one for each message. */
export class MessageEffects implements Effects {
  unit: Unit;
  direction: 'in' | 'out' = 'in';
  stanza!: Stanza;
  from!: Jid;
  to!: Jid;
  session: SessionView | undefined;
  outcome: Outcome = 'deliver';
  targets: readonly SessionRef[] = NO_TARGETS;
  owed = false;
  again = false;
  reference: Reference = 0;
  commitFirst = false;
  appended: Bytes | undefined;
  copies: Copy[] | undefined;
  stamped: (() => Bytes) | undefined;
  private dropped: Child[] | undefined;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  begin(direction: 'in' | 'out', stanza: Stanza, from: Jid, to: Jid): void {
    this.direction = direction;
    this.stanza = stanza;
    this.from = from;
    this.to = to;
    this.session = undefined;
    this.outcome = 'deliver';
    this.targets = NO_TARGETS;
    this.owed = false;
    this.again = false;
    this.reference = 0;
    this.commitFirst = false;
    this.appended = undefined;
    this.copies = undefined;
    this.stamped = undefined;
    this.dropped = undefined;
    this.unit.clear();
  }

  get deliveries(): number {
    return this.targets.length + (this.copies === undefined ? 0 : this.copies.length);
  }

  drop(child: Child): void {
    (this.dropped ??= []).push(child);
  }

  append(child: Bytes): void {
    this.appended = ((this.appended ?? '') + child) as Bytes;
  }

  refer(reference: Reference, commitFirst: boolean): void {
    this.reference = reference;
    this.commitFirst ||= commitFirst;
  }

  write(statement: StatementId, ...params: Value[]): void {
    this.unit.add(statement, ...params);
  }

  copy(session: SessionView, stanza: Bytes, rest?: Bytes): void {
    if (!(session instanceof SessionRef)) throw new InvariantError('a copy for no session of ours');
    (this.copies ??= []).push({ session, stanza, rest });
  }

  stamp(child: () => Bytes): void {
    this.stamped = child;
  }

  forwarded(): Bytes {
    return addressed(this.stanza, 'forwarded', this.from, this.to, this.dropper(), this.appended);
  }

  rendered(): Bytes {
    return addressed(this.stanza, 'forwarded', this.from, this.to, this.dropper(), undefined);
  }

  /** Gives the unit away, for a submission that comes later. */
  takeUnit(replacement: Unit): Unit {
    const unit = this.unit;
    this.unit = replacement;
    return unit;
  }

  /** The copy for the targets. */
  delivered(): Bytes {
    return addressed(this.stanza, 'c2s', this.from, this.to, this.dropper(), this.appended);
  }

  /** The stanza as it goes on to the next owner: dropped children are gone for good. */
  onward(): Stanza {
    return this.dropped === undefined ? this.stanza : this.stanza.without(this.dropped);
  }

  private dropper(): ((child: Child) => boolean) | undefined {
    const dropped = this.dropped;
    return dropped === undefined ? undefined : (child) => dropped.includes(child);
  }
}
