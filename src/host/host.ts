// Loads modules in the order of their needs, gives each its view of the server, and takes everything back at stop.
import type { Jid } from '../protocol/jid.ts';
import type { Clock, Random, TimerHandle, Timers } from '../util/clock.ts';
import { InvariantError, OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import type { StatementId, Storage } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import type { AdHocCommand } from './ad-hoc.ts';
import { EarlyAnswerers } from './before-login.ts';
import { DiscoEntries, type DiscoInfo, type DiscoPlace } from './disco.ts';
import { InlineBinds } from './inline-bind.ts';
import { HookTable, type HookName, type HookOptions, type Hooks } from './hooks.ts';
import type {
  CommandHandler,
  DiscoNode,
  IqHandler,
  IqTarget,
  Loader,
  Module,
  ModuleDeclaration,
  ModuleHost,
  Service,
} from './module.ts';
import type { PresenceRules } from './presence-rules.ts';
import type { Registrar } from './registrar.ts';
import type { ElementHandler } from './stream-session.ts';
import type { AccountView, SessionView, Slot } from './views.ts';

export { inOrder, schemaOf } from './module-order.ts';

/** What the host needs of the rest of the worker. */
export interface HostParts {
  readonly storage: Storage;
  readonly xml: XmlContext;
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly addIq: (
    target: IqTarget,
    ns: string,
    name: string,
    handler: IqHandler,
    module: string,
  ) => boolean;
  readonly removeIq: (target: IqTarget, ns: string, name: string) => void;
  readonly accounts: () => Iterable<AccountView>;
  readonly send: (stanza: Stanza, from: Jid, to: Jid) => void;
  readonly fanOut: (stanza: Stanza, from: Jid, to: readonly Jid[]) => void;
  readonly mayTell: (stanza: Stanza, account: AccountView, to: Jid) => boolean;
  /** The address of a prepared text. */
  readonly address: (text: string) => Jid | undefined;
  /** Absent: there are no administrators. */
  readonly isAdmin?: (jid: Jid) => boolean;
  /** Absent: there is nobody who could run commands. */
  readonly run?: ModuleHost['run'];
  readonly version?: string;
  readonly registrar?: Registrar;
  /** Absent: no client answers. */
  readonly ask?: (
    session: SessionView,
    content: Bytes,
    done: (answer: Stanza | undefined) => void,
  ) => void;
}

export class Counter {
  readonly name: string;
  readonly help: string;
  value = 0;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(count = 1): void {
    this.value += count;
  }
}

interface Running {
  readonly module: Module;
  readonly options: unknown;
  readonly undo: (() => void)[];
  /** It reads rows when an account is loaded. */
  loads: boolean;
}

/** A module as `xmppd module list` shows it. */
export interface ModuleState {
  readonly name: string;
  readonly summary: string;
  readonly running: boolean;
}

export class Host {
  readonly hooks = new HookTable();
  readonly inlineBinds: InlineBinds;
  readonly loaders: Loader[] = [];
  readonly counters: Counter[] = [];
  readonly namedSessionSlots: Slot<unknown>[] = [];
  readonly early = new EarlyAnswerers();
  private readonly disco = new DiscoEntries();
  private discoNodes: readonly DiscoNode[] = [];
  private streamFeatureMakers: readonly (() => Bytes)[] = [];
  private readonly parts: HostParts;
  private readonly running = new Map<string, Running>();
  /** Stopped by an administrator; they can be started again. */
  private readonly stopped = new Map<string, Running>();
  private readonly commands = new Map<string, CommandHandler>();
  private readonly adHoc: AdHocCommand[] = [];
  private accountSlots = 0;
  private sessionSlots = 0;
  private readonly services = new Map<string, unknown>();
  private readonly sharedAccountSlots = new Map<string, Slot<unknown>>();
  private readonly sharedSessionSlots = new Map<string, Slot<unknown>>();
  private readonly elements = new Map<string, ElementHandler>();
  private features: Bytes | undefined;
  /** The one keeper of contacts and subscriptions. */
  presenceRules: PresenceRules | undefined;
  private binds: readonly string[] | undefined;

  constructor(parts: HostParts) {
    this.parts = parts;
    this.inlineBinds = new InlineBinds(parts.log);
  }

  /** @throws OperatorError when two modules want the same place */
  start(module: Module, options: unknown): void {
    const entry: Running = { module, options, undo: [], loads: false };
    this.running.set(module.declaration.name, entry);
    this.features = undefined;
    this.binds = undefined;
    module.setup(this.viewFor(entry));
  }

  /** Those that run, in the order of their start, then those that were stopped. */
  modules(): readonly ModuleState[] {
    const state = (running: boolean) => (entry: Running) => ({
      name: entry.module.declaration.name,
      summary: entry.module.declaration.summary,
      running,
    });
    return [
      ...[...this.running.values()].map(state(true)),
      ...[...this.stopped.values()].map(state(false)),
    ];
  }

  /**
   * Stops a module by an administrator's wish; `startAgain` brings it back with the options it had.
   * @throws OperatorError `module-missing`, `module-needed`, `module-restart`
   */
  stopModule(name: string): void {
    const entry = this.running.get(name);
    if (entry === undefined) throw missingModule(name, 'does not run');
    const dependent = this.declarations().find((other) => other.needs?.includes(name));
    if (dependent !== undefined) {
      throw new OperatorError(
        'module-needed',
        `Module ${name} is needed by module ${dependent.name}, which runs.`,
        `Stop ${dependent.name} first.`,
      );
    }
    // What it holds of accounts in memory would be missing from them when it starts again.
    if (entry.loads) {
      throw new OperatorError(
        'module-restart',
        `Module ${name} holds data of the accounts in memory and cannot be stopped alone.`,
        `Write "modules: { ${name}: false }" into the configuration and restart.`,
      );
    }
    this.stop(name);
    this.stopped.set(name, entry);
  }

  /** @throws OperatorError `module-missing`, `module-needs`, `module-conflict` */
  startAgain(name: string): void {
    const entry = this.stopped.get(name);
    if (entry === undefined) throw missingModule(name, 'was not stopped');
    const { module, options } = entry;
    const need = module.declaration.needs?.find((other) => !this.running.has(other));
    if (need !== undefined) {
      throw new OperatorError(
        'module-needs',
        `Module ${name} needs module ${need}, which does not run.`,
        `Start ${need} first.`,
      );
    }
    this.stopped.delete(name);
    this.start(module, options);
  }

  /** The handler of an administrator's question. */
  commandFor(verb: string): CommandHandler | undefined {
    return this.commands.get(verb);
  }

  stop(name: string): void {
    const entry = this.running.get(name);
    if (entry === undefined) return;
    this.running.delete(name);
    this.features = undefined;
    this.binds = undefined;
    for (const undo of entry.undo.reverse()) undo();
  }

  /** Statements that delete what an account left behind. */
  removals(): readonly StatementId[] {
    return this.declarations().flatMap((declaration) =>
      (declaration.removals ?? []).map((name) => this.parts.storage.statement(name)),
    );
  }

  stopAll(): void {
    for (const name of [...this.running.keys()].reverse()) this.stop(name);
  }

  declarations(): readonly ModuleDeclaration[] {
    return [...this.running.values()].map((entry) => entry.module.declaration);
  }

  /** What modules add to <stream:features/>, always in the same order. */
  streamFeatures(): Bytes {
    return (this.features ??= [
      ...this.declarations().flatMap((declaration) => declaration.streamFeatures ?? []),
      ...this.streamFeatureMakers.map((make) => make()),
    ]
      .sort()
      .join('') as Bytes);
  }

  /** Who handles elements of that namespace which are no stanzas; undefined: nobody. */
  elementHandler(ns: string): ElementHandler | undefined {
    return this.elements.get(ns);
  }

  /** What modules take inside Bind 2 requests; the same list until modules change. */
  bindFeatures(): readonly string[] {
    return (this.binds ??= this.declarations().flatMap(
      (declaration) => declaration.bindFeatures ?? [],
    ));
  }

  private discoInfo(place: DiscoPlace): DiscoInfo {
    const declared = this.declarations().flatMap(({ features }) => features?.[place] ?? []);
    return this.disco.info(place, declared);
  }

  private slot<T>(
    shared: Map<string, Slot<unknown>>,
    name: string | undefined,
    make: () => Slot<T>,
  ): Slot<T> {
    const known = name === undefined ? undefined : shared.get(name);
    const slot = (known as Slot<T> | undefined) ?? make();
    if (name !== undefined) shared.set(name, slot);
    return slot;
  }

  private viewFor(entry: Running): ModuleHost {
    const { parts } = this;
    const { options, undo } = entry;
    const { name } = entry.module.declaration;
    const listed = <T>(list: T[], item: T): void => {
      list.push(item);
      undo.push(() => list.splice(list.indexOf(item), 1));
    };
    const log = parts.log.child({ module: name });
    const keep = (handle: TimerHandle): void => {
      undo.push(() => {
        handle.cancel();
      });
    };
    const guarded = (run: () => void) => (): void => {
      try {
        run();
      } catch (error) {
        log.error(
          { err: error },
          'a timer, an answer or the end of this module threw. This is a bug of the module; the server goes on.',
        );
      }
    };
    return {
      options,
      clock: parts.clock,
      random: parts.random,
      log,
      storage: parts.storage,
      xml: parts.xml,
      hosts: parts.hosts,
      version: parts.version ?? '',
      registrar: parts.registrar,
      declarations: () => this.declarations(),
      on: <N extends HookName>(hook: N, settings: HookOptions, handler: Hooks[N]) => {
        const takeBack = this.hooks.add(hook, name, settings, handler);
        undo.push(takeBack);
        return takeBack;
      },
      iq: (target, ns, child, handler) => {
        if (!parts.addIq(target, ns, child, handler, name)) {
          throw new OperatorError(
            'module-conflict',
            `Module ${name} wants to answer <${child} xmlns='${ns}'/> (${target}), which another module answers.`,
            'Leave one of the two out.',
          );
        }
        undo.push(() => {
          parts.removeIq(target, ns, child);
        });
      },
      element: (ns, handler) => {
        if (this.elements.has(ns)) {
          throw new OperatorError(
            'module-conflict',
            `Module ${name} wants to handle the elements of ${ns}, which another module handles.`,
            'Leave one of the two out.',
          );
        }
        this.elements.set(ns, handler);
        undo.push(() => this.elements.delete(ns));
      },
      bindInline: (ns, handler) => {
        if (!this.inlineBinds.add(ns, handler)) {
          throw new OperatorError(
            'module-conflict',
            `Module ${name} wants to take ${ns} when a resource is bound, which another module takes.`,
            'Leave one of the two out.',
          );
        }
        undo.push(() => this.inlineBinds.remove(ns));
      },
      onBound: (addition) => {
        this.inlineBinds.addAddition(addition);
        undo.push(() => this.inlineBinds.removeAddition(addition));
      },
      disco: (place, what) => {
        undo.push(this.disco.add(place, what));
      },
      discoNode: (node) => {
        this.discoNodes = [...this.discoNodes, node];
        undo.push(() => {
          this.discoNodes = this.discoNodes.filter((other) => other !== node);
        });
      },
      discoInfo: (place) => this.discoInfo(place),
      discoNodes: () => this.discoNodes,
      streamFeature: (make) => {
        this.streamFeatureMakers = [...this.streamFeatureMakers, make];
        undo.push(() => {
          this.streamFeatureMakers = this.streamFeatureMakers.filter((other) => other !== make);
        });
      },
      beforeLogin: (answerer) => {
        undo.push(this.early.add(answerer));
      },
      ask: (session, content, done) => {
        if (parts.ask === undefined) done(undefined);
        else
          parts.ask(session, content, (answer) => {
            guarded(() => {
              done(answer);
            })();
          });
      },
      accountSlot: <T>(initial: () => T, shared?: string): Slot<T> =>
        this.slot(this.sharedAccountSlots, shared, () => ({ index: this.accountSlots++, initial })),
      sessionSlot: <T>(initial: () => T, shared?: string): Slot<T> =>
        this.slot(this.sharedSessionSlots, shared, () => ({ index: this.sessionSlots++, initial })),
      storedSessionSlot: <T>(initial: () => T, slotName: string): Slot<T> => {
        const slot: Slot<T> = { index: this.sessionSlots++, initial, name: `${name}.${slotName}` };
        this.namedSessionSlots.push(slot);
        return slot;
      },
      // Tickets count the units submitted (see Ticket), so the count is the last one.
      read: (query, params) => parts.storage.read(query, params, parts.storage.stats().submitted),
      onStop: (run) => {
        undo.push(guarded(run));
      },
      onLoad: (loader) => {
        entry.loads = true;
        listed(this.loaders, loader);
      },
      every: (ms, run) => {
        keep(parts.timers.every(ms, guarded(run)));
      },
      after: (ms, run) => {
        keep(parts.timers.after(ms, guarded(run)));
      },
      command: (verb, handler) => {
        if (this.commands.has(verb)) {
          throw new OperatorError(
            'module-conflict',
            `Module ${name} wants to answer ${verb}, which another module answers.`,
            'Leave one of the two out.',
          );
        }
        this.commands.set(verb, handler);
        undo.push(() => this.commands.delete(verb));
      },
      adHoc: (command) => {
        listed(this.adHoc, command);
      },
      adHocCommands: () => this.adHoc,
      isAdmin: (jid) => parts.isAdmin?.(jid) ?? false,
      run: (command, args) =>
        parts.run?.(command, args) ??
        Promise.reject(
          new OperatorError('server-not-running', 'the server is not running', 'Start it first.'),
        ),
      accounts: () => parts.accounts(),
      send: (stanza, from, to) => {
        const sender = from ?? parts.address(stanza.from ?? '');
        const recipient = to ?? parts.address(stanza.to ?? '');
        if (sender !== undefined && recipient !== undefined) parts.send(stanza, sender, recipient);
      },
      fanOut: (stanza, from, to) => {
        parts.fanOut(stanza, from, to);
      },
      presence: (rules) => {
        if (this.presenceRules !== undefined) {
          throw new OperatorError(
            'module-conflict',
            `Module ${name} wants to keep the contacts, which another module keeps.`,
            'Leave one of the two out.',
          );
        }
        this.presenceRules = rules;
        undo.push(() => {
          this.presenceRules = undefined;
        });
      },
      offer: (service, value) => {
        this.services.set(service.name, value);
        undo.push(() => this.services.delete(service.name));
      },
      use: <T>(service: Service<T>): T => {
        const value = this.services.get(service.name);
        if (value === undefined) {
          throw new InvariantError(
            `module ${name} uses ${service.name}, which nobody it needs offers`,
          );
        }
        return value as T;
      },
      mayTell: (stanza, account, to) => parts.mayTell(stanza, account, to),
      address: (text) => parts.address(text),
      counter: (counter, help) => {
        const made = new Counter(`${name}_${counter}`, help);
        this.counters.push(made);
        return made;
      },
    };
  }
}

function missingModule(name: string, why: string): OperatorError {
  return new OperatorError(
    'module-missing',
    `Module ${name} ${why}.`,
    'Look at `xmppd module list`.',
  );
}
