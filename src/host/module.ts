// The contract of a module: it declares as data and registers in setup(); the host undoes it all at stop.
import type { z } from 'zod';
import type { Jid } from '../protocol/jid.ts';
import type { QueryId, Row, Schema, Storage, Value } from '../storage/storage.ts';
import type { Clock, Random } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import type { AdHocCommand } from './ad-hoc.ts';
import type { EarlyAnswerer } from './before-login.ts';
import type { DiscoInfo, DiscoPlace } from './disco.ts';
import type { HookName, HookOptions, Hooks } from './hooks.ts';
import type { PresenceRules } from './presence-rules.ts';
import type { ElementHandler } from './stream-session.ts';
import type { BoundAddition, InlineBind } from './inline-bind.ts';
import type { IqRequest } from './iq-request.ts';
import type { Registrar } from './registrar.ts';
import type { AccountView, SessionView, Slot } from './views.ts';

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
  /** XEP-0386 §4.1: what a client may ask for inside `<bind/>`, as its `<inline/>` lists it. */
  readonly bindFeatures?: readonly string[];
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
  /** Names of writes that end what was given for a password; run when it changes. Their only parameter is the owner id. */
  readonly revocations?: readonly string[];
}

export type { IqRequest } from './iq-request.ts';

/** Where an iq is answered: at the host's own address, or at an account's bare JID by its owner. */
export type IqTarget = 'host' | 'account';

/**
 * @returns the content of the result (undefined: empty), or a promise of it: then other stanzas go on meanwhile; one that is not
 *   kept within 30 s is answered internal-server-error, and what was to be written is not.
 * @throws StanzaError answered as an error; anything else is a bug, answered internal-server-error.
 */
export type IqHandler = (request: IqRequest) => Bytes | undefined | Promise<Bytes | undefined>;

/**
 * What administrators ask of a worker. Arguments were checked by the command that asks.
 * @param account in memory; undefined when the arguments name no `address`
 * @returns JSON, or a promise of it
 * @throws OperatorError (also as a rejection) told to the administrator
 */
export type CommandHandler = (
  args: Readonly<Record<string, unknown>>,
  account: AccountView | undefined,
) => unknown;
/** Answers for nodes. @returns the content of <query/>; undefined: not a node of this module. @throws StanzaError */
export interface DiscoNode {
  readonly info?: (node: string, request: IqRequest) => Bytes | undefined;
  readonly items?: (node: string, request: IqRequest) => Bytes | undefined;
}

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
  /** The version of the server. */
  readonly version: string;
  /** Makes and removes accounts; undefined where nobody may. */
  readonly registrar: Registrar | undefined;
  /** Every loaded module's declaration (disco reads them). */
  declarations(): readonly ModuleDeclaration[];
  /** @returns a function that takes the handler back before the module stops */
  on<N extends HookName>(hook: N, options: HookOptions, handler: Hooks[N]): () => void;
  /** One handler for each (target, namespace, name); a second registration is an operator error. */
  iq(target: IqTarget, ns: string, name: string, handler: IqHandler): void;
  /** One handler for each namespace; a second registration is an operator error. Runs where the connection is. */
  element(ns: string, handler: ElementHandler): void;
  /** Takes the children of Bind 2 requests in a namespace; a second registration is an operator error. */
  bindInline(ns: string, handler: InlineBind): void;
  /** Adds a child to every `<bound/>` of Bind 2. */
  onBound(addition: BoundAddition): void;
  /** Adds to what disco#info says of a place; what never changes stands in the declaration. */
  disco(place: DiscoPlace, said: Partial<DiscoInfo>): void;
  /** Answers disco#info and disco#items for nodes. */
  discoNode(node: DiscoNode): void;
  /** All that is said of a place so far, declared features included. */
  discoInfo(place: DiscoPlace): DiscoInfo;
  /** What modules answer for nodes, in the order in which they came. */
  discoNodes(): readonly DiscoNode[];
  /** A child of <stream:features/> after log-in, made when all modules have started and kept until one starts or stops. */
  streamFeature(make: () => Bytes): void;
  /** Takes a request before log-in. */
  beforeLogin(answerer: EarlyAnswerer): void;
  /**
   * Asks the client of a session, in the name of its account. Nothing is kept of it over a restart.
   * @param done the client's answer (result or error); undefined: none came in 30 s, or too much is being asked
   */
  ask(session: SessionView, content: Bytes, done: (answer: Stanza | undefined) => void): void;
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
  after(ms: number, run: () => void): void;
  /** Answers administrators; `verb` is `feature.verb`, and each has one handler. The owner of the address asked for answers, else every worker. */
  command(verb: string, handler: CommandHandler): void;
  /** An ad-hoc command (XEP-0050). */
  adHoc(command: AdHocCommand): void;
  /** Every ad-hoc command there is, in the order of registration. */
  adHocCommands(): readonly AdHocCommand[];
  /** Whether the address is that of an administrator whose account this worker owns. */
  isAdmin(jid: Jid): boolean;
  /** Runs an administrative command by its name in the grammar. @throws OperatorError (rejects) */
  run(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Accounts in memory on this worker. */
  accounts(): Iterable<AccountView>;
  /**
   * A stanza of the server's own, routed like any other.
   * @param from, to stand in for the stanza's own attributes
   */
  send(stanza: Stanza, from?: Jid, to?: Jid): void;
  /**
   * One presence to many bare JIDs, in one frame for each worker. Accounts of which nobody is on line are not read for it.
   * @param to bare JIDs
   */
  fanOut(stanza: Stanza, from: Jid, to: readonly Jid[]): void;
  /** The rules of subscriptions and contacts; one module's alone. @throws OperatorError */
  presence(rules: PresenceRules): void;
  /** Offers something to modules that name this one in their needs. */
  offer<T>(service: Service<T>, value: T): void;
  /** What a module named in the needs offers. @throws InvariantError if it is not there */
  use<T>(service: Service<T>): T;
  /** Asks the other modules (`presence.out`). True: `to` may be told. Always true for the account's own address. */
  mayTell(stanza: Stanza, account: AccountView, to: Jid): boolean;
  /** The address of a text that was prepared before. */
  address(prepared: string): Jid | undefined;
  /** A plain counter that metrics read on scrape. */
  counter(name: string, help: string): { add(count?: number): void };
}

/** What one module offers to those that need it; the name is unique. Its type is that of the value. */
export interface Service<T> {
  readonly name: string;
  /** Never there: it carries the type. */
  readonly type?: T;
}

/** A feature or a third-party package. */
export interface Module {
  readonly declaration: ModuleDeclaration;
  setup(host: ModuleHost): void;
}
