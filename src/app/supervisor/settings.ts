// What a supervisor needs to be told, and its ports.
import type { Clock, Timers } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';
import type { BoundAddress, ListenerSettings } from './listeners.ts';
import type { RestartLimit } from './restart-policy.ts';

export interface SupervisorSettings {
  readonly listeners: readonly ListenerSettings[];
  readonly workers: number;
  /** Where the sockets of links and store are; handed to the workers. */
  readonly socketsDirectory: string;
  /** 0 is no limit. */
  readonly connectionsPerAddress: number;
  /** A worker silent for this long, once it has beaten, is killed and replaced. Default 5 s. */
  readonly hangTimeoutMs?: number;
  /** A process not ready after this long is killed and replaced. Default 60 s: migrations take time. */
  readonly startTimeoutMs?: number;
  /** How long workers may take to store their sessions at the end. Default 15 s. */
  readonly stopTimeoutMs?: number;
  /** Default 10 in 60 s, for all processes together. */
  readonly restartLimit?: RestartLimit;
}

/** What may change while it runs. */
export type LiveSupervisorSettings = Pick<SupervisorSettings, 'connectionsPerAddress'>;

/** What a running supervisor can be asked. */
export interface SupervisorControl {
  readonly bound: readonly BoundAddress[];
  status(): SupervisorStatus;
  /** Somebody would take a connection that came now. */
  readonly canTake: boolean;
  configure(settings: LiveSupervisorSettings): void;
  /** The same as SIGTERM. */
  stop(): void;
  /** Replaces every worker by a new process, one after another. Nothing if that is under way already. */
  restart(): void;
  /** Asks a worker. @throws OperatorError `control-timeout`, `control-broken`, or what the worker threw */
  ask(slot: number, verb: string, args: unknown, timeoutMs: number): Promise<unknown>;
}

export interface ProcessStatus {
  readonly state: 'starting' | 'ready' | 'stopping' | 'down';
  readonly pid: number | null;
  /** Starts after the first. */
  readonly restarts: number;
}

export interface WorkerStatus extends ProcessStatus {
  readonly slot: number;
  readonly epoch: number;
  readonly connections: number;
  readonly lagMs: number;
  /** What the worker said of itself at its last beat. */
  readonly load: Readonly<Record<string, number>>;
}

/** Plain JSON. */
export interface SupervisorStatus {
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly listeners: readonly BoundAddress[];
  readonly workers: readonly WorkerStatus[];
  readonly store: ProcessStatus | null;
}

export type ServerSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The part of `process` that receives signals. */
export interface SignalSource {
  on(signal: ServerSignal, listener: () => void): unknown;
  off(signal: ServerSignal, listener: () => void): unknown;
}

export interface SupervisorOptions {
  readonly settings: SupervisorSettings;
  /** Compiled entry of a worker, which calls `connectSupervisor`. */
  readonly entry: URL;
  readonly entryArgs?: readonly string[];
  /**
   * Compiled entry of the store, started before the workers when there is more than one. It sends `{ ready: true }`, or
   * `{ ready: false, code, message, hint }`, and ends at SIGTERM.
   */
  readonly storeEntry?: URL;
  readonly storeArgs?: readonly string[];
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signals: SignalSource;
  /** All workers are ready for the first time. */
  readonly onStarted?: (control: SupervisorControl) => void;
  /** SIGHUP: by custom, the configuration is to be read again. */
  readonly onHangup?: () => void;
  /** The server begins to stop. */
  readonly onStopping?: () => void;
  /** A rush of connections is over: a good moment to return memory. */
  readonly onCalm?: () => void;
  /** Answers what workers ask beside `status` and `stop`. */
  readonly answer?: (slot: number, verb: string, args: unknown) => unknown;
}

export const DEFAULTS = {
  hangTimeoutMs: 5_000,
  startTimeoutMs: 60_000,
  stopTimeoutMs: 15_000,
} as const;
