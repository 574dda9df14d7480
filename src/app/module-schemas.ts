// What the configuration may say of each module: the schemas that modules declare, by name.
import type { ModuleSchemas } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';

export async function moduleSchemas(): Promise<ModuleSchemas> {
  const schemas = STANDARD_MODULES.map(async ({ declaration }) => {
    const { name, summary, options } = declaration;
    const schema = typeof options === 'function' ? await options() : options;
    return [name, schema?.describe(summary)] as const;
  });
  return Object.fromEntries(await Promise.all(schemas));
}
