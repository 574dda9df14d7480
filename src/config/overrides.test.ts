import { ConfigError } from './diagnostics.ts';
import { checkConfig, parseConfig } from './load.ts';

function load(text: string, environment: Record<string, string>) {
  return checkConfig(parseConfig(text, '/etc/xmppd.yml'), {}, environment);
}

function mistakes(text: string, environment: Record<string, string>): readonly string[] {
  try {
    load(text, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

test('a variable sets an option over the file and over nothing', () => {
  const environment = {
    XMPPD__LIMITS__MAX_STANZA_BYTES: '64 KiB',
    XMPPD__HOSTS: '[example.org, example.net]',
    XMPPD__log__level: 'debug',
    PATH: '/bin',
  };
  for (const text of ['limits: { maxStanzaBytes: 1 MB, idlePingMs: 1m }\n', 'limits:\n', '']) {
    const settings = load(text, environment);
    expect(settings.limits.maxStanzaBytes).toBe(65_536);
    expect(settings.hosts.map(({ domain }) => domain)).toEqual(['example.org', 'example.net']);
    expect(settings.log.level).toBe('debug');
  }
});

test('what stands beside an overridden option stays', () => {
  const settings = load('limits: { idlePingMs: 1m }\n', { XMPPD__LIMITS__BURST_BYTES: '1MB' });
  expect(settings.limits.idlePingMs).toBe(60_000);
});

test('an empty variable is not set', () => {
  expect(load('', { XMPPD__WORKERS: '' }).workers).toBeGreaterThan(0);
});

test('a wrong value is reported at its variable', () => {
  expect(mistakes('', { XMPPD__LIMITS__MAX_STANZA_BYTES: 'lots' })).toEqual([
    expect.stringMatching(
      /^\$XMPPD__LIMITS__MAX_STANZA_BYTES:1:1: "limits.maxStanzaBytes": "lots" cannot be read/,
    ),
  ]);
});

test('a mistake of the file that a variable replaces is none', () => {
  expect(mistakes('workers: many\n', { XMPPD__WORKERS: '2' })).toEqual([]);
});

test('a variable of no option, and one that is no YAML, are mistakes', () => {
  expect(mistakes('', { XMPPD__LIMITS__STANZAS: '1', XMPPD__HOSTS: '[a' })).toEqual([
    expect.stringMatching(/^\$XMPPD__HOSTS:1:1: YAML: /),
    expect.stringMatching(
      /^\$XMPPD__LIMITS__STANZAS:1:1: names no option: there is no "STANZAS" in "limits"; allowed here: maxStanzaBytes,/,
    ),
  ]);
});
