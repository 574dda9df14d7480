// One worker slot and the process that fills it: its start, its connections, its beat, its end.
import type { Socket } from 'node:net';
import type { Member } from '../../cluster/membership.ts';
import { AddressCounts } from './address-counts.ts';
import { Child } from './child.ts';
import { Conversation } from './conversation.ts';
import {
  type Failure,
  type FromWorker,
  SEAT_ARGUMENT,
  type ToWorker,
  type WorkerLoad,
  type WorkerSeat,
} from './messages.ts';
import { DEFAULTS, type SupervisorOptions, type WorkerStatus } from './settings.ts';

/** Sockets on their way to one worker; more wait in the supervisor, where another worker may get them. */
const MAX_ON_THE_WAY = 512;
/** A worker that has not beaten for this long gets no connection while another has. */
const LATE_MS = 1_000;

/** A connection, unread. */
export interface Accepted {
  readonly socket: Socket;
  readonly kind: string;
  /** What it is counted under. */
  readonly address: string;
  readonly proxied: boolean;
}

/** So long a start may go without a beat, on a busy machine, however impatient the settings are. */
const BUSY_START_MS = 4_000;

/** What a slot asks of its supervisor. */
export interface SlotHost {
  readonly options: SupervisorOptions;
  nextEpoch(): number;
  members(): readonly Member[];
  /** Tell every other worker. */
  tellMember(member: Member): void;
  onReady(slot: WorkerSlot): void;
  /** It can take connections again. */
  onRoom(): void;
  onFail(slot: WorkerSlot, failure: Failure): void;
  onEnd(slot: WorkerSlot, why: string, livedMs: number): void;
  answer(slot: number, verb: string, args: unknown): unknown;
}

export class WorkerSlot {
  readonly slot: number;
  readonly #host: SlotHost;
  readonly #addresses = new AddressCounts();
  #child: Child | undefined;
  #conversation: Conversation | undefined;
  #state: WorkerStatus['state'] = 'down';
  #epoch = 0;
  #starts = 0;
  #startedMs = 0;
  #lastBeatMs = 0;
  #hasBeaten = false;
  #handed = 0;
  #connections = 0;
  #onTheWay: Socket[] = [];
  #lagMs = 0;
  #load: WorkerLoad = {};

  constructor(host: SlotHost, slot: number) {
    this.slot = slot;
    this.#host = host;
  }

  get state(): WorkerStatus['state'] {
    return this.#state;
  }

  get connections(): number {
    return this.#connections;
  }

  get member(): Member {
    return { slot: this.slot, epoch: this.#epoch, up: this.#child !== undefined };
  }

  get canTake(): boolean {
    return this.#state === 'ready' && !this.full && this.#onTheWay.length < MAX_ON_THE_WAY;
  }

  /** It says that it takes nobody any more: its memory is short. */
  get full(): boolean {
    return (this.#load['full'] ?? 0) > 0;
  }

  /** Its beat is overdue: perhaps it hangs. */
  get late(): boolean {
    return this.#host.options.clock.monotonicMs() - this.#lastBeatMs > LATE_MS;
  }

  connectionsOf(address: string): number {
    return this.#addresses.get(address);
  }

  /** Fills the slot, which is empty. */
  start(): void {
    const { clock, timers, settings, entry, entryArgs = [] } = this.#host.options;
    this.#epoch = this.#host.nextEpoch();
    this.#state = 'starting';
    this.#starts += 1;
    this.#startedMs = clock.monotonicMs();
    this.#lastBeatMs = this.#startedMs;
    this.#hasBeaten = false;
    this.#handed = 0;
    const seat: WorkerSeat = {
      slot: this.slot,
      first: this.#starts === 1,
      epoch: this.#epoch,
      workers: settings.workers,
      socketsDirectory: settings.socketsDirectory,
      members: [
        ...this.#host.members().filter((member) => member.slot !== this.slot),
        { slot: this.slot, epoch: this.#epoch, up: true },
      ],
    };
    const child = new Child(entry, [...entryArgs, SEAT_ARGUMENT + JSON.stringify(seat)], {
      onMessage: (message) => this.#hear(message as FromWorker),
      onEnd: (why) => this.#end(why),
    });
    this.#child = child;
    this.#conversation = new Conversation(
      (message) => child.send(message),
      timers,
      (verb, args) => this.#host.answer(this.slot, verb, args),
    );
    this.#host.tellMember(this.member);
  }

  /** Hands a socket over, unread. Called only while `canTake`. */
  hand({ socket, kind, address, proxied }: Accepted): void {
    this.#handed += 1;
    this.#connections += 1;
    this.#addresses.add(address, 1);
    this.#onTheWay.push(socket);
    const message: ToWorker = {
      kind: 'connection',
      listener: kind,
      address,
      ...(proxied ? { proxied } : {}),
    };
    this.#child?.send(message, socket, (failed) => {
      // The channel is broken: the process is about to be seen to end, which sets the counts right.
      if (failed) socket.destroy();
    });
  }

  /** A connection counts for its client and no longer for the balancer that brought it. */
  recount(from: string, to: string): void {
    this.#addresses.add(from, -1);
    this.#addresses.add(to, 1);
  }

  tell(message: ToWorker): void {
    this.#child?.send(message);
  }

  /** @throws OperatorError `control-timeout`, `control-broken`, `control-busy`, or what the worker threw */
  async ask(verb: string, args: unknown, timeoutMs: number): Promise<unknown> {
    return this.#conversation?.ask(verb, args, timeoutMs);
  }

  /** Asks the process to store its sessions and end. */
  stop(): void {
    if (this.#child === undefined) return;
    this.#state = 'stopping';
    this.tell({ kind: 'stop' });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** The watchdog's look. @param forgive the supervisor itself was held up, so silence proves nothing */
  check(forgive: boolean): void {
    const { clock, settings } = this.#host.options;
    const now = clock.monotonicMs();
    if (forgive) this.#lastBeatMs = now;
    if (this.#state !== 'starting' && this.#state !== 'ready') return;
    const hangMs = settings.hangTimeoutMs ?? DEFAULTS.hangTimeoutMs;
    const startMs = settings.startTimeoutMs ?? DEFAULTS.startTimeoutMs;
    // Frames of other workers come before it is ready for connections: it may hang over one of them as over any. But what
    // it does once, at its start, may take longer than any stanza.
    const limitMs = this.#state === 'ready' ? hangMs : Math.max(hangMs, BUSY_START_MS);
    if ((this.#state === 'ready' || this.#hasBeaten) && now - this.#lastBeatMs > limitMs)
      this.#overdue('worker hangs; killing it', limitMs);
    else if (this.#state === 'starting' && now - this.#startedMs > startMs)
      this.#overdue('worker did not start in time; killing it', startMs);
  }

  #overdue(message: string, limitMs: number): void {
    const { log } = this.#host.options;
    log.error({ slot: this.slot, pid: this.#child?.pid, limitMs }, message);
    this.kill();
  }

  status(): WorkerStatus {
    return {
      slot: this.slot,
      state: this.#state,
      pid: this.#child?.pid ?? null,
      restarts: Math.max(0, this.#starts - 1),
      epoch: this.#epoch,
      connections: this.#connections,
      lagMs: this.#lagMs,
      load: this.#load,
    };
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'beat':
        this.#lastBeatMs = this.#host.options.clock.monotonicMs();
        this.#hasBeaten = true;
        this.#lagMs = message.lagMs;
        this.#load = message.load;
        for (const [address, count] of message.closed) {
          this.#addresses.add(address, -count);
          this.#connections -= count;
        }
        this.#arrived(message.received);
        break;
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.#host.onReady(this);
        break;
      case 'fail':
        this.#host.onFail(this, message);
        break;
      case 'ask':
      case 'answer':
        this.#conversation?.hear(message);
    }
  }

  #arrived(received: number): void {
    const left = this.#handed - received;
    if (this.#onTheWay.length <= left) return;
    // The worker has its own descriptor: closing ours ends nothing.
    for (const socket of this.#onTheWay.splice(0, this.#onTheWay.length - left)) socket.destroy();
    this.#host.onRoom();
  }

  #end(why: string): void {
    this.#child = undefined;
    this.#state = 'down';
    this.#conversation?.end();
    this.#conversation = undefined;
    // What did not arrive can't be told from what did: all of it ends with the process, and clients connect again.
    for (const socket of this.#onTheWay) socket.destroy();
    this.#onTheWay = [];
    this.#connections = 0;
    this.#addresses.clear();
    this.#load = {};
    this.#host.tellMember(this.member);
    this.#host.onEnd(this, why, this.#host.options.clock.monotonicMs() - this.#startedMs);
  }
}
