import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SupervisorStatus } from './settings.ts';

// The supervisor runs as a process of its own, over workers that only echo; see test/helpers.
const MAIN = fileURLToPath(new URL('../../../test/helpers/supervisor-main.js', import.meta.url));

interface Said {
  readonly started?: readonly { readonly port: number }[];
  readonly status?: SupervisorStatus;
  readonly log?: string;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly answers?: readonly unknown[];
  readonly why?: string;
}

interface Who {
  readonly slot: number;
  readonly pid: number;
  readonly epoch: number;
  readonly kind: string;
}

class Server {
  readonly said: Said[] = [];
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;

  constructor(settings: object) {
    const listeners = [{ kind: 'c2s', addresses: ['127.0.0.1'], port: 0 }];
    this.process = spawn(
      process.execPath,
      [MAIN, JSON.stringify({ listeners, workers: 2, ...settings })],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.exit = once(this.process, 'exit').then(([code]) => code as number | null);
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.said.push(JSON.parse(line) as Said));
  }

  async until(what: (said: Said) => boolean): Promise<Said> {
    for (let i = 0; i < 2_000; i += 1) {
      const found = this.said.find(what);
      if (found !== undefined) return found;
      await sleep(5);
    }
    throw new Error(`never said; but ${JSON.stringify(this.said)}`);
  }

  async started(): Promise<this> {
    await this.until((said) => said.started !== undefined);
    return this;
  }

  get port(): number {
    return this.said.find((said) => said.started !== undefined)?.started?.[0]?.port ?? 0;
  }
}

class Client {
  readonly socket: Socket;
  readonly lines: string[] = [];
  closed = false;

  constructor(port: number, early = '') {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.closed = true));
    if (early !== '') this.socket.write(early);
    let rest = '';
    this.socket.setEncoding('utf8').on('data', (data: string) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    clients.push(this);
  }

  async line(n: number): Promise<string> {
    for (let i = 0; i < 2_000; i += 1) {
      const line = this.lines[n];
      if (line !== undefined) return line;
      await sleep(5);
    }
    throw new Error(`no line ${n}`);
  }

  async who(): Promise<Who> {
    return JSON.parse(await this.line(0)) as Who;
  }

  async servedOrEnded(): Promise<void> {
    for (let i = 0; i < 2_000 && !this.closed && this.lines.length === 0; i += 1) await sleep(5);
    expect(this.closed || this.lines.length > 0).toBe(true);
  }

  async ended(): Promise<void> {
    for (let i = 0; i < 2_000 && !this.closed; i += 1) await sleep(5);
    expect(this.closed).toBe(true);
  }
}

let servers: Server[] = [];
let clients: Client[] = [];

function run(settings: object = {}): Server {
  const server = new Server(settings);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const client of clients) client.socket.destroy();
  for (const server of servers) {
    // Workers end with the channel.
    if (server.process.exitCode === null) server.process.kill('SIGKILL');
    await server.exit;
  }
  servers = [];
  clients = [];
});

/** Connects until the new process of a slot answers; clients handed to the dying one are closed and come again. */
async function successorOf(server: Server, former: Who): Promise<Who> {
  for (;;) {
    const client = new Client(server.port);
    await client.servedOrEnded();
    const who = client.lines.length > 0 ? await client.who() : former;
    if (who.slot === former.slot && who.pid !== former.pid) return who;
    await sleep(10);
  }
}

async function connectedTo(server: Server, count: number): Promise<[Client, Who][]> {
  const all: [Client, Who][] = [];
  for (let i = 0; i < count; i += 1) {
    const client = new Client(server.port);
    all.push([client, await client.who()]);
  }
  return all;
}

test('connections reach the workers evenly, with what was sent early intact', async () => {
  const server = await run().started();
  const early = `${'early '.repeat(20_000)}\n`;
  const all = Array.from({ length: 40 }, () => new Client(server.port, early));
  const slots = await Promise.all(all.map((client) => client.who()));
  expect(slots.filter(({ slot }) => slot === 0)).toHaveLength(20);
  expect(slots.every(({ kind }) => kind === 'c2s')).toBe(true);
  for (const client of all) expect((await client.line(1)).length).toBe(early.length - 1);
});

test('a client that ends its side first still gets what is for it', async () => {
  const server = await run().started();
  const client = new Client(server.port);
  client.socket.end('last\n');
  expect(await client.line(1)).toBe('last');
  await client.ended();
});

test('a killed worker is back within a second and the connections of the other live', async () => {
  const server = await run().started();
  const [[one, first], [two, second]] = (await connectedTo(server, 2)) as [
    [Client, Who],
    [Client, Who],
  ];
  expect(first.slot).not.toBe(second.slot);
  process.kill(first.pid, 'SIGKILL');
  const killedAt = Date.now();
  await one.ended();
  const who = await successorOf(server, first);
  expect(Date.now() - killedAt).toBeLessThan(1_000);
  expect(who.epoch).toBeGreaterThan(first.epoch);
  two.socket.write('still here\n');
  expect(await two.line(1)).toBe('still here');
});

test('a worker killed while connections are on their way to it leaves none of their clients hanging', async () => {
  const server = await run({ workers: 1 }).started();
  const pid = server.said.find(({ started }) => started)?.status?.workers[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const all = Array.from({ length: 30 }, () => new Client(server.port));
  await sleep(100);
  process.kill(pid, 'SIGKILL');
  for (const client of all) await client.servedOrEnded();
});

test('a worker that ends by itself is replaced too', async () => {
  const server = await run({ workers: 1 }).started();
  const [[client, first]] = (await connectedTo(server, 1)) as [[Client, Who]];
  client.socket.write('exit\n');
  await client.ended();
  await successorOf(server, first);
  expect((await server.until(({ why }) => why !== undefined)).why).toBe('exit code 7');
});

test('a worker that hangs is killed and replaced, and the other serves meanwhile', async () => {
  const server = await run({ hangTimeoutMs: 1_500 }).started();
  const [[one, first], [two]] = (await connectedTo(server, 2)) as [[Client, Who], [Client, Who]];
  one.socket.write('hang\n');
  two.socket.write('still here\n');
  expect(await two.line(1)).toBe('still here');
  await server.until(({ log }) => log === 'worker hangs; killing it');
  await one.ended();
  await successorOf(server, first);
});

test('a worker that has beaten and hangs before it is ready is killed like any other', async () => {
  const server = run({ hangTimeoutMs: 700, entryArgs: ['--hang-at-start'] });
  await server.until(({ log }) => log === 'worker hangs; killing it');
  expect(server.said.some(({ started }) => started !== undefined)).toBe(false);
});

test('SIGTERM stops workers and store in order and the exit code is 0', async () => {
  const server = await run({ store: true }).started();
  const [[client]] = (await connectedTo(server, 1)) as [[Client, Who]];
  server.process.kill('SIGTERM');
  expect(await client.line(1)).toBe('bye');
  expect(await server.exit).toBe(0);
});

test('SIGINT is the same', async () => {
  const server = await run().started();
  server.process.kill('SIGINT');
  expect(await server.exit).toBe(0);
});

test('a worker that does not stop is killed at the deadline, and the exit code says so', async () => {
  const server = await run({ entryArgs: ['--never-stop'], stopTimeoutMs: 200 }).started();
  server.process.kill('SIGTERM');
  expect(await server.exit).toBe(1);
});

test('a second signal ends everything at once', async () => {
  const server = await run({ entryArgs: ['--never-stop'] }).started();
  server.process.kill('SIGTERM');
  await server.until(({ log }) => log === 'stopping');
  server.process.kill('SIGTERM');
  expect(await server.exit).toBe(1);
});

test('a worker can ask for the status and for a stop', async () => {
  const server = await run({ store: true }).started();
  const [[client, who]] = (await connectedTo(server, 1)) as [[Client, Who]];
  client.socket.write('status\n');
  const status = JSON.parse(await client.line(1)) as SupervisorStatus;
  expect(status.state).toBe('running');
  expect(status.workers.map(({ state }) => state)).toEqual(['ready', 'ready']);
  expect(status.workers[who.slot]).toMatchObject({
    pid: who.pid,
    epoch: who.epoch,
    connections: 1,
  });
  expect(status.store?.state).toBe('ready');
  client.socket.write('stop\n');
  expect(await server.exit).toBe(0);
});

test('the supervisor can ask a worker, and errors come back by code', async () => {
  const server = await run().started();
  const second = server.said.find(({ started }) => started)?.status?.workers[1]?.pid ?? 0;
  process.kill(second, 'SIGKILL');
  await server.until(({ why }) => why === 'SIGKILL');
  await sleep(100);
  server.process.kill('SIGUSR2');
  const { answers } = await server.until((said) => said.answers !== undefined);
  expect(answers?.slice(0, 2)).toEqual([{ verb: 'echo', args: { n: 1 } }, 'fake-code']);
  expect((answers?.[2] as string[]).slice(-2)).toEqual(['1 down', '1 up']);
});

test('one address gets no more than its connections, and a closed one makes room', async () => {
  const server = await run({ connectionsPerAddress: 3 }).started();
  const taken = await connectedTo(server, 3);
  const refused = new Client(server.port);
  await refused.ended();
  expect(refused.lines).toEqual([]);
  taken[0]?.[0].socket.destroy();
  await sleep(600);
  await connectedTo(server, 1);
  const again = new Client(server.port);
  await again.ended();
  expect(again.lines).toEqual([]);
});

test('a port in use ends the start with its code and a hint, before any process is started', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const server = run({ listeners: [{ kind: 'c2s', addresses: ['127.0.0.1'], port }] });
  expect(await server.exit).toBe(70);
  expect(server.said).toHaveLength(1);
  expect(server.said[0]).toMatchObject({ code: 'port-in-use' });
  expect(server.said[0]?.message).toContain(`127.0.0.1:${port} (c2s)`);
  other.close();
});

test('an address that is not of this machine ends the start with its code', async () => {
  const server = run({ listeners: [{ kind: 'c2s', addresses: ['203.0.113.7'], port: 0 }] });
  expect(await server.exit).toBe(70);
  expect(server.said).toEqual([expect.objectContaining({ code: 'address-invalid' })]);
});

test('a worker that cannot start ends the server with its own code and message', async () => {
  const server = run({ entryArgs: ['--fail=db-locked'] });
  expect(await server.exit).toBe(70);
  expect(server.said.at(-1)).toEqual({
    code: 'db-locked',
    message: 'it cannot start',
    hint: 'mend it',
  });
});

test('processes that end again and again end the server', async () => {
  const server = await run({
    workers: 1,
    restartLimit: { restarts: 2, windowMs: 60_000 },
  }).started();
  for (let i = 0; i < 3; i += 1) {
    const [[client, who]] = (await connectedTo(server, 1)) as [[Client, Who]];
    client.socket.write('exit\n');
    await client.ended();
    if (i < 2) await successorOf(server, who);
  }
  expect(await server.exit).toBe(70);
  expect(server.said.at(-1)?.code).toBe('restart-limit');
});

test('workers end when their supervisor is killed', async () => {
  const server = await run().started();
  const pids =
    server.said.find(({ started }) => started)?.status?.workers.map(({ pid }) => pid ?? 0) ?? [];
  server.process.kill('SIGKILL');
  for (const pid of pids) {
    for (let i = 0; ; i += 1) {
      try {
        process.kill(pid, 0);
      } catch {
        break;
      }
      expect(i).toBeLessThan(400);
      await sleep(5);
    }
  }
});
