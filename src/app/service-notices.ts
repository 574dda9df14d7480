// Tells systemd how the server is: sd_notify(3). Node.js has no datagram sockets of the Unix kind, so the program
// `systemd-notify` speaks for us, beside our work and never waited for.
import { spawn } from 'node:child_process';
import type { ServiceEnvironment } from '../config/index.ts';
import type { TimerHandle, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** Runs `systemd-notify` with these assignments; `done` is told whether it worked. */
export type Notify = (assignments: readonly string[], done: (error?: Error) => void) => void;

export interface ServiceNoticesParts {
  readonly environment: ServiceEnvironment;
  readonly notify: Notify;
  /** Asked at each sign of life: a server that is not healthy gives none, and is started anew. */
  readonly healthy: () => boolean;
  /** Of the system, CLOCK_MONOTONIC, in microseconds: systemd compares it with its own. */
  readonly monotonicMicroseconds: () => bigint;
  readonly timers: Timers;
  readonly log: Log;
}

/** Notices that wait while one is on its way; more than these are states that nobody has seen. */
const MAX_WAITING = 16;

export class ServiceNotices {
  private readonly parts: ServiceNoticesParts;
  private readonly waiting: (readonly string[])[] = [];
  private busy = false;
  private complained = false;
  private watchdog: TimerHandle | undefined;

  constructor(parts: ServiceNoticesParts) {
    this.parts = parts;
  }

  ready(status: string): void {
    this.say(['READY=1', `STATUS=${status}`]);
    const { watchdogMs } = this.parts.environment;
    if (watchdogMs === undefined) return;
    // sd_watchdog_enabled(3): at half the time.
    this.watchdog ??= this.parts.timers.every(Math.max(watchdogMs / 2, 100), () => {
      if (this.parts.healthy()) this.say(['WATCHDOG=1']);
    });
  }

  /** systemd.service(5), Type=notify-reload: with the time at which the reload began. `reloaded` must follow. */
  reloading(): void {
    const now = this.parts.monotonicMicroseconds();
    this.say(['RELOADING=1', `MONOTONIC_USEC=${now.toString()}`]);
  }

  reloaded(status: string): void {
    this.say(['READY=1', `STATUS=${status}`]);
  }

  stopping(): void {
    this.watchdog?.cancel();
    this.say(['STOPPING=1', 'STATUS=storing sessions']);
  }

  /** In order, one at a time: a READY must not overtake its RELOADING. */
  private say(assignments: readonly string[]): void {
    if (!this.parts.environment.notify || this.waiting.length >= MAX_WAITING) return;
    this.waiting.push(assignments);
    this.next();
  }

  private next(): void {
    const assignments = this.busy ? undefined : this.waiting.shift();
    if (assignments === undefined) return;
    this.busy = true;
    this.parts.notify(assignments, (error) => {
      this.busy = false;
      if (error !== undefined && !this.complained) {
        this.complained = true;
        this.parts.log.warn({ err: error }, 'systemd could not be told how the server is');
      }
      this.next();
    });
  }
}

/** How long one notice may take: systemd answers at once, or is not there. */
const LIMIT_MS = 5000;

/** By the program `systemd-notify`; the unit needs NotifyAccess=all, for it is not the main process that speaks. */
export const notifyByProgram: Notify = (assignments, done) => {
  const child = spawn('systemd-notify', [...assignments], { stdio: 'ignore', timeout: LIMIT_MS });
  let said = false;
  const once = (error?: Error): void => {
    if (said) return;
    said = true;
    done(error);
  };
  child.once('error', once);
  child.once('close', (code) => {
    once(code === 0 ? undefined : new NoticeError(`systemd-notify ended with ${String(code)}`));
  });
};

class NoticeError extends Error {
  override readonly name = 'NoticeError';
}
