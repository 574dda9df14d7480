// The writer's side of the links: gathers the batches of all its clients into commits and answers when they are on disk.
import type { Clock, TimerHandle, Timers } from '../../util/clock.ts';
import { InvariantError, OperatorError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { Admissions } from './admissions.ts';
import type { Peer } from './admissions.ts';
import type { CheckpointListener, CheckpointMessage, Checkpoints } from './checkpoints.ts';
import {
  besideDatabase,
  checkDirectory,
  lockDatabase,
  messageOf,
  openWriter,
  resetLog,
} from './database.ts';
import type { Connection, Synchronous } from './database.ts';
import type { Link, LinkEvents } from './link.ts';
import { migrateOwn } from './migrate.ts';
import { Reserve } from './reserve.ts';
import * as wire from './wire.ts';
import { Writer } from './writer.ts';
import type { Batch } from './writer.ts';

/** A commit starts so long after the last one began, unless FULL_UNITS wait: one sync serves them all. */
const GATHER_MS = 2;
const FULL_UNITS = 512;
/** One transaction takes no more, so that a roll-back and the wait behind it stay short. */
const MAX_COMMIT_UNITS = 4096;
const MAX_COMMIT_BYTES = 8 * 1024 * 1024;
const PROBE_MS = 1000;
/** The log is looked at no more often. */
const CHECKPOINT_LOOK_MS = 250;
/** After a reset of the log that a long read prevented. */
const RESET_AGAIN_MS = 5000;

export interface WriterOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
  /** For tests: the database takes no more pages, as if the disk were full. */
  readonly maxPages?: number;
}

export interface ServerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Runs after the messages that wait now have been heard. */
  readonly soon: (run: () => void) => void;
  readonly checkpoints: (listener: CheckpointListener) => Checkpoints;
}

/** The one writer of a database, for any number of clients. */
export class StoreServer {
  readonly #ports: ServerPorts;
  readonly #lock: Connection;
  readonly #db: Connection;
  readonly #writer: Writer;
  readonly #checkpoints: Checkpoints;
  readonly #admissions: Admissions;
  readonly #figures: wire.WriterFigures = {
    commitMs: 0,
    busyMs: 0,
    walBytes: 0,
    lastCheckpointMs: 0,
    maxCheckpointMs: 0,
    resets: 0,
    maxResetMs: 0,
  };
  #queue: { peer: Peer; batch: Batch }[] = [];
  #queuedUnits = 0;
  #lastBegan = -Infinity;
  #due: TimerHandle | 'soon' | undefined;
  #probing: TimerHandle | undefined;
  #lookDue: TimerHandle | undefined;
  #resetNotBefore = 0;
  #stopped = false;

  /** @throws OperatorError when the database is locked, damaged, newer, or cannot be opened */
  constructor(options: WriterOptions, ports: ServerPorts) {
    this.#ports = ports;
    checkDirectory(options.path);
    this.#lock = lockDatabase(options.path);
    try {
      this.#db = openWriter(options.path, options.synchronous);
      migrateOwn(this.#db);
    } catch (error) {
      this.#lock.close();
      throw error;
    }
    const reserve = new Reserve(besideDatabase(options.path, 'reserve'));
    try {
      reserve.make();
    } catch (error) {
      ports.log.warn({ error: messageOf(error) }, 'there is no room for the reserve file');
    }
    if (options.maxPages !== undefined) this.#db.pragma(`max_page_count = ${options.maxPages}`);
    this.#writer = new Writer(this.#db, reserve, ports.clock, ports.log);
    this.#checkpoints = ports.checkpoints((message) => this.#checkpointed(message));
    this.#admissions = new Admissions(this.#db, ports.timers, () => this.#drain());
  }

  /** Serves a connection. @param connect makes the link whose events are given */
  accept(connect: (events: LinkEvents) => Link): void {
    // The link's first event comes in a later turn, when the peer is there.
    const peer: Peer = {
      link: connect({
        frame: (frame) => this.#frame(peer, frame),
        closed: (reason) => {
          this.#ports.log.debug({ worker: peer.client?.worker, reason }, 'a client left the store');
          this.#admissions.gone(peer);
        },
      }),
      client: undefined,
      received: 0,
      done: 0,
      open: true,
    };
  }

  /** Commits and answers what has arrived, closes the links, lets go of the database. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.#drain();
    this.#stopped = true;
    this.#cancelDue();
    this.#probing?.cancel();
    this.#lookDue?.cancel();
    for (const peer of this.#admissions.peers) peer.link.close();
    this.#checkpoints.close();
    this.#db.close();
    this.#lock.close();
  }

  #frame(peer: Peer, frame: Buffer): void {
    if (this.#stopped) return;
    try {
      const kind = frame[0];
      if (kind === wire.FRAME_BATCH) this.#batch(peer, frame);
      else if (kind === wire.FRAME_HELLO) this.#hello(peer, wire.decodeJson(frame) as wire.Hello);
      else if (kind === wire.FRAME_BYE) peer.link.close();
      else throw new InvariantError(`a frame of kind ${kind} from a client`);
    } catch (error) {
      this.#ports.log.error(
        { error: messageOf(error) },
        'a client of the store broke the protocol',
      );
      peer.link.abort();
    }
  }

  #hello(peer: Peer, hello: wire.Hello): void {
    this.#admissions.hello(peer, hello, (result) => {
      if (result instanceof OperatorError) {
        const { code, message, hint } = result;
        this.#ports.log.warn({ worker: hello.worker, code }, 'the store refused a client');
        peer.link.send(wire.encodeJson(wire.FRAME_REFUSED, { code, message, hint }));
        peer.link.close();
        return;
      }
      const welcome = { ...result, state: this.#writer.state };
      peer.link.send(wire.encodeJson(wire.FRAME_WELCOME, welcome));
    });
  }

  #batch(peer: Peer, frame: Buffer): void {
    const { client } = peer;
    if (client === undefined) throw new InvariantError('a batch before the hello');
    const number = frame.readDoubleLE(1);
    const acknowledged = frame.readDoubleLE(9);
    const count = frame.readUInt32LE(17);
    if (client.failures.length > 0) {
      client.failures = client.failures.filter((failure) => failure.batch > acknowledged);
    }
    if (number <= peer.received) return;
    if (number !== peer.received + 1) {
      throw new InvariantError(`batch ${number} came after ${peer.received}`);
    }
    peer.received = number;
    this.#queue.push({ peer, batch: { client, number, count, frame } });
    this.#queuedUnits += count;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#due === 'soon') return;
    const { clock, soon, timers } = this.#ports;
    const waitMs = this.#lastBegan + GATHER_MS - clock.monotonicMs();
    if (waitMs <= 0 || this.#queuedUnits >= FULL_UNITS) {
      this.#cancelDue();
      this.#due = 'soon';
      soon(() => this.#run());
    } else {
      this.#due ??= timers.after(waitMs, () => this.#run());
    }
  }

  #cancelDue(): void {
    if (this.#due !== 'soon') this.#due?.cancel();
    this.#due = undefined;
  }

  #run(): void {
    this.#due = undefined;
    if (this.#stopped || this.#queue.length === 0) return;
    this.#commit();
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Everything that has arrived, now. */
  #drain(): void {
    while (this.#queue.length > 0) this.#commit();
  }

  #commit(): void {
    const taken = this.#take();
    const before = this.#writer.state;
    this.#lastBegan = this.#ports.clock.monotonicMs();
    this.#writer.apply(taken.map(({ batch }) => batch));
    this.#figures.commitMs = this.#writer.commitMs;
    this.#figures.busyMs = this.#writer.busyMs;
    const last = new Map<Peer, number>();
    for (const { peer, batch } of taken) last.set(peer, batch.number);
    for (const [peer, done] of last) this.#answer(peer, done);
    if (before === 'ok' && this.#writer.state === 'failing') this.#startProbing(last);
    this.#lookDue ??= this.#ports.timers.after(CHECKPOINT_LOOK_MS, () => {
      this.#lookDue = undefined;
      this.#checkpoints.poke();
    });
  }

  #take(): { peer: Peer; batch: Batch }[] {
    let units = 0;
    let bytes = 0;
    let count = 0;
    for (const { batch } of this.#queue) {
      units += batch.count;
      bytes += batch.frame.length;
      if (count > 0 && (units > MAX_COMMIT_UNITS || bytes > MAX_COMMIT_BYTES)) break;
      this.#queuedUnits -= batch.count;
      count++;
    }
    const taken = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return taken;
  }

  #answer(peer: Peer, done: number): void {
    const before = peer.done;
    peer.done = done;
    if (!peer.open) return;
    const failures = (peer.client?.failures ?? []).filter(({ batch }) => batch > before);
    const { state } = this.#writer;
    peer.link.send(wire.encodeDone({ done, state, figures: this.#figures, failures }));
  }

  #startProbing(told: ReadonlyMap<Peer, number>): void {
    for (const peer of this.#admissions.peers) {
      if (!told.has(peer)) this.#answer(peer, peer.done);
    }
    this.#probing ??= this.#ports.timers.every(PROBE_MS, () => {
      if (!this.#writer.probe()) return;
      this.#probing?.cancel();
      this.#probing = undefined;
      for (const peer of this.#admissions.peers) this.#answer(peer, peer.done);
    });
  }

  #checkpointed(message: CheckpointMessage): void {
    if (this.#stopped) return;
    if ('error' in message) {
      this.#ports.log.warn({ error: message.error }, 'a checkpoint failed');
      return;
    }
    const figures = this.#figures;
    figures.walBytes = message.walBytes;
    if (message.checkpointMs === 0) return;
    figures.lastCheckpointMs = message.checkpointMs;
    figures.maxCheckpointMs = Math.max(figures.maxCheckpointMs, message.checkpointMs);
    if (message.resetDue) this.#resetLog();
  }

  /** Between two commits, for a message is heard only there. */
  #resetLog(): void {
    const { clock, log } = this.#ports;
    const began = clock.monotonicMs();
    if (began < this.#resetNotBefore) return;
    try {
      if (!resetLog(this.#db)) this.#resetNotBefore = began + RESET_AGAIN_MS;
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the log could not be reset');
    }
    this.#figures.resets++;
    this.#figures.maxResetMs = Math.max(this.#figures.maxResetMs, clock.monotonicMs() - began);
  }
}
