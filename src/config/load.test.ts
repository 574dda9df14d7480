import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../util/errors.ts';
import { ConfigError } from './diagnostics.ts';
import { checkConfig, loadConfig, parseConfig, type ModuleSchemas } from './load.ts';
import type { Settings } from './settings.ts';

const modules: ModuleSchemas = {
  ping: z.strictObject({ intervalMs: z.int().default(60_000) }),
};

function load(text: string): Settings {
  return checkConfig(parseConfig(text, '/etc/xmppd/xmppd.yml', 'xmppd.yml'), modules);
}

function complaints(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('a configuration that is right', () => {
  test('has the documented defaults when there is no file', () => {
    const settings = loadConfig(undefined, modules);
    expect(settings.hosts).toEqual([
      {
        domain: 'localhost',
        certificate: join(process.cwd(), 'data/certificates/localhost.crt'),
        key: join(process.cwd(), 'data/certificates/localhost.key'),
        clientAuthority: undefined,
        anonymous: false,
        given: false,
      },
    ]);
    expect(settings.listen).toEqual([
      { kind: 'c2s', addresses: ['::', '0.0.0.0'], port: 5222 },
      { kind: 'c2s-tls', addresses: ['::', '0.0.0.0'], port: 5223 },
    ]);
    expect(settings.workers).toBeGreaterThanOrEqual(1);
    expect(settings.limits.maxStanzaBytes).toBe(262_144);
    expect(settings.limits.maxStanzaBytesBeforeLogin).toBe(16_384);
    expect(settings.streamManagement.resumeTimeoutMs).toBe(600_000);
    expect(settings.control.socket).toBe(join(process.cwd(), 'data/run/control.sock'));
    expect(settings.file).toBeUndefined();
  });

  test('may be an empty file, or name sections without options', () => {
    expect(load('').limits).toEqual(loadConfig(undefined).limits);
    expect(load('# nothing\nlimits:\nmodules:\ntls:\n').tls.required).toBe(true);
  });

  test('takes relative paths from the directory of its file', () => {
    const settings = load(
      'data: ../var\nhosts: {example.org: {certificate: a.crt, key: /k/a.key}}',
    );
    expect(settings.data).toBe('/etc/var');
    expect(settings.control.socket).toBe('/etc/var/run/control.sock');
    expect(settings.hosts).toEqual([
      {
        domain: 'example.org',
        certificate: '/etc/xmppd/a.crt',
        key: '/k/a.key',
        clientAuthority: undefined,
        anonymous: false,
        given: true,
      },
    ]);
  });

  test('has its domains and addresses prepared as addresses are', () => {
    const settings = load('hosts: [EXAMPLE.org., Müller.example]\nadmins: [Alice@Example.ORG]');
    expect(settings.hosts.map((host) => host.domain)).toEqual(['example.org', 'müller.example']);
    expect(settings.admins).toEqual(['alice@example.org']);
  });

  test('may give one address or several to a listener', () => {
    const settings = load(
      'listen: [{kind: c2s, address: 127.0.0.1, port: 0}, {kind: c2s-tls, address: ["::1"]}]',
    );
    expect(settings.listen).toEqual([
      { kind: 'c2s', addresses: ['127.0.0.1'], port: 0 },
      { kind: 'c2s-tls', addresses: ['::1'], port: 5223 },
    ]);
  });

  test('fills in the options of modules, and keeps those of packages for their own schema', () => {
    const text = 'modules: {ping: , "xmppd-weather": {city: Bonn}}';
    const document = parseConfig(text, undefined);
    expect(document.externalModules).toEqual(['xmppd-weather']);
    expect(checkConfig(document, modules).modules).toEqual({
      ping: { intervalMs: 60_000 },
      'xmppd-weather': { city: 'Bonn' },
    });
    expect(load('modules: {ping: false}').modules['ping']).toBe(false);
  });
});

describe('a mistake is named with file, line and column', () => {
  test.each([
    [
      'an unknown option at the top',
      'data: d\nwrokers: 2',
      'xmppd.yml:2:1: unknown option "wrokers"; did you mean "workers"? allowed here: hosts,',
    ],
    [
      'an unknown option in a section',
      'limits:\n  maxStanzaByte: 20 KiB',
      'xmppd.yml:2:3: unknown option "maxStanzaByte" in "limits"; did you mean "maxStanzaBytes"?',
    ],
    [
      'another way of joining words',
      'limits:\n  max_stanza_bytes: 20 KiB',
      'xmppd.yml:2:3: unknown option "max_stanza_bytes" in "limits"; did you mean "maxStanzaBytes"?',
    ],
    [
      'an option of another section',
      'limits: {resumeTimeoutMs: 5m}',
      'xmppd.yml:1:10: unknown option "resumeTimeoutMs" in "limits"; did you mean "streamManagement.resumeTimeoutMs"?',
    ],
    [
      'a name that is near to none',
      'limits:\n  zzz: 1',
      'xmppd.yml:2:3: unknown option "zzz" in "limits"; allowed here: maxStanzaBytes,',
    ],
    [
      'a value that is not among the allowed ones',
      'log:\n  level: inof',
      'xmppd.yml:2:10: "log.level": "inof" is not allowed here; did you mean "info"? allowed: debug, info, warn, error',
    ],
    [
      'a mechanism in a list',
      'auth: {mechanisms: [PLAIN, SCRAM-SHA1]}',
      'xmppd.yml:1:28: "auth.mechanisms[1]": "SCRAM-SHA1" is not allowed here; did you mean "SCRAM-SHA-1"?',
    ],
    [
      'a number out of range',
      'listen:\n  - kind: c2s\n    port: 70000',
      'xmppd.yml:3:11: "listen[0].port": 70000 is out of range; allowed: a whole number from 0 to 65535',
    ],
    [
      'a number where another word may stand too',
      'workers: 0',
      'xmppd.yml:1:10: "workers": 0 is out of range; allowed: auto, or a whole number from 1 to 64',
    ],
    [
      'an option that is missing',
      'listen:\n  - port: 5222',
      'xmppd.yml:2:5: "listen[0].kind": is missing; allowed: c2s, c2s-tls',
    ],
    [
      'an option without a value',
      'data:\nlog: {}',
      'xmppd.yml:1:1: "data": nothing is written here; allowed: a path',
    ],
    [
      'a duration that cannot be read',
      'streamManagement:\n  resumeTimeoutMs: 10 fortnights',
      'xmppd.yml:2:20: "streamManagement.resumeTimeoutMs": "10 fortnights" cannot be read; allowed: a duration:',
    ],
    [
      'a size below the floor of the protocol',
      'limits: {maxStanzaBytes: 1 KiB}',
      'xmppd.yml:1:26: "limits.maxStanzaBytes": "1 KiB" is out of range; allowed: a size: a number with KiB',
    ],
    [
      'a value where a section should be',
      'archive: yes',
      'xmppd.yml:1:10: "archive": "yes" is not allowed here; allowed: a map of enabled, maxPage',
    ],
    [
      'a word that only older YAML takes for true',
      'tls:\n  required: no',
      'xmppd.yml:2:13: "tls.required": "no" is not allowed here; allowed: true, false',
    ],
    [
      'a domain that is none',
      'hosts:\n  - example.org\n  - "not a domain"',
      'xmppd.yml:3:5: "hosts[1]": "not a domain" is not a domain name; allowed: a domain name',
    ],
    [
      'a domain that is none, as a key',
      'hosts:\n  not a domain: {}',
      'xmppd.yml:2:3: "not a domain" is not a domain name',
    ],
    [
      'a certificate without its key',
      'hosts:\n  example.org:\n    certificate: a.crt',
      'xmppd.yml:3:5: "hosts.example.org": {"certificate":"a.crt"} needs both files, or neither',
    ],
    [
      'the same domain twice',
      'hosts: [example.org, EXAMPLE.org]',
      'xmppd.yml:1:8: "hosts": ["example.org","example.org"] names a domain twice',
    ],
    ['no host at all', 'hosts: []', 'xmppd.yml:1:8: "hosts": the list is empty'],
    [
      'an admin who is a domain',
      'admins:\n  - example.org',
      'xmppd.yml:2:5: "admins[0]": "example.org" is not the address of an account',
    ],
    [
      'an unknown module',
      'modules:\n  pingg: {}',
      'xmppd.yml:2:3: unknown option "pingg" in "modules"; did you mean "ping"? allowed here: ping',
    ],
    [
      'an unknown option of a module',
      'modules:\n  ping:\n    intervallMs: 3',
      'xmppd.yml:3:5: unknown option "intervallMs" in "modules.ping"; did you mean "intervalMs"?',
    ],
    ['a name written twice', 'data: a\ndata: b', 'xmppd.yml:2:1: "data" is written twice'],
    ['bad YAML', 'data: [a\nlog: {}', 'xmppd.yml:2:1: YAML: '],
    ['a tab for indentation', 'log:\n\tlevel: info', 'xmppd.yml:2:1: YAML: '],
    ['something else than a map', '- data', 'xmppd.yml:1:1: "": ["data"] is not allowed here'],
    ['an alias of nothing', 'data: *other', 'xmppd.yml:1:'],
  ])('%s', (_, text, expected) => {
    expect(complaints(text)[0]?.slice(0, expected.length)).toBe(expected);
  });

  test('all of them at once, in the order of the file', () => {
    const found = complaints(
      'log: {level: loud}\nwrokers: 1\nhosts: [a b]\nlimits: {zzz: 1, idlePingMs: x}\ndata: a\ndata: b',
    );
    expect(found.map((line) => line.split(': ')[0])).toEqual([
      'xmppd.yml:1:14',
      'xmppd.yml:2:1',
      'xmppd.yml:3:9',
      'xmppd.yml:4:10',
      'xmppd.yml:4:30',
      'xmppd.yml:6:1',
    ]);
  });

  test('an alias bomb is refused and not unfolded', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      const alias = `*a${String(level - 1)}`;
      lines.push(`a${String(level)}: &a${String(level)} [${Array(10).fill(alias).join(', ')}]`);
    }
    expect(complaints(lines.join('\n'))[0]).toMatch(/YAML: Excessive alias count/);
  });
});

describe('a file that cannot be read', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-config-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test('is named with what to do', () => {
    const missing = join(directory, 'none.yml');
    expect(() => loadConfig(missing)).toThrow(OperatorError);
    expect(() => loadConfig(missing)).toThrow(/cannot read the configuration file .*none\.yml/);
  });

  test('is shown under the name it was given by', () => {
    const file = join(directory, 'bad.yml');
    writeFileSync(file, 'x: 1\n');
    expect(() => loadConfig(file)).toThrow(`${file}:1:1: unknown option "x"`);
  });
});
