// The client's end of the link: dials, says hello, dials again with back-off when the writer went away.
import type { TimerHandle, Timers } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { Dial, Link } from './link.ts';
import type { LogLine } from './line-log.ts';
import * as wire from './wire.ts';

const FIRST_BACK_OFF_MS = 20;
const MAX_BACK_OFF_MS = 1000;
/** At start the store may still be starting; longer than that it is an error to tell. */
const OPEN_LIMIT_MS = 10_000;

export interface ConnectionEvents {
  /** The writer is there; what it has not done must be sent (again). */
  welcome(welcome: wire.Welcome): void;
  done(done: wire.Done): void;
  /** The link broke; dialling goes on. */
  lost(): void;
}

export class WriterConnection {
  /** Times that a welcome came after the first. */
  reconnects = 0;
  readonly #dial: Dial;
  readonly #hello: Buffer;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #events: ConnectionEvents;
  #link: Link | undefined;
  #welcomed = false;
  #everWelcomed = false;
  #closing = false;
  #backOffMs = FIRST_BACK_OFF_MS;
  #redial: TimerHandle | undefined;
  #opening: { resolve: () => void; reject: (error: OperatorError) => void } | undefined;
  #closed: (() => void) | undefined;

  constructor(
    dial: Dial,
    hello: wire.Hello,
    ports: { timers: Timers; log: Log },
    events: ConnectionEvents,
  ) {
    this.#dial = dial;
    this.#hello = wire.encodeJson(wire.FRAME_HELLO, hello);
    this.#timers = ports.timers;
    this.#log = ports.log;
    this.#events = events;
  }

  /** @throws OperatorError (rejects): the writer's refusal, or `db-unreachable` after 10 s */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = this.#timers.after(OPEN_LIMIT_MS, () => this.#refused(unreachable()));
      this.#opening = {
        resolve: () => {
          limit.cancel();
          this.#opening = undefined;
          resolve();
        },
        reject: (error) => {
          limit.cancel();
          this.#opening = undefined;
          this.#closing = true;
          this.#redial?.cancel();
          this.#link?.close();
          reject(error);
        },
      };
      this.#connect();
    });
  }

  /** @returns whether it went out; if not, the frame goes with the next welcome */
  send(frame: Buffer): boolean {
    if (!this.#welcomed) return false;
    this.#link?.send(frame);
    return true;
  }

  /** Says good-bye; resolves when the link has ended. */
  close(): Promise<void> {
    this.#closing = true;
    this.#redial?.cancel();
    const link = this.#link;
    if (link === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closed = resolve;
      link.close();
    });
  }

  #connect(): void {
    this.#redial = undefined;
    let current: Link | undefined;
    const dialled = this.#dial({
      frame: (frame) => this.#frame(frame),
      closed: (reason) => {
        if (current !== undefined && current !== this.#link) return;
        this.#lost(reason);
      },
    });
    dialled.then(
      (link) => {
        current = link;
        this.#link = link;
        link.send(this.#hello);
        if (this.#closing) link.close();
      },
      (error: unknown) => this.#lost(String(error)),
    );
  }

  #lost(reason: string): void {
    this.#link = undefined;
    this.#closed?.();
    if (this.#closing) return;
    if (this.#welcomed) this.#log.warn({ reason }, 'the connection to the store broke');
    this.#welcomed = false;
    this.#events.lost();
    this.#redial ??= this.#timers.after(this.#backOffMs, () => this.#connect());
    this.#backOffMs = Math.min(this.#backOffMs * 2, MAX_BACK_OFF_MS);
  }

  #frame(frame: Buffer): void {
    const kind = frame[0];
    if (kind === wire.FRAME_DONE) {
      this.#events.done(wire.decodeDone(frame));
    } else if (kind === wire.FRAME_WELCOME) {
      this.#welcome(wire.decodeJson(frame) as wire.Welcome);
    } else if (kind === wire.FRAME_REFUSED) {
      const { code, message, hint } = wire.decodeJson(frame) as wire.Refusal;
      this.#refused(new OperatorError(code, message, hint));
    } else if (kind === wire.FRAME_LOG) {
      const { level, fields, message } = wire.decodeJson(frame) as LogLine;
      this.#log[level](fields, message);
    }
  }

  #welcome(welcome: wire.Welcome): void {
    this.#welcomed = true;
    this.#backOffMs = FIRST_BACK_OFF_MS;
    if (this.#everWelcomed) this.reconnects++;
    this.#everWelcomed = true;
    this.#events.welcome(welcome);
    this.#opening?.resolve();
  }

  #refused(error: OperatorError): void {
    if (this.#opening !== undefined) {
      this.#opening.reject(error);
      return;
    }
    const { code, hint } = error;
    this.#log.error({ code, hint }, error.message);
  }
}

function unreachable(): OperatorError {
  return new OperatorError(
    'db-unreachable',
    `the store did not answer for ${OPEN_LIMIT_MS / 1000} s`,
    'see what the store process has logged',
  );
}
