// A session as its account's owner holds it: addresses, presence, and the hold before its queue.
// RFC 6120 §10.1: what waits for a commit holds back everything behind it, so that nothing overtakes.
import type { BacklogItem, Reference, SessionView, Slot } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import type { SessionPort } from '../session/session-port.ts';
import { Deque } from '../util/deque.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

/** What may wait in a hold, in bytes: of stanzas that are on no disk, anybody can send more while the disk is slow. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

const NONE: readonly never[] = [];

/** A stanza that waits in a hold; `backlog` entries expand to many. */
export interface Held {
  stanza: Bytes;
  reference: Reference;
  state: 'waiting' | 'ready' | 'dropped';
  backlog?: readonly BacklogItem[];
  /** How many of these were given on. */
  poured?: number;
}

export class SessionRef implements SessionView {
  readonly jid: Jid;
  /** Number of the session on the worker that has its connection. */
  id: number;
  /** Slot of that worker. */
  worker: number;
  port: SessionPort;
  /** Names it to a returning client; empty until its stream is resumable. */
  token = '';
  private readonly log: Log;
  available = false;
  /** Sent its first available presence of non-negative priority. */
  announced = false;
  priority = 0;
  presence: Stanza | undefined = undefined;
  acknowledges = false;
  /** It has no connection, and its client may come back to it. */
  hibernates = false;
  /** When it ends: what of its unproven references never was on a stream. */
  unseen: readonly Reference[] = NONE;
  private held: Deque<Held> | undefined = undefined;
  private heldBytes = 0;
  /** Moves under way: nothing leaves meanwhile. */
  private moves = 0;
  private data: unknown[] | undefined = undefined;

  constructor(jid: Jid, id: number, worker: number, port: SessionPort, log: Log) {
    this.jid = jid;
    this.id = id;
    this.worker = worker;
    this.port = port;
    this.log = log;
  }

  slot<T>(slot: Slot<T>): T {
    const data = (this.data ??= []);
    if (data[slot.index] === undefined) data[slot.index] = slot.initial();
    return data[slot.index] as T;
  }

  setSlot<T>(slot: Slot<T>, value: T): void {
    (this.data ??= [])[slot.index] = value;
  }

  /** Its stream has XEP-0198 on. @param token empty: it cannot be resumed */
  confirms(token: string): void {
    this.acknowledges = true;
    this.token = token;
  }

  deliver(stanza: Bytes, reference: Reference = 0): void {
    if (this.held === undefined) this.port.deliver(stanza, reference);
    else this.wait({ stanza, reference, state: 'ready' });
  }

  /** Keeps a place in the queue for a stanza whose unit is not on disk yet; `release` or `drop` ends the wait. */
  hold(stanza: Bytes, reference: Reference): Held {
    const held: Held = { stanza, reference, state: 'waiting' };
    this.wait(held);
    return held;
  }

  private wait(held: Held): void {
    const isFull = this.heldBytes > MAX_HELD_BYTES;
    // The session ends; its references are still named by `abandon`, and pushed again to whoever comes next.
    if (isFull) held.stanza = '' as Bytes;
    this.heldBytes += held.stanza.length;
    (this.held ??= new Deque()).push(held);
    if (!isFull && this.heldBytes > MAX_HELD_BYTES) this.port.end('resource-constraint');
  }

  release(held: Held): void {
    held.state = 'ready';
    this.flush();
  }

  drop(held: Held): void {
    held.state = 'dropped';
    this.flush();
  }

  deliverBacklog(backlog: Promise<readonly BacklogItem[]>): void {
    const held = this.hold('' as Bytes, 0);
    held.backlog = [];
    backlog.then(
      (items) => {
        held.backlog = items;
        this.release(held);
      },
      (error: unknown) => {
        this.log.error(
          { err: error, jid: this.jid.full },
          'pending messages could not be read; they stay on disk until the next log-in',
        );
        this.drop(held);
      },
    );
  }

  /** References of all that still waits here when the session ends: it was given none of it. */
  abandon(): Reference[] {
    const waiting: Reference[] = [];
    for (const held of this.held ?? []) {
      if (held.state === 'dropped') continue;
      if (held.reference !== 0) waiting.push(held.reference);
      for (const item of held.backlog?.slice(held.poured) ?? []) {
        if (item.reference !== 0) waiting.push(item.reference);
      }
    }
    this.held = undefined;
    this.heldBytes = 0;
    return waiting;
  }

  /** Its connection is on another worker from now on. */
  move(worker: number, id: number, port: SessionPort | undefined): void {
    this.worker = worker;
    this.id = id;
    if (port !== undefined) this.port = port;
  }

  /** Values of slots that have a name: what outlives a graceful restart. */
  named(slots: readonly Slot<unknown>[]): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const slot of slots) {
      if (slot.name !== undefined && this.data?.[slot.index] !== undefined)
        values[slot.name] = this.data[slot.index];
    }
    return values;
  }

  /** It is about to move: whatever its old place were given from now on might be lost there. */
  freeze(): void {
    this.moves++;
    this.held ??= new Deque();
  }

  /** It has moved, or stays. */
  thaw(): void {
    if (this.moves > 0) this.moves--;
    this.flush();
  }

  private flush(): void {
    const queue = this.held;
    if (queue === undefined || this.moves > 0 || this.heldBytes > MAX_HELD_BYTES) return;
    for (
      let head = queue.first();
      head !== undefined && head.state !== 'waiting';
      head = queue.first()
    ) {
      if (head.backlog !== undefined && !this.pour(head, head.backlog)) return;
      queue.shift();
      this.heldBytes -= head.stanza.length;
      if (head.state === 'dropped' || head.backlog !== undefined) continue;
      this.port.deliver(head.stanza, head.reference);
      if (this.held !== queue) return;
    }
    if (queue.length === 0) this.held = undefined;
  }

  /** @returns false: the session ended over it, and `abandon` has named what was left */
  private pour(held: Held, backlog: readonly BacklogItem[]): boolean {
    if (held.state === 'dropped') return true;
    const queue = this.held;
    held.poured = 0;
    for (const item of backlog) {
      held.poured++;
      this.port.deliver(item.stanza, item.reference);
      if (this.held !== queue) return false;
    }
    return true;
  }
}
