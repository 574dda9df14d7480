// What supervisor and workers say to each other over the IPC channel. Plain JSON; sockets travel beside `connection`.
import type { Member } from '../../cluster/membership.ts';

/** Why a process cannot start, as an OperatorError says it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** How a worker is, beside what its channel counts. */
export interface WorkerLoad {
  /** Sessions, accounts, …: whatever the status is to show. */
  readonly [name: string]: number;
}

/** What a process is told with its arguments. */
export interface WorkerSeat {
  readonly slot: number;
  /** Unique to this process: grows with every start of a slot, also over restarts of the server. */
  /** No process filled the slot before: nobody waits for this one to come back. */
  readonly first: boolean;
  readonly epoch: number;
  readonly workers: number;
  /** Where the sockets of links and store are. */
  readonly socketsDirectory: string;
  readonly members: readonly Member[];
}

export interface Ask {
  readonly kind: 'ask';
  readonly id: number;
  readonly verb: string;
  readonly args: unknown;
}

/** Exactly one of value and failure is set. */
export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

export type ToWorker =
  | {
      readonly kind: 'connection';
      readonly listener: string;
      readonly address: string;
      /** It begins with a PROXY header, which names its client. */
      readonly proxied?: true;
    }
  | ({ readonly kind: 'member' } & Member)
  | { readonly kind: 'stop' }
  | Ask
  | Answer;

export interface Beat {
  readonly kind: 'beat';
  /** Connections taken over since the start. */
  readonly received: number;
  /** Connections closed since the last beat, by address. */
  readonly closed: readonly (readonly [address: string, count: number])[];
  /** How late the last regular beat was: how long the event loop was held up. */
  readonly lagMs: number;
  readonly load: WorkerLoad;
}

export type FromWorker =
  Beat | { readonly kind: 'ready' } | ({ readonly kind: 'fail' } & Failure) | Ask | Answer;

/** A worker asks whether the client behind a balancer may have one more connection. */
export const RECOUNT = 'connection.recount';

export interface Recount {
  readonly from: string;
  readonly to: string;
}

/** Marks the argument that carries a worker's seat. */
export const SEAT_ARGUMENT = '--supervised=';
