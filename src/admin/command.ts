// An administrative command, written once: the control socket, the command line and later ad-hoc commands all run it.
import { OperatorError } from '../util/errors.ts';
import type { BareJid, Domain } from '../protocol/jid.ts';
import type { Arguments } from './arguments.ts';

/** What the accounts of this server can be asked to do. Every change is on disk when its promise resolves. */
export interface AdminAccounts {
  /** @throws OperatorError `account-exists` */
  create(address: BareJid, password: string): Promise<void>;
  /** @throws OperatorError `account-missing` */
  setPassword(address: BareJid, password: string): Promise<void>;
  /** Deletes every row of the account and ends its sessions: the name used again inherits nothing. @throws OperatorError `account-missing` */
  remove(address: BareJid): Promise<void>;
  /** Disabled: sessions end and nobody can log in; everything else stays. @throws OperatorError `account-missing` */
  setDisabled(address: BareJid, disabled: boolean): Promise<void>;
  /** Addresses of a domain in ascending order of their code units, behind `after` if given, at most `limit`. */
  list(
    domain: Domain,
    after: BareJid | undefined,
    limit: number,
    state?: AccountState,
  ): Promise<readonly BareJid[]>;
}

/** Which accounts are meant. */
export type AccountState = 'any' | 'disabled';

/**
 * The processes that own accounts, asked by verb (see `ModuleHost.command`). What they answer is JSON.
 * @throws OperatorError (rejects): what the handler says, `command-unknown`, `control-timeout`, `control-broken`
 */
export interface AdminWorkers {
  /** The owner of this account. */
  owner(address: BareJid, verb: string, args?: object): Promise<unknown>;
  /** Any one of them: for what only the database knows. */
  one(verb: string, args?: object): Promise<unknown>;
  /** Every one, in the order of the slots. */
  all(verb: string, args?: object): Promise<readonly unknown[]>;
}

/** One process that serves clients. */
export interface WorkerStatus {
  readonly slot: number;
  readonly pid: number;
  readonly state: 'starting' | 'up' | 'stopping' | 'down';
  readonly connections: number;
  readonly sessions: number;
  readonly restarts: number;
  /** How late its last sign of life was: how long its event loop was held up. */
  readonly lagMs: number;
  readonly residentBytes: number;
  /** Units on their way to the disk. */
  readonly storeWaiting: number;
  /** Stages of shedding in force for want of memory; 0: none. */
  readonly shedding: number;
}

/** How the database keeps up, as the workers see it. */
export interface StoreStatus {
  /** Null where the writer is a thread of the worker. */
  readonly pid: number | null;
  readonly state: 'starting' | 'up' | 'stopping' | 'down';
  readonly restarts: number;
  readonly waiting: number;
  /** Of the write-ahead log, as last measured. */
  readonly walBytes: number;
  readonly lastCommitMs: number;
}

/** An option that differs between what runs and what the file says. */
export interface OptionChange {
  readonly option: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** It holds after a reload; otherwise from the next start. */
  readonly live: boolean;
}

export interface ConfigReport {
  /** Null: the server runs without a file. */
  readonly file: string | null;
  readonly changes: readonly OptionChange[];
}

export interface ServerStatus {
  readonly version: string;
  readonly node: string;
  /** The process to wait for after `stop`. */
  readonly pid: number;
  readonly uptimeMs: number;
  readonly hosts: readonly string[];
  /** `c2s [::]:5222` */
  readonly listening: readonly string[];
  readonly state: 'starting' | 'running' | 'stopping';
  readonly workers: readonly WorkerStatus[];
  readonly store: StoreStatus;
}

export const SERVER_LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type ServerLogLevel = (typeof SERVER_LOG_LEVELS)[number];

/** What the running server can be asked. */
export interface AdminServer {
  status(): Promise<ServerStatus>;
  /** Begins a graceful stop, after a while if wanted, and resolves at once; the process ends when sessions are stored. */
  stop(afterMs?: number): Promise<void>;
  /** Begins to replace every worker by a new process, one after another, and resolves at once. Absent: this server cannot. */
  restart?(afterMs: number): Promise<void>;
  /** Reads the configuration again and puts in force what can be. @throws OperatorError; then nothing has changed */
  reload(): Promise<ConfigReport>;
  /** What a reload would do. @throws OperatorError for a file that cannot be used */
  configDiff(): Promise<ConfigReport>;
  /** Until the next reload. */
  setLogLevel(level: ServerLogLevel): Promise<void>;
  /** Sessions, hibernating ones included, of one domain or of all. */
  countSessions(domain: Domain | undefined): Promise<SessionCount>;
}

export interface SessionCount {
  readonly online: number;
  readonly hibernating: number;
}

/** What commands work on. Without `server` only commands that work on the database can run. */
export interface AdminContext {
  readonly hosts: readonly string[];
  readonly accounts: AdminAccounts;
  readonly server?: AdminServer;
  /** Absent in contexts that only know accounts. */
  readonly workers?: AdminWorkers;
}

/** A command. `run` gets checked arguments; what it throws besides OperatorError is a bug. */
export interface AdminCommand<A extends object, R> {
  readonly noun: string;
  readonly verb: string;
  readonly describe: string;
  readonly args: Arguments<A>;
  /** Whether it can also run on the database while no server does. */
  readonly offline: boolean;
  run(context: AdminContext, args: A): Promise<R>;
}

/** Infers the types of a command's arguments and result. */
export function command<A extends object, R>(definition: AdminCommand<A, R>): AdminCommand<A, R> {
  return definition;
}

/** The running server's part of a context. @throws OperatorError `server-not-running` */
export function requireServer(context: AdminContext): AdminServer {
  if (context.server !== undefined) return context.server;
  throw new OperatorError(
    'server-not-running',
    'the server is not running',
    'Start it with `xmppd start`.',
  );
}

/** Those who own accounts. @throws OperatorError `server-not-running` */
export function requireWorkers(context: AdminContext): AdminWorkers {
  if (context.workers !== undefined) return context.workers;
  throw new OperatorError(
    'server-not-running',
    'the server is not running',
    'Start it with `xmppd start`.',
  );
}

/** @throws OperatorError `host-unknown` for an address of a domain that is not served here */
export function requireHost(context: AdminContext, address: BareJid | Domain): void {
  const host = address.slice(address.indexOf('@') + 1);
  if (context.hosts.includes(host)) return;
  throw new OperatorError(
    'host-unknown',
    `${host} is not served here`,
    `Hosts served: ${context.hosts.join(', ')}. Add it to \`hosts\` in the configuration and restart.`,
  );
}
