// The commands of the grammar on the database alone, one after another.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { moduleSchemas } from '../app/module-schemas.ts';
import { openAccountsOffline } from '../app/offline-accounts.ts';
import { backupDatabase, checkDatabase } from '../storage/sqlite/check.ts';
import { systemTimers } from '../util/system-clock.ts';
import { InvariantError } from '../util/errors.ts';
import type { CliParts } from './parts.ts';
import { runCli } from './program.ts';

let directory: string;

const parts: CliParts = {
  start: () => Promise.reject(new InvariantError('no server is started here')),
  openAccountsOffline,
  moduleSchemas,
  checkDatabase: (path) => Promise.resolve(checkDatabase(path)),
  backupDatabase,
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-commands-'));
  writeFileSync(
    join(directory, 'xmppd.yml'),
    'hosts: [example.org]\nadmins: [root@example.org]\nauth: { iterations: 4096 }\n',
  );
  expect((await run(['user', 'add', 'alice@example.org'], 'pencil\n')).status).toBe(0);
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function run(args: readonly string[], typed = '') {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  input.end(typed);
  const all = ['--config', join(directory, 'xmppd.yml'), ...args];
  const code = await runCli(all, parts, { input, output, errors, noColour: false }, systemTimers);
  return {
    status: code ?? 0,
    stdout: String(output.read() ?? ''),
    stderr: String(errors.read() ?? ''),
  };
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await run(['--json', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

test('an account is disabled and enabled again', async () => {
  expect(await json('user', 'disable', 'alice@example.org')).toEqual({
    address: 'alice@example.org',
  });
  expect(await json('user', 'info', 'alice@example.org')).toMatchObject({
    disabled: true,
    resources: [],
  });
  expect(await json('user', 'list', '--disabled')).toEqual({ accounts: ['alice@example.org'] });
  expect(await json('user', 'count', 'example.org')).toEqual({ registered: 1, disabled: 1 });
  await json('user', 'enable', 'alice@example.org');
  expect(await json('user', 'list', '--disabled')).toEqual({ accounts: [] });
});

test('administrators are added and removed, those of the configuration only shown', async () => {
  await json('admin', 'add', 'alice@example.org');
  expect(await json('admin', 'list')).toEqual({
    admins: [
      { address: 'root@example.org', configured: true },
      { address: 'alice@example.org', configured: false },
    ],
  });
  await json('admin', 'remove', 'alice@example.org');
  const refused = await run(['admin', 'remove', 'root@example.org']);
  expect([refused.status, refused.stderr]).toEqual([
    1,
    expect.stringContaining('admin-configured'),
  ]);
});

test('a contact is put into a roster as its owner would, with the same errors', async () => {
  await json(
    'roster',
    'add',
    'alice@example.org',
    'bob@example.net',
    '--name',
    'Bob',
    '--groups',
    'a, b',
  );
  expect(await json('roster', 'show', 'alice@example.org')).toEqual({
    items: [
      { jid: 'bob@example.net', name: 'Bob', subscription: 'none', ask: false, groups: ['a', 'b'] },
    ],
  });
  await json('roster', 'remove', 'alice@example.org', 'bob@example.net');
  expect(await json('roster', 'show', 'alice@example.org')).toEqual({ items: [] });
  const again = await run(['roster', 'remove', 'alice@example.org', 'bob@example.net']);
  expect(again.stderr).toContain('item-not-found');
});

test('other servers are blocked and allowed, our own domains are not', async () => {
  await json('host', 'block', 'spam.example');
  await json('host', 'allow', 'friend@good.example');
  expect(await json('host', 'list')).toEqual({
    served: ['example.org'],
    blocked: ['spam.example'],
    allowed: ['friend@good.example'],
  });
  expect((await run(['host', 'block', 'example.org'])).stderr).toContain('host-own');
  await json('host', 'unblock', 'spam.example');
  await json('host', 'disallow', 'friend@good.example');
});

test('standing messages are set, shown and deleted', async () => {
  await json('motd', 'set', 'Be', 'kind');
  await json('welcome', 'set', '--host', 'example.org', 'Hello');
  expect(await json('motd', 'show')).toEqual({ texts: { 'example.org': 'Be kind' } });
  await json('motd', 'delete');
  expect(await json('motd', 'show')).toEqual({ texts: { 'example.org': null } });
  expect(await json('welcome', 'show')).toEqual({ texts: { 'example.org': 'Hello' } });
});

test('what an account has is counted and purged', async () => {
  expect(await json('archive', 'count', 'alice@example.org')).toMatchObject({ messages: 0 });
  expect(await json('archive', 'purge', 'alice@example.org', '--before', '2026-01-31')).toEqual({
    deleted: 0,
  });
  expect(await json('offline', 'count', 'alice@example.org')).toEqual({
    pending: 0,
    archived: 0,
    more: false,
  });
  await json('offline', 'purge', 'alice@example.org');
  expect((await run(['archive', 'purge', 'alice@example.org', '--before', 'soon'])).status).toBe(
    64,
  );
});

test('modules, hooks and specifications are listed', async () => {
  expect(await json('module', 'list')).toMatchObject({
    modules: expect.arrayContaining([
      { name: 'adhoc', summary: expect.any(String) as string, running: true },
    ]) as object[],
  });
  expect((await run(['hooks', '--order'])).stdout).toMatch(/message\.in +0 +stanza-ids/);
  expect((await run(['xeps'])).stdout).toMatch(/XEP-0133 +1\.3\.1 +complete +server-admin/);
});

test('what needs a running server says so', async () => {
  for (const args of [['session', 'list'], ['announce', 'x'], ['restart'], ['trace', 'x']]) {
    const { status, stderr } = await run(args);
    expect([status, stderr]).toEqual([69, expect.stringContaining('server-not-running')]);
  }
});

test('devices are listed; one that is not there cannot be revoked', async () => {
  expect(await json('device', 'list', 'alice@example.org')).toEqual({ devices: [] });
  const { stderr } = await run(['device', 'revoke', 'alice@example.org', 'none']);
  expect(stderr).toContain('device-missing');
});

test('an account that is not there is named', async () => {
  for (const args of [
    ['user', 'info'],
    ['user', 'disable'],
    ['roster', 'show'],
    ['admin', 'add'],
  ]) {
    const { status, stderr } = await run([...args, 'nobody@example.org']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('account-missing')]);
  }
});

test('config schema is a JSON schema that knows the options', async () => {
  const schema = (await json('config', 'schema')) as { properties: Record<string, unknown> };
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['hosts', 'admins']));
});

test('db migrate tells the versions of the tables', async () => {
  expect(await json('db', 'migrate')).toMatchObject({ schemaVersions: { accounts: 1, admin: 1 } });
});

test.each(['bash', 'zsh', 'fish'])('completion for %s names the commands', async (shell) => {
  const { stdout } = await run(['completion', shell]);
  for (const word of ['passwd', 'kick', 'purge']) expect(stdout).toContain(word);
});

test('the bash completion is a script that completes', async () => {
  const { stdout } = await run(['completion', 'bash']);
  const ask = 'COMP_WORDS=(xmppd -c file user dis); COMP_CWORD=4; _xmppd; echo "${COMPREPLY[@]}"';
  const shell = spawnSync('bash', ['-c', `${stdout}\n${ask}`], { encoding: 'utf8' });
  expect([shell.stdout, shell.stderr]).toEqual(['disable\n', '']);
});
