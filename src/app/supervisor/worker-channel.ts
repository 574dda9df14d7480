// The worker's end of the supervisor's channel: its seat, its connections, its beat.
import type { Socket } from 'node:net';
import type { Member, Membership } from '../../cluster/membership.ts';
import type { Clock, Timers } from '../../util/clock.ts';
import { InvariantError } from '../../util/errors.ts';
import { AddressCounts, addressKey } from './address-counts.ts';
import { type Answerer, asFailure, Conversation } from './conversation.ts';
import type { OnConnection } from './listeners.ts';
import {
  type FromWorker,
  RECOUNT,
  type Recount,
  SEAT_ARGUMENT,
  type ToWorker,
  type WorkerLoad,
  type WorkerSeat,
} from './messages.ts';

export const BEAT_MS = 250;
/** Connections are reported after so many or so long: the supervisor then goes on handing over and closes its copies. */
const REPORT_AFTER = 64;
const REPORT_MS = 20;
/** How long a worker without its supervisor may take to end. */
const ORPHAN_MS = 20_000;
const ASK_MS = 10_000;

/** The part of `process` that a channel is. */
export interface ChannelPort {
  readonly argv: readonly string[];
  readonly connected: boolean;
  send?(
    message: unknown,
    socket: undefined,
    options: undefined,
    sent: (error: Error | null) => void,
  ): unknown;
  exit(code: number): never;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

export interface WorkerChannel extends WorkerSeat {
  readonly membership: Membership;
  /** Each socket comes paused and unread, half-open allowed. Connections come after `ready` only. */
  onConnection(listener: OnConnection): void;
  /**
   * The client behind a balancer is known: the connection counts for it.
   * @returns false: it has too many; the socket is to be closed
   */
  recount(socket: Socket, address: string): Promise<boolean>;
  /** What the status shows of this worker; asked at each beat. */
  onBeat(load: () => WorkerLoad): void;
  /** Store what is to be stored, then resolve: the process exits with 0 after it. Called once; also when the supervisor is gone. */
  onStop(stop: () => Promise<void>): void;
  /** Answers what the supervisor asks. */
  onAsk(answer: Answerer): void;
  /** Asks the supervisor: `status`, `stop`, or what it was given to answer. @throws OperatorError */
  ask(verb: string, args?: unknown, timeoutMs?: number): Promise<unknown>;
  /** The worker can take connections. */
  ready(): void;
  /** The worker cannot start and neither would another: an OperatorError ends the whole server with its message and code. */
  fail(error: unknown): void;
}

/** Whether this process was started by a supervisor. */
export function isSupervised(argv: readonly string[]): boolean {
  return argv.some((argument) => argument.startsWith(SEAT_ARGUMENT));
}

/**
 * Connects to the supervisor that started this process and begins to beat.
 * @param port `process`
 * @throws InvariantError when no supervisor did
 */
export function connectSupervisor(port: ChannelPort, clock: Clock, timers: Timers): WorkerChannel {
  const seat = port.argv.find((argument) => argument.startsWith(SEAT_ARGUMENT));
  if (seat === undefined) throw new InvariantError('no supervisor started this process');
  // The supervisor died while this process was starting: there is nothing to store yet.
  if (!port.connected) port.exit(1);
  return new Channel(
    port,
    JSON.parse(seat.slice(SEAT_ARGUMENT.length)) as WorkerSeat,
    clock,
    timers,
  );
}

/** Where a socket keeps what its close is counted under: no closure for each socket. */
const owner = Symbol('channel');
const key = Symbol('address');

interface Counted {
  [owner]?: Channel;
  [key]?: string;
}

function onSocketClose(this: Socket & Counted): void {
  this[owner]?.closed(this[key] ?? '');
}

class Channel implements WorkerChannel {
  readonly slot: number;
  readonly first: boolean;
  readonly epoch: number;
  readonly workers: number;
  readonly socketsDirectory: string;
  readonly members: readonly Member[];
  readonly membership: Membership;
  readonly #port: ChannelPort;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #conversation: Conversation;
  readonly #closed = new AddressCounts();
  #connection: OnConnection | undefined;
  #member: ((member: Member) => void) | undefined;
  #unheardMembers: Member[] = [];
  #load: () => WorkerLoad = () => ({});
  #stop: () => Promise<void> = () => Promise.resolve();
  #answer: Answerer = () => undefined;
  #stopping = false;
  #received = 0;
  #reported = 0;
  #lagMs = 0;
  #lastBeat: number;

  constructor(port: ChannelPort, seat: WorkerSeat, clock: Clock, timers: Timers) {
    this.#port = port;
    this.#clock = clock;
    this.#timers = timers;
    this.slot = seat.slot;
    this.first = seat.first;
    this.epoch = seat.epoch;
    this.workers = seat.workers;
    this.socketsDirectory = seat.socketsDirectory;
    this.members = seat.members;
    this.membership = {
      members: seat.members,
      onChange: (listener) => {
        this.#member = listener;
        for (const member of this.#unheardMembers.splice(0)) listener(member);
      },
    };
    this.#conversation = new Conversation(
      (message) => this.#send(message),
      timers,
      (verb, args) => this.#answer(verb, args),
    );
    this.#lastBeat = clock.monotonicMs();
    timers.every(BEAT_MS, () => this.#beat());
    port.on('message', (message: ToWorker, socket: Socket | undefined) =>
      this.#hear(message, socket),
    );
    // Signals go to every process of a terminal or a unit; only the supervisor decides what they mean.
    port.on('SIGHUP', () => undefined);
    port.on('SIGINT', () => undefined);
    port.on('SIGTERM', () => undefined);
    port.on('disconnect', () => this.#orphaned());
  }

  onConnection(listener: OnConnection): void {
    this.#connection = listener;
  }

  async recount(socket: Socket, address: string): Promise<boolean> {
    const counted = socket as Socket & Counted;
    const question: Recount = { from: counted[key] ?? '', to: addressKey(address) };
    // Before it is asked: should the socket close meanwhile, that is told behind the question.
    counted[key] = question.to;
    return (await this.ask(RECOUNT, question)) === true;
  }

  onBeat(load: () => WorkerLoad): void {
    this.#load = load;
  }

  onStop(stop: () => Promise<void>): void {
    this.#stop = stop;
  }

  onAsk(answer: Answerer): void {
    this.#answer = answer;
  }

  ask(verb: string, args: unknown = null, timeoutMs = ASK_MS): Promise<unknown> {
    return this.#conversation.ask(verb, args, timeoutMs);
  }

  ready(): void {
    this.#send({ kind: 'ready' });
  }

  fail(error: unknown): void {
    this.#send({ kind: 'fail', ...asFailure(error) });
  }

  /** A socket handed over was closed. */
  closed(address: string): void {
    this.#closed.add(address, 1);
  }

  #hear(message: ToWorker, socket: Socket | undefined): void {
    switch (message.kind) {
      case 'connection':
        this.#take(socket, message.listener, message.address, message.proxied === true);
        break;
      case 'member':
        if (this.#member === undefined) this.#unheardMembers.push(message);
        else this.#member(message);
        break;
      case 'stop':
        void this.#end();
        break;
      case 'ask':
      case 'answer':
        this.#conversation.hear(message);
    }
  }

  #take(socket: Socket | undefined, kind: string, address: string, proxied: boolean): void {
    this.#received += 1;
    const unreported = this.#received - this.#reported;
    if (unreported === 1) this.#timers.after(REPORT_MS, () => this.#report());
    else if (unreported === REPORT_AFTER) this.#report();
    if (socket === undefined) {
      // Its client went away while it was handed over.
      this.closed(address);
      return;
    }
    const counted = socket as Socket & Counted;
    counted[owner] = this;
    counted[key] = address;
    socket.on('close', onSocketClose);
    socket.allowHalfOpen = true;
    socket.pause();
    if (this.#connection === undefined || this.#stopping) socket.destroy();
    else this.#connection(socket, kind, proxied);
  }

  #beat(): void {
    const now = this.#clock.monotonicMs();
    this.#lagMs = Math.max(0, Math.round(now - this.#lastBeat - BEAT_MS));
    this.#lastBeat = now;
    this.#report();
  }

  #report(): void {
    this.#reported = this.#received;
    const closed = [...this.#closed.entries()];
    this.#closed.clear();
    this.#send({
      kind: 'beat',
      received: this.#received,
      closed,
      lagMs: this.#lagMs,
      load: this.#load(),
    });
  }

  async #end(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    // A stop that fails is an unhandled rejection: the process ends with its stack and code 1.
    await this.#stop();
    this.#port.exit(0);
  }

  #orphaned(): void {
    this.#conversation.end();
    this.#timers.after(ORPHAN_MS, () => this.#port.exit(1));
    void this.#end();
  }

  #send(message: FromWorker): void {
    if (this.#port.connected) this.#port.send?.(message, undefined, undefined, ignoreBroken);
  }
}

function ignoreBroken(): void {
  // The supervisor is gone; the disconnect that says so follows.
}
