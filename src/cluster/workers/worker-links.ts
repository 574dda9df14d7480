// Links between the workers of one machine over Unix sockets. The higher slot dials the lower one.
import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { WorkerId } from '../../placement/placement.ts';
import type { Timers } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { FrameNo, LinkHandler, Links } from '../link.ts';
import type { LinkLimits, LinkPeer } from '../link-peer.ts';
import type { LinkSink } from '../link-sink.ts';
import { LinkState } from '../link-state.ts';
import type { Member, Membership } from '../membership.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { PROTOCOL, type ProtocolRange, type WireHello, WireWriter } from './wire.ts';

export interface WorkerLinksOptions {
  readonly self: WorkerId;
  /** The epoch the supervisor gave to this process. */
  readonly epoch: number;
  readonly workers: number;
  /** Where the sockets are; made with mode 0700 when missing. */
  readonly directory: string;
  readonly membership: Membership;
  readonly handler: LinkHandler;
  readonly timers: Timers;
  readonly log: Log;
  readonly limits?: Partial<LinkLimits>;
  /** How long `close` waits for done. */
  readonly closeMs?: number;
  /** Runs before anybody can connect; what is sent meanwhile waits. */
  readonly prepare?: (links: Links) => Promise<void>;
  /** Only tests speak another protocol. */
  readonly protocol?: ProtocolRange;
}

const CLOSE_MS = 5_000;
/** The first wait before dialling again; it doubles up to the second figure. */
const DIAL_AGAIN_MS = 20;
const MAX_DIAL_AGAIN_MS = 1_000;
/** How long the last bytes may take to leave at the end. */
const END_MS = 1_000;
/** sun_path has 108 bytes on Linux and 104 elsewhere, the closing NUL included. */
const MAX_PATH_BYTES = 103;

/**
 * Listens, dials and stays connected to every other slot's process as the membership says.
 * @throws OperatorError `socket-path-too-long`, `socket-failed`
 */
export async function openWorkerLinks(options: WorkerLinksOptions): Promise<Links> {
  const links = new WorkerLinks(options);
  await options.prepare?.(links);
  await links.listen();
  return links;
}

class WorkerLinks implements Links, ConnectionOwner {
  readonly #options: WorkerLinksOptions;
  readonly #protocol: ProtocolRange;
  readonly #state: LinkState;
  readonly #server: Server;
  /** Connections whose hello was accepted, by slot. */
  readonly #connections: (Connection | undefined)[] = [];
  /** Connections whose hello has not come. */
  readonly #strangers = new Set<Connection>();
  readonly #awake = new Set<LinkPeer>();
  readonly #dialling = new Set<WorkerId>();
  readonly #failures = new Map<WorkerId, number>();
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(options: WorkerLinksOptions) {
    this.#options = options;
    this.#protocol = options.protocol ?? PROTOCOL;
    this.#state = new LinkState({
      ...options,
      wake: (peer) => this.#wake(peer),
      hangUp: (peer) => {
        this.#connections[peer.slot]?.destroy();
        this.#connections[peer.slot] = undefined;
      },
    });
    this.#server = createServer((socket) => {
      this.#strangers.add(new Connection(socket, this));
    });
  }

  async listen(): Promise<void> {
    const { directory, self, epoch, membership } = this.#options;
    const path = socketPath(directory, self, epoch);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      throw new OperatorError(
        'socket-path-too-long',
        `the socket path ${path} has more than ${MAX_PATH_BYTES} bytes`,
        'choose a shorter data directory',
      );
    }
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      removeStale(directory, self);
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(path, () => resolve());
      });
    } catch (cause) {
      throw new OperatorError(
        'socket-failed',
        `cannot listen on ${path}: ${(cause as Error).message}`,
        'check that the directory exists and belongs to the user the server runs as',
        { cause },
      );
    }
    this.#state.start(membership.members);
    membership.onChange((member) => this.#member(member));
    for (const peer of this.#state.peers()) this.#dial(peer.slot);
  }

  send(to: WorkerId, payload: Bytes): FrameNo {
    return this.#state.send(to, payload);
  }

  settle(from: WorkerId, no: FrameNo, unasked?: boolean): void {
    this.#state.settle(from, no, unasked);
  }

  room(to: WorkerId): number {
    return this.#state.room(to);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  onHello(connection: Connection, hello: WireHello): LinkPeer | undefined {
    this.#strangers.delete(connection);
    const { version, minimum } = this.#protocol;
    if (hello.protocol.version < minimum || version < hello.protocol.minimum) {
      this.#options.log.error(
        { slot: hello.slot, theirs: hello.protocol, ours: this.#protocol },
        'a worker speaks a link protocol this one does not understand',
      );
      return undefined;
    }
    const peer = this.#state.peer(hello.slot);
    const former = this.#connections[hello.slot];
    if (!peer.connect(hello)) return undefined;
    // What the former connection still holds is sent again on this one, by number.
    former?.destroy();
    this.#connections[hello.slot] = connection;
    this.#failures.delete(hello.slot);
    if (!this.#dials(hello.slot)) this.#greet(connection, hello.slot);
    return peer;
  }

  onClose(connection: Connection): void {
    this.#strangers.delete(connection);
    const slot = connection.peer?.slot;
    if (slot === undefined || this.#connections[slot] !== connection) return;
    this.#connections[slot] = undefined;
    this.#state.peer(slot).disconnected();
    this.#dial(slot);
  }

  #member(member: Member): void {
    this.#state.member(member);
    this.#failures.delete(member.slot);
    if (member.up && member.slot !== this.#options.self) this.#dial(member.slot);
  }

  #dials(slot: WorkerId): boolean {
    return this.#options.self > slot;
  }

  /** Dials until connected, as long as the slot has a process. */
  #dial(slot: WorkerId): void {
    const peer = this.#state.peer(slot);
    if (!this.#dials(slot) || !peer.up || this.#closed) return;
    if (this.#dialling.has(slot) || this.#connections[slot] !== undefined) return;
    this.#dialling.add(slot);
    const socket = connect(socketPath(this.#options.directory, slot, peer.epoch));
    const connection = new Connection(socket, this);
    this.#strangers.add(connection);
    socket.once('connect', () => this.#greet(connection, slot));
    socket.once('close', () => {
      this.#dialling.delete(slot);
      const failures = this.#failures.get(slot) ?? 0;
      this.#failures.set(slot, failures + 1);
      const wait = Math.min(DIAL_AGAIN_MS * 2 ** failures, MAX_DIAL_AGAIN_MS);
      this.#options.timers.after(wait, () => this.#dial(slot));
    });
  }

  #greet(connection: Connection, slot: WorkerId): void {
    connection.sendHello({ protocol: this.#protocol, ...this.#state.peer(slot).hello() });
  }

  #wake(peer: LinkPeer): void {
    // After the poll phase: whatever this tick's sockets brought leaves in one write for each link.
    if (this.#awake.size === 0) setImmediate(() => this.#flush());
    this.#awake.add(peer);
  }

  #flush(): void {
    const peers = [...this.#awake];
    this.#awake.clear();
    for (const peer of peers) {
      peer.turn();
      const connection = this.#connections[peer.slot];
      if (connection === undefined) peer.collect(nobody, 0);
      else connection.pump();
    }
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = this.#options.timers.after(this.#options.closeMs ?? CLOSE_MS, resolve);
      this.#state.beginClose(() => {
        limit.cancel();
        resolve();
      });
    });
    this.#flush();
    this.#state.abandon();
    this.#closed = true;
    for (const connection of this.#connections) connection?.end();
    for (const connection of this.#strangers) connection.destroy();
    const impatience = this.#options.timers.after(END_MS, () => {
      for (const connection of this.#connections) connection?.destroy();
    });
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    impatience.cancel();
  }
}

/** The epoch is in the name: nobody can reach a predecessor, and a successor need not wait for its socket to go. */
function socketPath(directory: string, slot: WorkerId, epoch: number): string {
  return join(directory, `worker-${slot}.${epoch}.sock`);
}

/** What processes of this slot that were killed left behind. */
function removeStale(directory: string, slot: WorkerId): void {
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`worker-${slot}.`) && name.endsWith('.sock')) {
      unlinkSync(join(directory, name));
    }
  }
}

/** A link without a connection says nothing; `collect` needs somebody to say it to. */
const nobody: LinkSink = new WireWriter();
