import { z } from 'zod';
import type { Module } from '../host/module.ts';
import { STANDARD_MODULES } from './standard.ts';

/** Names of options that say that a reload applies them. */
function liveOptions(schema: z.ZodType | undefined): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>)
    .filter(([, each]) => each.meta()?.['live'] === true)
    .map(([name]) => name);
}

/** Whether a module asks to be told of changed options, by a host that only takes notes. */
function takesOptions(module: Module): boolean {
  let takes = false;
  const anything: unknown = new Proxy(() => anything, { get: () => anything, apply: () => 0 });
  const notes: Readonly<Record<string, unknown>> = {
    onOptions: () => {
      takes = true;
    },
    options: undefined,
    hosts: [],
    declarations: () => [],
    accountSlot: (initial: unknown) => ({ index: 0, initial }),
    sessionSlot: (initial: unknown) => ({ index: 0, initial }),
    storedSessionSlot: (initial: unknown, name: string) => ({ index: 0, initial, name }),
  };
  const host: unknown = new Proxy(notes, { get: (all, name) => all[String(name)] ?? anything });
  module.setup(host as never);
  return takes;
}

test.each(STANDARD_MODULES.map((module) => [module.declaration.name, module] as const))(
  'the options of %s that say "live" are applied by a reload',
  async (name, module) => {
    const { options } = module.declaration;
    const live = liveOptions(typeof options === 'function' ? await options() : options);
    // These two have sections of their own in the file, whose options are live.
    const isLive = live.length > 0 || name === 'archive' || name === 'offline';
    if (isLive) expect(takesOptions(module)).toBe(true);
    else expect(live).toEqual([]);
  },
);
