// The view of the server that one module has: what it takes is registered, and given back at its stop.
import type { TimerHandle } from '../util/clock.ts';
import { InvariantError, OperatorError } from '../util/errors.ts';
import type { HookName, HookOptions, Hooks } from './hooks.ts';
import type { HostParts } from './host-parts.ts';
import type { ModulePlaces } from './module-places.ts';
import type { Module, ModuleDeclaration, ModuleHost, Service } from './module.ts';
import type { Slot } from './views.ts';

/** A module that runs, or ran. */
export interface Running {
  readonly module: Module;
  options: unknown;
  /** What takes back what it registered. */
  readonly undo: (() => void)[];
  /** It reads rows when an account is loaded. */
  loads: boolean;
  /** Takes changed options; undefined: it cannot. */
  apply: ((options: unknown) => void) | undefined;
}

/** @param declarations of the modules that run */
export function moduleHost(
  entry: Running,
  parts: HostParts,
  places: ModulePlaces,
  declarations: () => readonly ModuleDeclaration[],
): ModuleHost {
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
    declarations,
    on: <N extends HookName>(hook: N, settings: HookOptions, handler: Hooks[N]) => {
      const takeBack = places.hooks.add(hook, name, settings, handler);
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
      if (places.elements.has(ns)) {
        throw new OperatorError(
          'module-conflict',
          `Module ${name} wants to handle the elements of ${ns}, which another module handles.`,
          'Leave one of the two out.',
        );
      }
      places.elements.set(ns, handler);
      undo.push(() => places.elements.delete(ns));
    },
    bindInline: (ns, handler) => {
      if (!places.inlineBinds.add(ns, handler)) {
        throw new OperatorError(
          'module-conflict',
          `Module ${name} wants to take ${ns} when a resource is bound, which another module takes.`,
          'Leave one of the two out.',
        );
      }
      undo.push(() => places.inlineBinds.remove(ns));
    },
    onBound: (addition) => {
      places.inlineBinds.addAddition(addition);
      undo.push(() => places.inlineBinds.removeAddition(addition));
    },
    disco: (place, what) => {
      undo.push(places.disco.add(place, what));
    },
    discoNode: (node) => {
      places.discoNodes = [...places.discoNodes, node];
      undo.push(() => {
        places.discoNodes = places.discoNodes.filter((other) => other !== node);
      });
    },
    discoInfo: (place) =>
      places.disco.info(
        place,
        declarations().flatMap(({ features }) => features?.[place] ?? []),
      ),
    discoNodes: () => places.discoNodes,
    streamFeature: (make) => {
      places.streamFeatureMakers = [...places.streamFeatureMakers, make];
      undo.push(() => {
        places.streamFeatureMakers = places.streamFeatureMakers.filter((other) => other !== make);
      });
    },
    beforeLogin: (answerer) => {
      undo.push(places.early.add(answerer));
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
      places.accountSlot(initial, shared),
    sessionSlot: <T>(initial: () => T, shared?: string): Slot<T> =>
      places.sessionSlot(initial, shared),
    storedSessionSlot: <T>(initial: () => T, slotName: string): Slot<T> =>
      places.storedSessionSlot(initial, `${name}.${slotName}`),
    // Tickets count the units submitted (see Ticket), so the count is the last one.
    read: (query, params) => parts.storage.read(query, params, parts.storage.stats().submitted),
    onOptions: (apply) => {
      entry.apply = apply;
    },
    onStop: (run) => {
      undo.push(guarded(run));
    },
    onLoad: (loader) => {
      entry.loads = true;
      listed(places.loaders, loader);
    },
    every: (ms, run) => {
      keep(parts.timers.every(ms, guarded(run)));
    },
    after: (ms, run) => {
      keep(parts.timers.after(ms, guarded(run)));
    },
    command: (verb, handler) => {
      if (places.commands.has(verb)) {
        throw new OperatorError(
          'module-conflict',
          `Module ${name} wants to answer ${verb}, which another module answers.`,
          'Leave one of the two out.',
        );
      }
      places.commands.set(verb, handler);
      undo.push(() => places.commands.delete(verb));
    },
    adHoc: (command) => {
      listed(places.adHoc, command);
    },
    adHocCommands: () => places.adHoc,
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
      if (places.presenceRules !== undefined) {
        throw new OperatorError(
          'module-conflict',
          `Module ${name} wants to keep the contacts, which another module keeps.`,
          'Leave one of the two out.',
        );
      }
      places.presenceRules = rules;
      undo.push(() => {
        places.presenceRules = undefined;
      });
    },
    offer: (service, value) => {
      places.services.set(service.name, value);
      undo.push(() => places.services.delete(service.name));
    },
    use: <T>(service: Service<T>): T => {
      const value = places.services.get(service.name);
      if (value === undefined) {
        throw new InvariantError(
          `module ${name} uses ${service.name}, which nobody it needs offers`,
        );
      }
      return value as T;
    },
    mayTell: (stanza, account, to) => parts.mayTell(stanza, account, to),
    address: (text) => parts.address(text),
    counter: (counter, help) => places.counter(`${name}_${counter}`, help),
  };
}
