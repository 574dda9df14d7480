// Links inside one process, for tests and the simulation: the production state under a scheduler that picks what happens next.
import type { WorkerId } from '../../placement/placement.ts';
import type { Timers } from '../../util/clock.ts';
import { InvariantError } from '../../util/errors.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { FrameNo, LinkHandler, Links } from '../link.ts';
import type { LinkLimits, LinkPeer } from '../link-peer.ts';
import type { Hello, LinkSink } from '../link-sink.ts';
import { LinkState } from '../link-state.ts';
import type { Member } from '../membership.ts';

/** Runs steps later, one at a time. Steps of one lane run in the order posted; between lanes any order may be chosen. */
export interface StepScheduler {
  post(lane: string, run: () => void): void;
}

export interface MemoryNetworkOptions {
  readonly workers: number;
  readonly scheduler: StepScheduler;
  readonly timers: Timers;
  readonly limits?: Partial<LinkLimits>;
  /** How long `close` waits for done. */
  readonly closeMs?: number;
}

interface Process {
  readonly slot: WorkerId;
  readonly epoch: number;
  readonly state: LinkState;
  readonly wires: Map<WorkerId, Wire>;
  alive: boolean;
}

/** Small, so that a burst takes several steps and the scheduler gets between them. */
const COLLECT_BYTES = 256;
const CLOSE_MS = 5_000;

/** The two directions of one connection; bytes written before a break may still arrive, or not. */
class Wire {
  readonly lanes: string;
  #open = true;

  constructor(lanes: string) {
    this.lanes = lanes;
  }

  get open(): boolean {
    return this.#open;
  }

  close(): void {
    this.#open = false;
  }
}

/** A network of worker slots. Epochs are given by the caller and grow per slot. */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #processes: (Process | undefined)[] = [];
  readonly #members = new Map<WorkerId, Member>();
  #wires = 0;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** Starts the process of a slot, which must have none. */
  open(slot: WorkerId, epoch: number, handler: LinkHandler): Links {
    const { links, start } = this.prepare(slot, epoch, handler);
    start();
    return links;
  }

  /** The same in two steps: what is sent before `start` waits. */
  prepare(
    slot: WorkerId,
    epoch: number,
    handler: LinkHandler,
  ): { readonly links: Links; readonly start: () => void } {
    if (this.#processes[slot]?.alive === true) throw new InvariantError(`slot ${slot} is taken`);
    const awake = new Set<LinkPeer>();
    const flush = (): void => {
      const peers = [...awake];
      awake.clear();
      for (const peer of peers) this.#flush(process, peer);
    };
    const state = new LinkState({
      self: slot,
      epoch,
      workers: this.#options.workers,
      handler,
      timers: this.#guarded(() => process.alive),
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
      wake: (peer) => {
        if (awake.size === 0) this.#post(process, `tick:${slot}`, flush);
        awake.add(peer);
      },
      hangUp: (peer) => {
        process.wires.get(peer.slot)?.close();
        process.wires.delete(peer.slot);
      },
    });
    const process: Process = { slot, epoch, state, wires: new Map(), alive: true };
    return { links: this.#links(process), start: () => this.#start(process) };
  }

  #start(process: Process): void {
    const { slot, epoch, state } = process;
    this.#processes[slot] = process;
    this.#tell({ slot, epoch, up: true });
    const members = [...this.#members.values()];
    this.#post(process, `member:${slot}`, () => state.start(members));
    for (const other of this.#processes) {
      if (other !== undefined && other !== process && other.alive) this.#dial(process, other);
    }
  }

  /** The process of the slot dies at once; others hear of it in a later step. What it had written may still arrive. */
  kill(slot: WorkerId): void {
    const process = this.#processes[slot];
    if (process?.alive !== true) return;
    process.alive = false;
    this.#tell({ slot, epoch: process.epoch, up: false });
  }

  /** Breaks the connection of two living processes, which dial again. */
  cut(a: WorkerId, b: WorkerId): void {
    const [one, two] = [this.#processes[a], this.#processes[b]];
    if (one?.alive !== true || two?.alive !== true) return;
    const wire = one.wires.get(b);
    if (wire?.open !== true) return;
    wire.close();
    for (const [process, slot] of [
      [one, b],
      [two, a],
    ] as const) {
      if (process.wires.get(slot) !== wire) continue;
      process.wires.delete(slot);
      process.state.peer(slot).disconnected();
    }
    this.#dial(one, two);
  }

  #dial(from: Process, to: Process): void {
    this.#wires += 1;
    const wire = new Wire(`wire:${this.#wires}`);
    this.#post(from, wire.lanes, () => {
      const hello = from.state.peer(to.slot).hello();
      this.#deliver(wire, from, to, () => {
        if (!this.#accept(wire, to, hello)) return;
        const answer = to.state.peer(from.slot).hello();
        this.#deliver(wire, to, from, () => void this.#accept(wire, from, answer));
      });
    });
  }

  #accept(wire: Wire, process: Process, hello: Hello): boolean {
    if (!process.state.peer(hello.slot).connect(hello)) {
      wire.close();
      return false;
    }
    process.wires.get(hello.slot)?.close();
    process.wires.set(hello.slot, wire);
    return true;
  }

  #flush(process: Process, peer: LinkPeer): void {
    peer.turn();
    const wire = process.wires.get(peer.slot);
    const other = this.#processes[peer.slot];
    if (wire?.open !== true || other === undefined || !peer.connected) {
      peer.collect(nowhere, 0);
      return;
    }
    const to = (step: (sink: LinkSink) => void): void => {
      this.#deliver(wire, process, other, () => {
        if (other.wires.get(process.slot) !== wire) return;
        step(other.state.peer(process.slot));
      });
    };
    const more = peer.collect(new PostingSink(to), COLLECT_BYTES);
    if (more) this.#post(process, `tick:${process.slot}`, () => this.#flush(process, peer));
  }

  #deliver(wire: Wire, from: Process, to: Process, run: () => void): void {
    this.#options.scheduler.post(`${wire.lanes}:${from.slot}>${to.slot}`, () => {
      if (wire.open && to.alive) run();
    });
  }

  #post(process: Process, lane: string, run: () => void): void {
    this.#options.scheduler.post(lane, () => {
      if (process.alive) run();
    });
  }

  #tell(member: Member): void {
    this.#members.set(member.slot, member);
    for (const process of this.#processes) {
      if (process?.alive !== true || process.slot === member.slot) continue;
      this.#post(process, `member:${process.slot}`, () => process.state.member(member));
    }
  }

  #guarded(alive: () => boolean): Timers {
    const { timers } = this.#options;
    const ifAlive = (run: () => void) => (): void => {
      if (alive()) run();
    };
    return {
      after: (ms, run) => timers.after(ms, ifAlive(run)),
      every: (ms, run) => timers.every(ms, ifAlive(run)),
    };
  }

  #links(process: Process): Links {
    const { state } = process;
    let closing: Promise<void> | undefined;
    return {
      send: (to: WorkerId, payload: Bytes): FrameNo => state.send(to, payload),
      settle: (from, no, unasked) => state.settle(from, no, unasked),
      room: (to: WorkerId): number => state.room(to),
      close: () => (closing ??= this.#close(process)),
    };
  }

  async #close(process: Process): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = this.#options.timers.after(this.#options.closeMs ?? CLOSE_MS, resolve);
      process.state.beginClose(() => {
        limit.cancel();
        resolve();
      });
    });
    // It may have been killed while it waited, and its slot filled again.
    if (!process.alive) return;
    process.state.abandon();
    this.kill(process.slot);
  }
}

/** Each message is a step of its own, so that a crash can fall between any two. */
class PostingSink implements LinkSink {
  readonly #to: (step: (sink: LinkSink) => void) => void;

  constructor(to: (step: (sink: LinkSink) => void) => void) {
    this.#to = to;
  }

  frame(no: number, again: boolean, payload: Bytes): void {
    this.#to((sink) => sink.frame(no, again, payload));
  }

  done(upTo: number, exceptions: readonly number[]): void {
    this.#to((sink) => sink.done(upTo, exceptions));
  }

  announce(payload: Bytes): void {
    this.#to((sink) => sink.announce(payload));
  }

  announced(): void {
    this.#to((sink) => sink.announced());
  }

  ready(): void {
    this.#to((sink) => sink.ready());
  }

  bye(): void {
    this.#to((sink) => sink.bye());
  }

  byeOk(): void {
    this.#to((sink) => sink.byeOk());
  }
}

/** Where a link without a connection speaks to: `collect` says nothing then. */
const nowhere: LinkSink = new PostingSink(() => undefined);
