import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../util/entry.ts';

const entry = fileURLToPath(entryUrl('main'));
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-main-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program in a directory of its own. */
function xmppd(args: readonly string[], env: NodeJS.ProcessEnv = {}): Outcome {
  return spawnSync(process.execPath, [entry, ...args], {
    cwd: directory,
    encoding: 'utf8',
    input: '',
    env: { ...process.env, XMPPD_CONFIG: '', ...env },
    timeout: 20_000,
  });
}

function write(text: string, name = 'xmppd.yml'): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

test('config check names every mistake and exits with 78', () => {
  write('wrokers: 2\nlog:\n  level: loud\n');
  const { status, stdout } = xmppd(['config', 'check']);
  expect(status).toBe(78);
  expect(stdout.split('\n').map((line) => /xmppd\.yml:\d+:\d+: .{10}/.exec(line)?.[0])).toEqual([
    'xmppd.yml:1:1: unknown op',
    'xmppd.yml:3:10: "log.level',
    undefined,
  ]);
  expect(stdout).toContain('did you mean "workers"?');
});

test('config check of a right file exits with 0', () => {
  write('hosts: [example.org]\n');
  expect(xmppd(['config', 'check'])).toMatchObject({ status: 0, stderr: '' });
});

test('config show prints what holds, from the file that $XMPPD_CONFIG names', () => {
  const file = write('limits: {maxStanzaBytes: 1 MiB}\n', 'other.yml');
  const { status, stdout } = xmppd(['config', 'show', '--json'], { XMPPD_CONFIG: file });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    file,
    data: join(directory, 'data'),
    limits: { maxStanzaBytes: 1_048_576, maxStanzaBytesBeforeLogin: 16_384 },
  });
});

test('a bad configuration stops every command with 78 and says where', () => {
  write('data: [\n');
  const { status, stderr } = xmppd(['start']);
  expect(status).toBe(78);
  expect(stderr).toMatch(/^error config-invalid: .*xmppd\.yml:2:1: YAML: /);
});

test('a file that is not there is named', () => {
  const { status, stderr } = xmppd(['config', 'check', '--config', 'none.yml']);
  expect(status).toBe(78);
  expect(stderr).toContain('none.yml');
});

test('no running server is exit 69', () => {
  expect(xmppd(['status'])).toMatchObject({ status: 69, stdout: '' });
});

test('a wrong command line is exit 64, help and version are 0', () => {
  expect(xmppd(['frob']).status).toBe(64);
  expect(xmppd(['--help']).status).toBe(0);
  expect(xmppd(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
