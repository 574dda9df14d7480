import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { moduleSchemas } from '../app/module-schemas.ts';
import { describeOptions, type OptionDoc } from './describe.ts';
import { renderExample, renderReference, renderSettings } from './documents.ts';
import { checkConfig, loadConfig, parseConfig, type ModuleSchemas } from './load.ts';

const standard: ModuleSchemas = await moduleSchemas();

const projectFile = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

/** Takes away the single # in front of every option. */
function uncomment(example: string): string {
  return example.replaceAll(/^#(?!#)/gm, '');
}

function leaves(options: readonly OptionDoc[]): readonly OptionDoc[] {
  return options.flatMap((option) => (option.section ? leaves(option.children) : [option]));
}

test('the example file in config/ is fresh', () => {
  expect(projectFile('config/xmppd.example.yml')).toBe(renderExample(standard));
});

test('the reference page is fresh', () => {
  expect(projectFile('docs/reference/configuration.md')).toBe(renderReference(standard));
});

test('the example as it stands means the defaults', () => {
  const settings = checkConfig(parseConfig(renderExample(), undefined));
  expect(settings).toEqual(loadConfig(undefined));
});

test('the example with everything taken in loads, and all but its three examples is default', () => {
  const { hosts, admins, listen, ...rest } = checkConfig(
    parseConfig(uncomment(renderExample()), undefined),
  );
  expect(hosts.map((host) => host.domain)).toEqual(['example.org']);
  expect(admins).toEqual(['alice@example.org']);
  expect(listen).toHaveLength(2);
  expect(loadConfig(undefined)).toMatchObject(rest);
});

test('every option says what it does and what may be written', () => {
  for (const option of leaves(describeOptions())) {
    expect([option.name, option.description]).toEqual([option.name, expect.stringMatching(/\.$/)]);
    expect([option.name, option.allowed]).toEqual([option.name, expect.stringMatching(/./)]);
  }
});

test('every option with a unit in its name is documented with that unit', () => {
  for (const { name, unit } of leaves(describeOptions())) {
    if (name.endsWith('Ms')) expect([name, unit]).toEqual([name, 'milliseconds']);
    if (name.endsWith('Bytes')) expect([name, unit]).toEqual([name, 'bytes']);
  }
});

test('options of modules are documented beside the others', () => {
  const ping = z
    .strictObject({
      intervalMs: z
        .int()
        .default(5)
        .meta({ description: 'How often.', live: true, unit: 'milliseconds' }),
    })
    .meta({ description: 'Asks silent clients.' });
  expect(renderReference({ ping })).toContain('| `modules.ping.intervalMs` | How often. | `5ms` |');
  expect(renderExample({ ping })).toContain('#  ping:\n');
});

test('settings shown as YAML are the settings', () => {
  const settings = loadConfig(undefined);
  const shown = parseConfig(renderSettings(settings), undefined).value as Record<string, unknown>;
  expect(shown['limits']).toEqual(settings.limits);
  expect(shown['data']).toBe(settings.data);
});
