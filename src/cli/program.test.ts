import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { openControlServer, type ControlServer, type ServerStatus } from '../admin/index.ts';
import type { BareJid } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import { silentLog } from '../util/log.ts';
import { systemTimers } from '../util/system-clock.ts';
import type { CliParts } from './parts.ts';
import { runCli } from './program.ts';

let directory: string;
let calls: string[];
let server: ControlServer | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-cli-'));
  writeFileSync(join(directory, 'xmppd.yml'), 'hosts: [example.org, example.com]\n');
  calls = [];
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

/** Accounts that keep a record of what was asked of them. */
function accountsNamed(where: string) {
  const record = (what: string): Promise<void> => {
    calls.push(`${where}: ${what}`);
    return Promise.resolve();
  };
  return {
    create: (address: BareJid, password: string) => record(`create ${address} ${password}`),
    setPassword: (address: BareJid, password: string) => record(`set ${address} ${password}`),
    setDisabled: (address: BareJid, is: boolean) => record(`disable ${address} ${String(is)}`),
    remove: (address: BareJid) => record(`remove ${address}`),
    list: (domain: string, after: string | undefined) =>
      Promise.resolve((after === undefined ? [`a@${domain}`, `b@${domain}`] : []) as BareJid[]),
    close: () => record('close'),
  };
}

const parts: CliParts = {
  start: (settings, { single }) => {
    calls.push(`start ${settings.hosts[0]?.domain ?? ''} ${String(single)}`);
    return Promise.resolve();
  },
  openAccountsOffline: () => {
    const accounts = accountsNamed('database');
    const context = { hosts: ['example.org', 'example.com'], accounts };
    return Promise.resolve({ context, close: () => accounts.close() });
  },
  moduleSchemas: () => Promise.resolve({}),
  checkDatabase: (path) => {
    calls.push(`check ${path}`);
    return Promise.resolve({
      sound: true,
      problems: [],
      brokenReferences: [],
      schemaVersions: new Map([['accounts', 1]]),
      databaseBytes: 1_048_576,
      walBytes: 0,
    });
  },
  backupDatabase: () =>
    Promise.reject(new OperatorError('db-backup-exists', 'it exists', 'Name a new one.')),
};

const STATUS: ServerStatus = {
  version: '0.1.0',
  node: '20.19.0',
  // A process that is certainly not there to wait for.
  pid: 2 ** 22 + 1,
  uptimeMs: 93_784_000,
  hosts: ['example.org'],
  listening: ['c2s [::]:5222'],
  state: 'running',
  workers: [
    {
      ...{ slot: 0, pid: 1, state: 'up', connections: 3, sessions: 2, restarts: 0 },
      ...{ lagMs: 4, residentBytes: 104_857_600, storeWaiting: 5, shedding: 0 },
    },
  ],
  store: {
    ...{ pid: 2, state: 'up', restarts: 1, waiting: 5, walBytes: 2_097_152, lastCommitMs: 1.5 },
  },
};

async function startServer(): Promise<void> {
  server = await openControlServer({
    path: join(directory, 'data/run/control.sock'),
    context: {
      hosts: ['example.org'],
      accounts: accountsNamed('server'),
      server: {
        reload: () => Promise.resolve({ file: null, changes: [] }),
        configDiff: () =>
          Promise.resolve({
            file: '/etc/xmppd.yml',
            changes: [
              { option: 'workers', from: '1', to: '2', live: false },
              { option: 'log.level', from: 'info', to: 'debug', live: true },
            ],
          }),
        setLogLevel: () => Promise.resolve(),
        status: () => Promise.resolve(STATUS),
        stop: () => {
          calls.push('stop');
          return Promise.resolve();
        },
        countSessions: () => Promise.resolve({ online: 2, hibernating: 1 }),
      },
    },
    timers: systemTimers,
    log: silentLog,
  });
}

interface Outcome {
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

async function xmppd(args: readonly string[], typed = ''): Promise<Outcome> {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  input.end(typed);
  const all = ['--config', join(directory, 'xmppd.yml'), ...args];
  const code = await runCli(all, parts, { input, output, errors, noColour: false }, systemTimers);
  return { code, output: String(output.read() ?? ''), errors: String(errors.read() ?? '') };
}

test('start hands the settings on', async () => {
  expect(await xmppd(['start', '--single'])).toMatchObject({ code: undefined });
  expect(calls).toEqual(['start example.org true']);
});

test('accounts are changed in the database while no server runs, which is closed afterwards', async () => {
  const { code, output } = await xmppd(['user', 'add', 'Alice@example.org'], 'pencil\n');
  expect([code, output]).toEqual([undefined, 'Added alice@example.org.\n']);
  expect(calls).toEqual(['database: create alice@example.org pencil', 'database: close']);
});

test('accounts are changed by the server while it runs', async () => {
  await startServer();
  await xmppd(['user', 'passwd', 'alice@example.org'], 'pencil\n');
  await xmppd(['user', 'del', 'alice@example.org']);
  expect(calls).toEqual([
    'server: set alice@example.org pencil',
    'server: remove alice@example.org',
  ]);
});

test('the database is closed after a failure too', async () => {
  expect(await xmppd(['user', 'add', 'alice@example.net'], 'pencil\n')).toMatchObject({ code: 1 });
  expect(calls).toEqual(['database: close']);
});

test('accounts of every host are listed, or of one', async () => {
  const all = await xmppd(['user', 'list']);
  expect(all.output).toBe('a@example.org\nb@example.org\na@example.com\nb@example.com\n');
  const one = await xmppd(['user', 'list', 'example.com', '--json']);
  expect(JSON.parse(one.output)).toEqual({ accounts: ['a@example.com', 'b@example.com'] });
});

test('status is for people, and for programs with --json', async () => {
  await startServer();
  const plain = await xmppd(['status']);
  expect(plain.output).toContain('xmppd 0.1.0 on Node.js 20.19.0');
  expect(plain.output).toContain('up for 1d 2h 3m');
  expect(plain.output).toContain('2 on line, 1 waiting to be resumed');
  const json = await xmppd(['--json', 'status']);
  expect(JSON.parse(json.output)).toEqual({
    ...STATUS,
    sessions: { online: 2, hibernating: 1 },
  });
});

test('stop waits until the process has ended', async () => {
  await startServer();
  expect(await xmppd(['stop'])).toMatchObject({ output: 'The server has stopped.\n' });
  expect(calls).toEqual(['stop']);
});

test('without a server status and stop say so and exit with 69', async () => {
  for (const command of ['status', 'stop']) {
    const { code, errors } = await xmppd([command]);
    expect(code).toBe(69);
    expect(errors).toMatch(
      /^error server-not-running: no server answers on .*control\.sock\nStart it/,
    );
  }
});

test('errors are JSON with --json', async () => {
  const { errors } = await xmppd(['status', '--json']);
  expect(JSON.parse(errors)).toMatchObject({ error: { code: 'server-not-running' } });
});

test('the database is checked where the settings say', async () => {
  const { output } = await xmppd(['db', 'check']);
  expect(calls[0]).toMatch(new RegExp(`^check ${directory}/data/`));
  expect(output).toContain(': ok\ntables: accounts 1\nsize: 1.0 MiB');
});

test('an error of a part keeps its exit code', async () => {
  expect(await xmppd(['db', 'backup', 'x'])).toMatchObject({ code: 64 });
});

test.each([
  [['sttus'], /did you mean status/i],
  [['user', 'add'], /missing required argument/],
  [['status', '--jsn'], /unknown option/],
  [['user', 'frob'], /unknown command/],
])('a command line that cannot be read exits with 64: %j', async (args, message) => {
  const { code, errors } = await xmppd(args);
  expect(code).toBe(64);
  expect(errors).toMatch(message);
});

test('no colour where there is no terminal', async () => {
  await startServer();
  expect((await xmppd(['status'])).output).not.toContain('\u001b');
});
