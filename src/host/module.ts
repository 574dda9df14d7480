// The contract of a module: it declares as data and registers in setup(); the host undoes it all at stop.
import type { Element } from '../xml/element.ts';
import type { z } from 'zod';
import type { Jid } from '../protocol/jid.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import type { QueryId, Row, Schema, StatementId, Storage, Value } from '../storage/storage.ts';
import type { Clock, Random } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import type { HookName, HookOptions, Hooks } from './hooks.ts';
import type { AccountView, Reference, SessionView, Slot } from './views.ts';

export interface XepReference {
  /** `XEP-0199`, `RFC 6121`. */
  readonly spec: string;
  /** Version of the text this was read against. */
  readonly version: string;
  readonly status: 'complete' | 'partial';
  readonly note?: string;
}

export interface ModuleDeclaration {
  /** Its name in the configuration. */
  readonly name: string;
  readonly summary: string;
  readonly xeps: readonly XepReference[];
  /** Disco features, where a client looks for them. */
  readonly features?: { readonly host?: readonly string[]; readonly account?: readonly string[] };
  /** Children of <stream:features/> after log-in; the same bytes on every stream. */
  readonly streamFeatures?: readonly Bytes[];
  /**
   * Options with units in their names, defaults, descriptions. As a function that imports them they are read where the
   * configuration is checked and nowhere else: `ModuleHost.options` then holds what the file says, checked, or undefined,
   * and defaults are the module's own. Workers do not load the schema library for such a module.
   */
  readonly options?: z.ZodType | (() => Promise<z.ZodType>);
  /** Names of modules that must run before this one. */
  readonly needs?: readonly string[];
  /** Tables and statements. */
  readonly stores?: Schema;
  /** Names of writes that delete what an account left; their only parameter is its owner id. */
  readonly removals?: readonly string[];
}

/** Where an iq is answered: at the host's own address, or at an account's bare JID by its owner. */
export type IqTarget = 'host' | 'account';

export interface IqRequest {
  readonly stanza: Stanza;
  readonly type: 'get' | 'set';
  readonly payload: Element;
  readonly from: Jid;
  /** The address as sent; for an iq without `to`, the sender's bare JID (RFC 6120 §10.3.3). */
  readonly to: Jid;
  /** The account asked (target account), else undefined. */
  readonly account: AccountView | undefined;
  /** Sender and account asked are one: the owner's own session asks. */
  readonly own: boolean;
  /** The sender's session, when it is a session of this worker's account. */
  readonly session: SessionView | undefined;
  /** What is answered where there is no such account, or nobody answers such requests (RFC 6121 §8.5.1). */
  unknown(): StanzaError;
  /** A row of this request's unit: answer and pushes leave after its commit, an error is answered if it fails. */
  write(statement: StatementId, ...params: Value[]): void;
  /** A complete stanza for a session of the account, after the commit. */
  push(session: SessionView, stanza: Bytes): void;
  /** A complete stanza for the requester, before the answer (archive results). */
  before(stanza: Bytes, reference?: Reference): void;
  /** Runs after the commit: where memory follows the disk. Never runs if the unit fails. */
  committed(run: () => void): void;
}

/**
 * @returns the content of the result (undefined: empty), or a promise of it: then other stanzas go on meanwhile; one that is not
 *   kept within 30 s is answered internal-server-error, and what was to be written is not.
 * @throws StanzaError answered as an error; anything else is a bug, answered internal-server-error.
 */
export type IqHandler = (request: IqRequest) => Bytes | undefined | Promise<Bytes | undefined>;

/** Rows that an account needs in memory, read in the one batch of its loading. */
export interface Loader {
  /** Its only parameter is the account's owner id. */
  readonly query: QueryId;
  /** Called before the first stanza of the account is handled. */
  readonly apply: (account: AccountView, rows: readonly (readonly Value[])[]) => void;
}

export interface ModuleHost {
  readonly options: unknown;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly storage: Storage;
  readonly xml: XmlContext;
  /** The virtual hosts served. They come and go while the server runs, in this one array: keep no copy. */
  readonly hosts: readonly string[];
  /** Every loaded module's declaration (disco reads them). */
  declarations(): readonly ModuleDeclaration[];
  on<N extends HookName>(hook: N, options: HookOptions, handler: Hooks[N]): void;
  /** One handler for each (target, namespace, name); a second registration is an operator error. */
  iq(target: IqTarget, ns: string, name: string, handler: IqHandler): void;
  /** @param shared a name under which other modules get the same slot; the first one's `initial` holds */
  accountSlot<T>(initial: () => T, shared?: string): Slot<T>;
  sessionSlot<T>(initial: () => T, shared?: string): Slot<T>;
  /** A session slot whose value is JSON and outlives a graceful restart with its session, under this name. */
  storedSessionSlot<T>(initial: () => T, name: string): Slot<T>;
  /** A page of rows that shows everything this worker has submitted so far. @throws StorageError (rejects) */
  read(query: QueryId, params: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Told the options anew when a reload has changed one of them; without it they hold from the next start. The metadata of
   * an option says `live: true` where this applies it.
   */
  onOptions(apply: (options: unknown) => void): void;
  /** Runs when the module stops, while units are still taken: the place to write what is in memory alone. */
  onStop(run: () => void): void;
  onLoad(loader: Loader): void;
  every(ms: number, run: () => void): void;
  /** Accounts in memory on this worker. */
  accounts(): Iterable<AccountView>;
  /** A stanza of the server's own, routed like any other. */
  send(stanza: Stanza): void;
  /** A plain counter that metrics read on scrape. */
  counter(name: string, help: string): { add(count?: number): void };
}

/** A feature or a third-party package. */
export interface Module {
  readonly declaration: ModuleDeclaration;
  setup(host: ModuleHost): void;
}
