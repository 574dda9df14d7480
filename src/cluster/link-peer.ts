// One link's state, without I/O: numbering, done, again, parking, announcement. The transport fills it and drains it.
import type { WorkerId } from '../placement/placement.ts';
import type { TimerHandle, Timers } from '../util/clock.ts';
import type { Bytes } from '../xml/bytes.ts';
import { Inbox } from './inbox.ts';
import { type FrameNo, LAZY_DONE_MS, type LinkHandler } from './link.ts';
import type { Hello, LinkSink } from './link-sink.ts';
import { Outbox } from './outbox.ts';
import { PATIENCE_MS } from './probation.ts';

/** Bounds of one link. */
export interface LinkLimits {
  /** Bytes kept for a slot, sent or parked, at which `room` is 0; twice as much is taken before frames are dropped. */
  readonly maxBytes: number;
  /** The same in frames: the window from the oldest frame not done to the newest. */
  readonly maxFrames: number;
  /** How long frames wait for a slot without a ready process. */
  readonly parkMs: number;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  maxBytes: 16 * 1024 * 1024,
  maxFrames: 65_536,
  parkMs: 5_000,
};

/** So many frames, or bytes of them, that a lazy done keeps at their sender: a small part of what `LinkLimits` allows. */
const LAZY_FRAMES = 256;
const LAZY_BYTES = 128 * 1024;

/** What a link needs of the worker it belongs to. */
export interface LinkHost {
  readonly self: WorkerId;
  readonly epoch: number;
  readonly handler: LinkHandler;
  readonly limits: LinkLimits;
  readonly timers: Timers;
  /** This worker owns its addresses. */
  readonly ready: boolean;
  /** Whoever leaves, or waits for others to leave, is told of everything at once. */
  readonly closing: boolean;
  /** Something waits for `collect`, or a turn of the state (dropped frames, readiness) is due. */
  wake(peer: LinkPeer): void;
  /** The process at the other end is gone: its connection is closed at once and nothing more of it is passed on. */
  hangUp(peer: LinkPeer): void;
  /** Something changed that readiness or a close may wait for. */
  changed(): void;
}

/** Everything between this worker and the processes of one other slot. As a sink it takes what the other side says. */
export class LinkPeer implements LinkSink {
  readonly slot: WorkerId;
  readonly #host: LinkHost;
  readonly #outbox = new Outbox();
  readonly #inbox = new Inbox();
  #dropped: { readonly no: FrameNo; readonly payload: Bytes }[] = [];
  #epoch = 0;
  #up = false;
  #connected = false;
  /** The handler was told of this epoch's process. */
  #met = false;
  /** That process has said all it holds of our addresses. */
  #heard = false;
  /** That process owns its addresses. */
  #theirsReady = false;
  /** That process said bye: frames wait for its successor. */
  #leaving = false;
  #owesAnnouncement = false;
  #owesReady = false;
  #owesBye = false;
  #owesByeOk = false;
  #byeOk = false;
  #awake = false;
  #parkTimer: TimerHandle | undefined;
  #probationTimer: TimerHandle | undefined;
  /** Runs while a lazy done waits; it is not set back by others. */
  #tellTimer: TimerHandle | undefined;
  /** Received since the last done was told. */
  #untoldFrames = 0;
  #untoldBytes = 0;
  /** Parked too long: frames are dropped at once until the slot has a ready process. */
  #expired = false;

  constructor(host: LinkHost, slot: WorkerId) {
    this.#host = host;
    this.slot = slot;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get up(): boolean {
    return this.#up;
  }

  get heard(): boolean {
    return this.#heard;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Nothing that was sent or can be sent waits for a done. */
  get sentIsDone(): boolean {
    return this.#dropped.length === 0 && (this.#sendable() ? this.#outbox.empty : this.#settled());
  }

  /** Every frame received is settled and the sender has been told. */
  get receivedIsSettled(): boolean {
    return !this.#connected || (this.#inbox.unsettled === 0 && !this.#inbox.dirty);
  }

  /** The bye was answered, or there is nobody to answer it. */
  get saidBye(): boolean {
    return !this.#connected || this.#byeOk;
  }

  // ---- what the worker does ----

  send(payload: Bytes): FrameNo {
    const { maxBytes, maxFrames } = this.#host.limits;
    if (
      this.#expired ||
      this.#outbox.bytes + payload.length > maxBytes * 2 ||
      this.#outbox.span >= maxFrames * 2
    ) {
      const no = this.#outbox.skip();
      // Asked for even if the peer is awake: a blocked connection may not collect for long.
      if (this.#dropped.push({ no, payload }) === 1) this.#host.wake(this);
      return no;
    }
    if (this.#sendable()) this.#wake();
    return this.#outbox.add(payload);
  }

  settle(no: FrameNo, unasked = false): void {
    if (!this.#inbox.settle(no)) return;
    const isFull = this.#untoldFrames >= LAZY_FRAMES || this.#untoldBytes >= LAZY_BYTES;
    if (unasked && !isFull && !this.#host.closing) this.#tellSoon();
    else this.#wake();
  }

  /** What is settled is told now. */
  tellNow(): void {
    if (this.#inbox.dirty) this.#wake();
  }

  room(): number {
    const { maxBytes, maxFrames } = this.#host.limits;
    if (this.#outbox.span >= maxFrames) return 0;
    return Math.max(0, maxBytes - this.#outbox.bytes);
  }

  // ---- what the supervisor says ----

  /** A process with this epoch fills the slot. */
  start(epoch: number): void {
    if (epoch <= this.#epoch) return;
    if (this.#up) this.stop(this.#epoch);
    this.#epoch = epoch;
    this.#up = true;
    this.#heard = false;
    this.#inbox.reset();
    this.#outbox.restart();
    this.#park();
  }

  /** The process with this epoch is gone. */
  stop(epoch: number): void {
    if (epoch > this.#epoch) this.start(epoch);
    if (epoch !== this.#epoch || !this.#up) return;
    this.#up = false;
    this.#connected = false;
    this.#host.hangUp(this);
    this.#theirsReady = false;
    // One that was leaving was ended by others.
    const culprit = this.#leaving ? undefined : this.#outbox.died();
    this.#leaving = false;
    this.#park();
    const met = this.#met;
    this.#met = false;
    if (met) this.#host.handler.onPeer(this.slot, 'down', epoch);
    if (culprit !== undefined) this.#host.handler.onPoison(this.slot, culprit.no, culprit.payload);
    this.#host.changed();
  }

  // ---- what the transport says ----

  /** What this side says first on a connection. */
  hello(): Hello {
    return {
      slot: this.#host.self,
      epoch: this.#host.epoch,
      received: this.#inbox.received,
      toEpoch: this.#epoch,
      announced: this.#heard,
      ready: this.#host.ready,
    };
  }

  /** @returns false when the connection is to be closed: the peer is a process known to be gone, or takes us for one */
  connect(hello: Hello): boolean {
    if (hello.epoch > this.#epoch) this.start(hello.epoch);
    if (hello.epoch !== this.#epoch || !this.#up || hello.toEpoch > this.#host.epoch) return false;
    // What the peer knows of an earlier process in our slot says nothing about us.
    const knowsUs = hello.toEpoch === this.#host.epoch;
    this.#connected = true;
    this.#outbox.resume(knowsUs ? hello.received : 0);
    this.#inbox.retell();
    this.#owesAnnouncement = !(knowsUs && hello.announced);
    // Our own hello may have left before we became ready.
    this.#owesReady = this.#host.ready;
    this.#byeOk = false;
    if (!this.#met) {
      this.#met = true;
      this.#host.handler.onPeer(this.slot, 'up', this.#epoch);
    }
    if (hello.ready) this.ready();
    this.#wake();
    this.#host.changed();
    return true;
  }

  /** The connection is gone; the process may live. */
  disconnected(): void {
    this.#connected = false;
    this.#host.changed();
  }

  /** Says what is to be said on the connection, until about `maxBytes` of frames. @returns whether frames wait */
  collect(sink: LinkSink, maxBytes: number): boolean {
    this.#awake = false;
    if (!this.#connected) return false;
    if (this.#owesAnnouncement) {
      this.#owesAnnouncement = false;
      for (const item of this.#host.handler.announce(this.slot)) sink.announce(item);
      sink.announced();
    }
    if (this.#owesReady) {
      this.#owesReady = false;
      sink.ready();
    }
    if (this.#inbox.dirty) {
      this.#inbox.tell(sink);
      this.#untoldFrames = 0;
      this.#untoldBytes = 0;
      this.#host.changed();
    }
    if (this.#owesByeOk) {
      this.#owesByeOk = false;
      sink.byeOk();
    }
    const more = this.#sendable() && this.#outbox.take(sink, maxBytes);
    if (this.#outbox.onProbation) this.#watch();
    if (this.#owesBye && !more) {
      this.#owesBye = false;
      sink.bye();
    }
    return more;
  }

  /** Reports frames that were refused since the last turn. Called outside any call of `Links`. */
  turn(): void {
    if (this.#dropped.length === 0) return;
    const dropped = this.#dropped;
    this.#dropped = [];
    for (const { no, payload } of dropped) {
      this.#host.handler.onDropped(this.slot, no, payload, false);
    }
    this.#host.changed();
  }

  // ---- what the other worker says ----

  frame(no: number, again: boolean, payload: Bytes): void {
    const local = this.#inbox.receive(no);
    if (local === undefined) return;
    this.#untoldFrames += 1;
    this.#untoldBytes += payload.length;
    this.#host.handler.onFrame({ from: this.slot, no: local, again, payload });
    if (!again) return;
    this.#inbox.handled(no);
    this.#wake();
  }

  done(upTo: number, exceptions: readonly number[]): void {
    const open = this.#outbox.done(upTo, exceptions);
    this.#host.handler.onDone(this.slot, this.#outbox.doneUpTo, open);
    if (this.#outbox.heldUp) this.#wake();
    this.#host.changed();
  }

  announce(payload: Bytes): void {
    this.#host.handler.onAnnounced(this.slot, payload);
  }

  announced(): void {
    this.#heard = true;
    this.#host.changed();
  }

  ready(): void {
    if (this.#theirsReady) return;
    this.#theirsReady = true;
    this.#expired = false;
    this.#parkTimer?.cancel();
    this.#parkTimer = undefined;
    this.#wake();
  }

  bye(): void {
    this.#leaving = true;
    this.#owesByeOk = true;
    this.#park();
    this.#wake();
    this.#host.changed();
  }

  byeOk(): void {
    this.#byeOk = true;
    this.#host.changed();
  }

  // ---- readiness and close ----

  tellReady(): void {
    if (!this.#connected) return;
    this.#owesReady = true;
    this.#wake();
  }

  sayBye(): void {
    if (!this.#connected) return;
    this.#owesBye = true;
    this.#wake();
  }

  /** Gives up what is not done. */
  abandon(): void {
    this.#parkTimer?.cancel();
    this.#probationTimer?.cancel();
    this.#probationTimer = undefined;
    this.#tellTimer?.cancel();
    this.turn();
    this.#outbox.dropAll((no, payload, mayHaveArrived) => {
      this.#host.handler.onDropped(this.slot, no, payload, mayHaveArrived);
    });
  }

  #sendable(): boolean {
    return this.#connected && this.#theirsReady && !this.#leaving;
  }

  #settled(): boolean {
    return !this.#connected || this.#outbox.settled;
  }

  #wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#host.wake(this);
  }

  /** Frames that an earlier process died with are under way: none holds up the others for ever. */
  #watch(): void {
    this.#probationTimer ??= this.#host.timers.every(PATIENCE_MS, () => {
      if (this.#outbox.tick()) this.#wake();
      if (this.#outbox.onProbation) return;
      this.#probationTimer?.cancel();
      this.#probationTimer = undefined;
    });
  }

  /** PERF(docs/performance.md): a done of its own for each frame cost as much as the frame when traffic is sparse. */
  #tellSoon(): void {
    this.#tellTimer ??= this.#host.timers.after(LAZY_DONE_MS, () => {
      this.#tellTimer = undefined;
      this.tellNow();
    });
  }

  /** Frames may wait from now on, and not for ever. A clock that runs already is not set back. */
  #park(): void {
    if (this.#parkTimer !== undefined || this.#expired) return;
    this.#parkTimer = this.#host.timers.after(this.#host.limits.parkMs, () => {
      this.#parkTimer = undefined;
      this.#expired = true;
      this.abandon();
      this.#host.changed();
    });
  }
}
