// All links of one worker, without I/O: readiness (everybody has announced) and the close that waits for done.
import type { WorkerId } from '../placement/placement.ts';
import type { Timers } from '../util/clock.ts';
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from '../xml/bytes.ts';
import { type FrameNo, type LinkHandler, MAX_PAYLOAD_BYTES } from './link.ts';
import { DEFAULT_LINK_LIMITS, type LinkHost, type LinkLimits, LinkPeer } from './link-peer.ts';
import type { Member } from './membership.ts';

export interface LinkStateOptions {
  readonly self: WorkerId;
  readonly epoch: number;
  readonly workers: number;
  readonly handler: LinkHandler;
  readonly timers: Timers;
  readonly limits?: Partial<LinkLimits>;
  /**
   * Asks for `turn` and `collect` on this peer soon, never from inside the call. The asking is not repeated for every
   * frame: it stands until the next `collect`.
   */
  readonly wake: (peer: LinkPeer) => void;
  /** Asks to close the connection to this peer's process at once, if there is one. */
  readonly hangUp: (peer: LinkPeer) => void;
}

/** Where a close is. */
type Closing = 'no' | 'draining' | 'leaving' | 'closed';

export class LinkState implements LinkHost {
  readonly self: WorkerId;
  readonly epoch: number;
  readonly handler: LinkHandler;
  readonly limits: LinkLimits;
  readonly timers: Timers;
  readonly wake: (peer: LinkPeer) => void;
  readonly hangUp: (peer: LinkPeer) => void;
  readonly #peers: (LinkPeer | undefined)[] = [];
  #ready = false;
  #started = false;
  #checking = false;
  #stale = false;
  #closing: Closing = 'no';
  #onClosed: (() => void) | undefined;

  constructor(options: LinkStateOptions) {
    this.self = options.self;
    this.epoch = options.epoch;
    this.handler = options.handler;
    this.timers = options.timers;
    this.limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.wake = options.wake;
    this.hangUp = options.hangUp;
    for (let slot = 0; slot < options.workers; slot += 1) {
      this.#peers.push(slot === this.self ? undefined : new LinkPeer(this, slot));
    }
  }

  get ready(): boolean {
    return this.#ready;
  }

  get closing(): boolean {
    return this.#closing !== 'no';
  }

  /** The link to another slot. @throws InvariantError when there is no such slot or it is this one */
  peer(slot: WorkerId): LinkPeer {
    const peer = this.#peers[slot];
    if (peer === undefined) throw new InvariantError(`no link to slot ${slot}`);
    return peer;
  }

  *peers(): Iterable<LinkPeer> {
    for (const peer of this.#peers) if (peer !== undefined) yield peer;
  }

  /** The members at the start are known: readiness is judged from here on. */
  start(members: readonly Member[]): void {
    for (const member of members) this.member(member);
    this.#started = true;
    this.changed();
  }

  /** What the supervisor says of a slot. */
  member(member: Member): void {
    if (member.slot === this.self) return;
    const peer = this.peer(member.slot);
    if (member.up) peer.start(member.epoch);
    else peer.stop(member.epoch);
  }

  send(to: WorkerId, payload: Bytes): FrameNo {
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new InvariantError(`link payload of ${payload.length} bytes`);
    }
    return this.peer(to).send(payload);
  }

  settle(from: WorkerId, no: FrameNo, unasked?: boolean): void {
    this.peer(from).settle(no, unasked);
  }

  room(to: WorkerId): number {
    return this.peer(to).room();
  }

  /** @param closed called once, when all that was sent is done and all that was received is settled */
  beginClose(closed: () => void): void {
    if (this.#closing !== 'no') return;
    this.#closing = 'draining';
    this.#onClosed = closed;
    for (const peer of this.peers()) peer.tellNow();
    this.changed();
  }

  /** Gives up what is left of a close. */
  abandon(): void {
    this.#closing = 'closed';
    for (const peer of this.peers()) peer.abandon();
  }

  changed(): void {
    this.#stale = true;
    // A handler called below may change things again; the loop sees it.
    if (this.#checking) return;
    this.#checking = true;
    try {
      while (this.#stale) {
        this.#stale = false;
        this.#checkReady();
        this.#checkClose();
      }
    } finally {
      this.#checking = false;
    }
  }

  #checkReady(): void {
    if (this.#ready || !this.#started) return;
    // A slot without a process holds nothing of ours: its sessions ended with it.
    for (const peer of this.#peers) if (peer?.up === true && !peer.heard) return;
    this.#ready = true;
    this.handler.onReady();
    for (const peer of this.peers()) peer.tellReady();
  }

  #checkClose(): void {
    if (this.#closing === 'draining') {
      for (const peer of this.peers()) if (!peer.sentIsDone) return;
      this.#closing = 'leaving';
      for (const peer of this.peers()) peer.sayBye();
    }
    if (this.#closing === 'leaving') {
      for (const peer of this.peers()) {
        if (!peer.sentIsDone || !peer.receivedIsSettled || !peer.saidBye) return;
      }
      this.#closing = 'closed';
      this.#onClosed?.();
    }
  }
}
