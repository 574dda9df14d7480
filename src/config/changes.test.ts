import { z } from 'zod';
import { compareSettings } from './changes.ts';
import { checkConfig, parseConfig } from './load.ts';
import type { Settings } from './settings.ts';

const MODULES = {
  ping: z.strictObject({
    everyMs: z.int().default(5).meta({ description: '', live: true, unit: 'milliseconds' }),
    apiKey: z.string().default('none').meta({ description: '', live: false }),
  }),
};

function load(text: string): Settings {
  return checkConfig(parseConfig(text, '/etc/xmppd.yml'), MODULES, {});
}

function compare(before: string, after: string) {
  const { changes, settings } = compareSettings(load(before), load(after), MODULES);
  return { settings, changes };
}

test('equal files, and the same said in other words, differ in nothing', () => {
  expect(compare('', '').changes).toEqual([]);
  expect(compare('limits: { idlePingMs: 4m }\n', 'limits:\n').changes).toEqual([]);
  expect(compare('modules: { ping: { everyMs: 5 } }\n', '').changes).toEqual([]);
});

test('a live option holds at once, another one from the next start', () => {
  const { changes, settings } = compare('', 'limits: { maxStanzaBytes: 64 KiB }\nworkers: 7\n');
  expect(changes).toEqual([
    { option: 'workers', from: expect.any(String) as string, to: '7', live: false },
    { option: 'limits.maxStanzaBytes', from: '256 KiB', to: '64 KiB', live: true },
  ]);
  expect(settings.limits.maxStanzaBytes).toBe(65_536);
  expect(settings.workers).not.toBe(7);
});

test('each host that comes, goes or gets other files is named', () => {
  const { changes, settings } = compare(
    'hosts: { a.example: , b.example: }\n',
    'hosts: { b.example: { certificate: b.crt, key: b.key }, c.example: }\n',
  );
  expect(changes.map(({ option, to }) => [option, to])).toEqual([
    ['hosts.a.example', undefined],
    ['hosts.b.example', '/etc/b.crt'],
    ['hosts.c.example', '/etc/data/certificates/c.example.crt'],
  ]);
  expect(changes.every(({ live }) => live)).toBe(true);
  expect(settings.hosts.map(({ domain }) => domain)).toEqual(['b.example', 'c.example']);
});

test('options of a module follow their own flag; to leave it out needs a start', () => {
  const { changes, settings } = compare('', 'modules: { ping: { everyMs: 10, apiKey: x } }\n');
  expect(changes).toEqual([
    { option: 'modules.ping.everyMs', from: '5ms', to: '10ms', live: true },
    { option: 'modules.ping.apiKey', from: '[secret]', to: '[secret]', live: false },
  ]);
  expect(settings.modules['ping']).toEqual({ everyMs: 10 });
  expect(compare('', 'modules: { ping: false }\n').changes).toEqual([
    { option: 'modules.ping', from: undefined, to: 'false', live: false },
  ]);
});
