// Modules in the order of their needs, and the tables of all of them.
import type { Schema } from '../storage/storage.ts';
import { OperatorError } from '../util/errors.ts';
import type { Module } from './module.ts';

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
