// What the configuration may say of each module: the schemas that modules declare, by name.
import type { ModuleSchemas } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';

export function moduleSchemas(): ModuleSchemas {
  return Object.fromEntries(
    STANDARD_MODULES.map(({ declaration }) => [
      declaration.name,
      declaration.options?.describe(declaration.summary),
    ]),
  );
}
