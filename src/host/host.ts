// Loads modules in the order of their needs, stops and starts them, and takes everything back at stop.
import { OperatorError } from '../util/errors.ts';
import type { StatementId } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { EarlyAnswerers } from './before-login.ts';
import type { HostParts } from './host-parts.ts';
import type { HookTable } from './hooks.ts';
import type { InlineBinds } from './inline-bind.ts';
import { moduleHost, type Running } from './module-host.ts';
import { type Counter, ModulePlaces } from './module-places.ts';
import type { CommandHandler, Loader, Module, ModuleDeclaration } from './module.ts';
import type { PresenceRules } from './presence-rules.ts';
import type { ElementHandler } from './stream-session.ts';
import type { Slot } from './views.ts';

export { inOrder, schemaOf } from './module-order.ts';

/** A module as `xmppd module list` shows it. */
export interface ModuleState {
  readonly name: string;
  readonly summary: string;
  readonly running: boolean;
}

export class Host {
  readonly hooks: HookTable;
  readonly inlineBinds: InlineBinds;
  readonly loaders: readonly Loader[];
  readonly counters: readonly Counter[];
  readonly namedSessionSlots: readonly Slot<unknown>[];
  readonly early: EarlyAnswerers;
  private readonly parts: HostParts;
  private readonly places: ModulePlaces;
  private readonly running = new Map<string, Running>();
  /** Stopped by an administrator; they can be started again. */
  private readonly stopped = new Map<string, Running>();
  private features: Bytes | undefined;
  private binds: readonly string[] | undefined;

  constructor(parts: HostParts) {
    this.parts = parts;
    this.places = new ModulePlaces(parts.log);
    const { hooks, inlineBinds, loaders, counters, namedSessionSlots, early } = this.places;
    this.hooks = hooks;
    this.inlineBinds = inlineBinds;
    this.loaders = loaders;
    this.counters = counters;
    this.namedSessionSlots = namedSessionSlots;
    this.early = early;
  }

  /** The one keeper of contacts and subscriptions. */
  get presenceRules(): PresenceRules | undefined {
    return this.places.presenceRules;
  }

  /** @throws OperatorError when two modules want the same place */
  start(module: Module, options: unknown): void {
    const entry: Running = { module, options, undo: [], loads: false, apply: undefined };
    this.running.set(module.declaration.name, entry);
    this.features = undefined;
    this.binds = undefined;
    module.setup(moduleHost(entry, this.parts, this.places, () => this.declarations()));
  }

  /** Gives a module its options, where they differ and it can take them; one that is stopped finds them when it starts. */
  configure(name: string, options: unknown): void {
    const entry = this.running.get(name) ?? this.stopped.get(name);
    if (entry === undefined || (this.running.has(name) && entry.apply === undefined)) return;
    if (JSON.stringify(options) === JSON.stringify(entry.options)) return;
    entry.options = options;
    if (this.running.has(name)) entry.apply?.(options);
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
   * Stops a module by an administrator's wish; `startAgain` brings it back with its options.
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
    return this.places.commands.get(verb);
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
      ...this.places.streamFeatureMakers.map((make) => make()),
    ]
      .sort()
      .join('') as Bytes);
  }

  /** Who handles elements of that namespace which are no stanzas; undefined: nobody. */
  elementHandler(ns: string): ElementHandler | undefined {
    return this.places.elements.get(ns);
  }

  /** What modules take inside Bind 2 requests; the same list until modules change. */
  bindFeatures(): readonly string[] {
    return (this.binds ??= this.declarations().flatMap(
      (declaration) => declaration.bindFeatures ?? [],
    ));
  }
}

function missingModule(name: string, why: string): OperatorError {
  return new OperatorError(
    'module-missing',
    `Module ${name} ${why}.`,
    'Look at `xmppd module list`.',
  );
}
