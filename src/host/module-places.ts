// What modules have registered, in one place for all of them.
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { AdHocCommand } from './ad-hoc.ts';
import { EarlyAnswerers } from './before-login.ts';
import { DiscoEntries } from './disco.ts';
import { HookTable } from './hooks.ts';
import { InlineBinds } from './inline-bind.ts';
import type { CommandHandler, DiscoNode, Loader } from './module.ts';
import type { PresenceRules } from './presence-rules.ts';
import type { ElementHandler } from './stream-session.ts';
import type { Slot } from './views.ts';

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

export class ModulePlaces {
  readonly hooks = new HookTable();
  readonly inlineBinds: InlineBinds;
  readonly loaders: Loader[] = [];
  readonly counters: Counter[] = [];
  readonly namedSessionSlots: Slot<unknown>[] = [];
  readonly early = new EarlyAnswerers();
  readonly disco = new DiscoEntries();
  /** A new list at each change: whoever goes through it is not disturbed. */
  discoNodes: readonly DiscoNode[] = [];
  streamFeatureMakers: readonly (() => Bytes)[] = [];
  readonly elements = new Map<string, ElementHandler>();
  readonly commands = new Map<string, CommandHandler>();
  readonly adHoc: AdHocCommand[] = [];
  readonly services = new Map<string, unknown>();
  presenceRules: PresenceRules | undefined;
  private accountSlots = 0;
  private sessionSlots = 0;
  private readonly sharedAccountSlots = new Map<string, Slot<unknown>>();
  private readonly sharedSessionSlots = new Map<string, Slot<unknown>>();

  constructor(log: Log) {
    this.inlineBinds = new InlineBinds(log);
  }

  /** @param shared the name by which modules find the same slot; undefined: one of its own */
  accountSlot<T>(initial: () => T, shared: string | undefined): Slot<T> {
    return slot(this.sharedAccountSlots, shared, () => ({ index: this.accountSlots++, initial }));
  }

  /** @param shared as in `accountSlot` */
  sessionSlot<T>(initial: () => T, shared: string | undefined): Slot<T> {
    return slot(this.sharedSessionSlots, shared, () => ({ index: this.sessionSlots++, initial }));
  }

  storedSessionSlot<T>(initial: () => T, name: string): Slot<T> {
    const made: Slot<T> = { index: this.sessionSlots++, initial, name };
    this.namedSessionSlots.push(made);
    return made;
  }

  /** A counter only rises: a module that is started again goes on with the one it had. */
  counter(name: string, help: string): Counter {
    const known = this.counters.find((counter) => counter.name === name);
    if (known !== undefined) return known;
    const made = new Counter(name, help);
    this.counters.push(made);
    return made;
  }
}

function slot<T>(
  shared: Map<string, Slot<unknown>>,
  name: string | undefined,
  make: () => Slot<T>,
): Slot<T> {
  const known = name === undefined ? undefined : shared.get(name);
  const found = (known as Slot<T> | undefined) ?? make();
  if (name !== undefined) shared.set(name, found);
  return found;
}
