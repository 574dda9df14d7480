// xmppd config schema
import type { Command } from 'commander';
import { configSchema } from '../config/json-schema.ts';
import { findConfig, readConfig } from '../config/index.ts';
import type { CliSession } from './session.ts';

export function addConfigSchema(config: Command, session: CliSession): void {
  config
    .command('schema')
    .description('print the JSON schema of the configuration file, for editors')
    .action(async () => {
      const document = readConfig(findConfig(session.configOption));
      const modules = await session.parts.moduleSchemas(document.externalModules, document.file);
      const schema = configSchema(modules);
      session.terminal.result(schema, JSON.stringify(schema, undefined, 2));
    });
}
