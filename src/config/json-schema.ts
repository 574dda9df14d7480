// The configuration as a JSON schema, so that editors complete and check it.
import { z } from 'zod';
import { withModules, type ModuleSchemas } from './load.ts';

/** What may be written, before defaults; a value that is checked by code alone may be anything. */
export function configSchema(modules: ModuleSchemas): object {
  return z.toJSONSchema(withModules(modules), { io: 'input', unrepresentable: 'any' });
}
