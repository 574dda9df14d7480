import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BareJid } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import { silentLog, type Log } from '../util/log.ts';
import { systemTimers } from '../util/system-clock.ts';
import type { AdminContext } from './command.ts';
import type { CommandArgs } from './commands-table.ts';
import { connectControl } from './control-client.ts';
import {
  openControlServer,
  type ControlServer,
  type ControlServerOptions,
} from './control-server.ts';

let directory: string;
let path: string;
const open: ControlServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-control-'));
  path = join(directory, 'run', 'control.sock');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  rmSync(directory, { recursive: true });
});

/** Accounts that take their time, fail, or are many, by the name asked for. */
const context: AdminContext = {
  hosts: ['example.org'],
  accounts: {
    create: (address) => {
      if (address.startsWith('taken@')) {
        return Promise.reject(new OperatorError('account-exists', 'it exists', 'Take another.'));
      }
      if (address.startsWith('bug@')) return Promise.reject(new TypeError('x is not a function'));
      if (address.startsWith('never@')) return new Promise(() => undefined);
      return Promise.resolve();
    },
    setDisabled: () => Promise.resolve(),
    setPassword: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    list: () => Promise.resolve(['a@example.org' as BareJid]),
  },
};

async function serve(options: Partial<ControlServerOptions> = {}): Promise<ControlServer> {
  const server = await openControlServer({
    path,
    context,
    timers: systemTimers,
    log: silentLog,
    closeTimeoutMs: 100,
    ...options,
  });
  open.push(server);
  return server;
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'none';
  } catch (error) {
    return error instanceof OperatorError ? error.code : String(error);
  }
}

/** Sends bytes and returns everything that comes back until the end. */
async function exchange(bytes: string | Buffer): Promise<string> {
  const socket = createConnection(path);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

async function stillServes(): Promise<void> {
  const client = await connectControl(path, systemTimers);
  const page = await client.call('user list', { domain: 'example.org' });
  expect(page.accounts).toEqual(['a@example.org']);
  client.close();
}

const add = (address: string): CommandArgs => ({ address, password: 'pencil' });

test('a command is carried out and its result comes back', async () => {
  await serve();
  const client = await connectControl(path, systemTimers);
  expect(await client.call('user add', add('a@example.org'))).toEqual({ address: 'a@example.org' });
  client.close();
});

test('the error of a command keeps its code and its hint', async () => {
  await serve();
  const client = await connectControl(path, systemTimers);
  await expect(client.call('user add', add('taken@example.org'))).rejects.toMatchObject({
    code: 'account-exists',
    hint: 'Take another.',
  });
  client.close();
});

test('a bug in a command is answered without its details, logged, and hurts nobody', async () => {
  const logged: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => logged.push(message) };
  await serve({ log });
  const client = await connectControl(path, systemTimers);
  const failed = client.call('user add', add('bug@example.org'));
  await expect(failed).rejects.toMatchObject({ code: 'internal-error' });
  await expect(failed).rejects.not.toThrow(/is not a function/);
  expect(logged).toEqual(['administrative command failed']);
  await stillServes();
  client.close();
});

test('passwords do not reach the log', async () => {
  const logged: string[] = [];
  const keep = (fields: object, message: string): void => {
    logged.push(JSON.stringify(fields) + message);
  };
  await serve({ log: { ...silentLog, debug: keep, info: keep, warn: keep, error: keep } });
  const client = await connectControl(path, systemTimers);
  await client.call('user add', add('a@example.org'));
  await codeOf(client.call('user add', add('bug@example.org')));
  client.close();
  expect(logged.length).toBeGreaterThan(0);
  expect(logged.join()).not.toContain('pencil');
});

test('requests sent at once are answered in their order', async () => {
  await serve();
  const lines = Array.from({ length: 50 }, (_, at) =>
    JSON.stringify({ id: at, command: 'user list', args: { domain: 'example.org' } }),
  );
  const socket = createConnection(path);
  socket.end(`${lines.join('\n')}\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const ids = answer
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: number }).id);
  expect(ids).toEqual(lines.map((_, at) => at));
});

test('a command that hangs is answered by time', async () => {
  await serve({ commandTimeoutMs: 50 });
  const client = await connectControl(path, systemTimers);
  expect(await codeOf(client.call('user add', add('never@example.org')))).toBe('control-timeout');
  client.close();
});

test('a server that does not answer is given up by time', async () => {
  await serve();
  const client = await connectControl(path, systemTimers, 50);
  expect(await codeOf(client.call('user add', add('never@example.org')))).toBe('control-timeout');
});

test.each([
  ['no JSON', 'GET / HTTP/1.1\r\n\r\n'],
  ['JSON that is no request', '[]\n'],
  ['a request without a command', '{"id":1}\n'],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
  ['a line without end', 'x'.repeat(70_000)],
])('%s costs its own connection alone', async (_, bytes) => {
  await serve();
  expect(JSON.parse(await exchange(bytes))).toMatchObject({
    ok: false,
    error: { code: 'control-frame' },
  });
  await stillServes();
});

test('a flood of requests is not read further than a few', async () => {
  await serve();
  const socket = createConnection(path);
  socket.on('error', () => undefined);
  const line = `${JSON.stringify({ id: 1, command: 'user add', args: add('never@example.org') })}\n`;
  socket.write(line.repeat(20_000));
  await stillServes();
  expect(socket.writableLength).toBeGreaterThan(1_000_000);
  socket.destroy();
});

test('a connection that asks nothing is closed', async () => {
  await serve({ idleTimeoutMs: 50 });
  expect(await exchange('')).toBe('');
});

test('too many connections are told so, and those that are there go on', async () => {
  await serve();
  const sockets: Socket[] = [];
  for (let at = 0; at < 32; at += 1) {
    const socket = createConnection(path);
    sockets.push(socket);
    await once(socket, 'connect');
  }
  const client = await connectControl(path, systemTimers);
  expect(await codeOf(client.call('user list', { domain: 'example.org' }))).toMatch(
    /control-(busy|broken)/,
  );
  for (const socket of sockets) socket.destroy();
});

test('a client that leaves before its answer hurts nobody', async () => {
  await serve();
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.write(
    `${JSON.stringify({ id: 1, command: 'user list', args: { domain: 'example.org' } })}\n`,
  );
  socket.destroy();
  await stillServes();
});

test('the socket and its directory are the own user’s alone', async () => {
  await serve();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
});

test('a socket file left by a killed server is replaced', async () => {
  mkdirSync(join(directory, 'run'));
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(path)).toBe(true);
  expect(await codeOf(connectControl(path, systemTimers))).toBe('server-not-running');
  await serve();
  await stillServes();
});

test('a second server on the same socket is refused, and the first goes on', async () => {
  await serve();
  expect(await codeOf(serve())).toBe('server-running');
  await stillServes();
});

test('a file that is no socket is left alone', async () => {
  mkdirSync(join(directory, 'run'));
  writeFileSync(path, 'precious');
  expect(await codeOf(serve())).toBe('control-path');
  expect(existsSync(path)).toBe(true);
});

test('a path too long for a socket is refused with what to do', async () => {
  expect(await codeOf(serve({ path: join(directory, 'x'.repeat(120)) }))).toBe('control-path');
});

test('a directory that cannot be made is named', async () => {
  writeFileSync(join(directory, 'run'), '');
  expect(await codeOf(serve())).toBe('control-path');
});

test('a closed server takes its socket away', async () => {
  const server = await serve();
  await server.close();
  open.length = 0;
  expect(existsSync(path)).toBe(false);
  expect(await codeOf(connectControl(path, systemTimers))).toBe('server-not-running');
});

test('a server that dies while it answers is told apart from one that is not there', async () => {
  mkdirSync(join(directory, 'run'));
  const dying = createServer((socket) => {
    socket.once('data', () => socket.destroy());
  });
  dying.listen(path);
  await once(dying, 'listening');
  chmodSync(path, 0o600);
  const client = await connectControl(path, systemTimers);
  expect(await codeOf(client.call('status', {}))).toBe('control-broken');
  dying.close();
});
