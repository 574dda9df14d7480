// Loads modules in the order of their needs, gives each its view of the server, and takes everything back at stop.
import type { Clock, Random, TimerHandle, Timers } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import type { Schema, StatementId, Storage } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import { HookTable, type HookName, type HookOptions, type Hooks } from './hooks.ts';
import type {
  IqHandler,
  IqTarget,
  Loader,
  Module,
  ModuleDeclaration,
  ModuleHost,
} from './module.ts';
import type { AccountView, Slot } from './views.ts';

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
  readonly send: (stanza: Stanza) => void;
}

/** @throws OperatorError for a module that needs one that is not there, or a cycle of needs */
export function inOrder(modules: readonly Module[]): readonly Module[] {
  const byName = new Map(modules.map((module) => [module.declaration.name, module]));
  const done = new Set<Module>();
  const under = new Set<Module>();
  const visit = (module: Module): void => {
    if (done.has(module)) return;
    const { name } = module.declaration;
    if (under.has(module)) {
      throw new OperatorError(
        'module-needs',
        `Module ${name} needs itself, by way of others.`,
        'Correct the "needs" of these modules.',
      );
    }
    under.add(module);
    for (const need of module.declaration.needs ?? []) {
      const other = byName.get(need);
      if (other === undefined) {
        throw new OperatorError(
          'module-needs',
          `Module ${name} needs module ${need}, which is not loaded.`,
          `Load ${need}, or leave ${name} out with "modules: { ${name}: false }".`,
        );
      }
      visit(other);
    }
    done.add(module);
  };
  for (const module of modules) visit(module);
  return [...done];
}

/** All that features want of the database. */
export function schemaOf(modules: readonly Module[], base: Schema): Schema {
  const stores = [base, ...modules.flatMap((module) => module.declaration.stores ?? [])];
  return {
    migrations: stores.flatMap((store) => store.migrations),
    writes: stores.flatMap((store) => store.writes),
    reads: stores.flatMap((store) => store.reads),
  };
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
  readonly undo: (() => void)[];
  options: unknown;
  apply: ((options: unknown) => void) | undefined;
}

export class Host {
  readonly hooks = new HookTable();
  readonly loaders: Loader[] = [];
  readonly counters: Counter[] = [];
  readonly namedSessionSlots: Slot<unknown>[] = [];
  private readonly parts: HostParts;
  private readonly running = new Map<string, Running>();
  private accountSlots = 0;
  private sessionSlots = 0;
  private readonly sharedAccountSlots = new Map<string, Slot<unknown>>();
  private readonly sharedSessionSlots = new Map<string, Slot<unknown>>();
  private features: Bytes | undefined;

  constructor(parts: HostParts) {
    this.parts = parts;
  }

  /** @throws OperatorError when two modules want the same place */
  start(module: Module, options: unknown): void {
    const running: Running = { module, undo: [], options, apply: undefined };
    this.running.set(module.declaration.name, running);
    this.features = undefined;
    module.setup(this.viewFor(module.declaration, running));
  }

  /** Gives a running module its options, where they differ and it can take them. */
  configure(name: string, options: unknown): void {
    const running = this.running.get(name);
    if (running?.apply === undefined) return;
    if (JSON.stringify(options) === JSON.stringify(running.options)) return;
    running.options = options;
    running.apply(options);
  }

  stop(name: string): void {
    const entry = this.running.get(name);
    if (entry === undefined) return;
    this.running.delete(name);
    this.features = undefined;
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
    return (this.features ??= this.declarations()
      .flatMap((declaration) => declaration.streamFeatures ?? [])
      .sort()
      .join('') as Bytes);
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

  private viewFor(declaration: ModuleDeclaration, running: Running): ModuleHost {
    const { parts } = this;
    const { undo, options } = running;
    const { name } = declaration;
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
          'a timer or the end of this module threw. This is a bug of the module; the server goes on.',
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
      declarations: () => this.declarations(),
      on: <N extends HookName>(hook: N, settings: HookOptions, handler: Hooks[N]) => {
        undo.push(this.hooks.add(hook, name, settings, handler));
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
      onOptions: (apply) => {
        running.apply = apply;
      },
      onStop: (run) => {
        undo.push(guarded(run));
      },
      onLoad: (loader) => {
        this.loaders.push(loader);
        undo.push(() => this.loaders.splice(this.loaders.indexOf(loader), 1));
      },
      every: (ms, run) => {
        keep(parts.timers.every(ms, guarded(run)));
      },
      accounts: () => parts.accounts(),
      send: (stanza) => {
        parts.send(stanza);
      },
      counter: (counter, help) => {
        const made = new Counter(`${name}_${counter}`, help);
        this.counters.push(made);
        return made;
      },
    };
  }
}
