// A real server for tests: the built program as processes of its own, a fresh data directory, accounts made beforehand.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  connectControl,
  type CommandArgs,
  type CommandName,
  type CommandResult,
} from '../../src/admin/index.ts';
import { moduleSchemas } from '../../src/app/module-schemas.ts';
import { openAccountsOffline } from '../../src/app/offline-accounts.ts';
import { makeCredentials } from '../../src/auth/credentials.ts';
import { Hashing } from '../../src/auth/hashing.ts';
import { loadConfig } from '../../src/config/index.ts';
import { systemRandom, systemTimers } from '../../src/util/system-clock.ts';
import { within } from './waiting.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 20_000;
const STOP_MS = 20_000;

type Section = Readonly<Record<string, unknown>>;

export interface ServerOptions {
  /** Sections of the configuration, over those of DEFAULTS. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many accounts are ready. */
  readonly accounts?: number;
  /** Else what XMPPD_TEST_WORKERS says: a number, or `single` for one process. */
  readonly workers?: number | 'single';
  /** Every stanza is written from tokens; else what XMPPD_FORCE_REWRITE says. */
  readonly forceRewrite?: boolean;
  /** The test makes the server report bugs; otherwise one that it reports fails the test at `close`. */
  readonly bugsExpected?: boolean;
  /** Variables over those of the test. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface User {
  readonly local: string;
  readonly bare: string;
  readonly password: string;
}

export const HOST = 'localhost';
const PASSWORD = 'open sesame';
const ITERATIONS = 4096;

/** Log-in in the clear is cheap and can be read in a trace; what needs TLS asks for it. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  hosts: [HOST],
  listen: [
    { kind: 'c2s', address: '127.0.0.1', port: 0 },
    { kind: 'c2s-tls', address: '127.0.0.1', port: 0 },
  ],
  data: 'data',
  tls: { required: false },
  auth: { plainWithoutTls: true, iterations: ITERATIONS },
  limits: { connectionsPerAddress: 0 },
  log: { level: 'info', format: 'json' },
};

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merged(base: Section, over: Section): Section {
  const all: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = all[name];
    all[name] = isSection(below) && isSection(value) ? { ...below, ...value } : value;
  }
  return all;
}

function workersWanted(options: ServerOptions): number | 'single' {
  if (options.workers !== undefined) return options.workers;
  const wanted = process.env['XMPPD_TEST_WORKERS'] ?? '1';
  return wanted === 'single' ? wanted : Number(wanted);
}

export class TestServer {
  readonly host = HOST;
  port = 0;
  tlsPort = 0;
  private readonly directory = mkdtempSync(join(tmpdir(), 'xmppd-test-'));
  private readonly file = join(this.directory, 'xmppd.yml');
  private readonly config: Section;
  private readonly workers: number | 'single';
  private readonly options: ServerOptions;
  private readonly unused: User[] = [];
  private child: ChildProcess | undefined;
  private ended: Promise<number | null> = Promise.resolve(null);
  private lines: string[] = [];

  private constructor(options: ServerOptions) {
    this.options = options;
    this.workers = workersWanted(options);
    const workers = this.workers === 'single' ? 1 : this.workers;
    this.config = merged({ ...DEFAULTS, workers }, options.config ?? {});
    // JSON is YAML.
    this.rewrite({});
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    await server.makeAccounts(options.accounts ?? 40);
    await server.run();
    return server;
  }

  /** An account that no other test has, with a name that no other has. */
  user(): User {
    const user = this.unused.shift();
    if (user === undefined) throw new TypeError('more accounts are needed: see `accounts`');
    return user;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** The supervisor, its workers and the store. */
  pids(): number[] {
    return [this.pid, ...childrenOf(this.pid)];
  }

  async run(): Promise<void> {
    const args = [MAIN, 'start', '--config', this.file];
    if (this.workers === 'single') args.push('--single');
    const rewrite = this.options.forceRewrite ?? process.env['XMPPD_FORCE_REWRITE'] === '1';
    const child = spawn(process.execPath, args, {
      cwd: this.directory,
      env: {
        ...process.env,
        XMPPD_FORCE_REWRITE: rewrite ? '1' : '0',
        NO_COLOR: '1',
        ...this.options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
    let greeting = '';
    const started = new Promise<boolean>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        greeting += text;
        if (greeting.includes('Stop:')) resolve(true);
      });
      child.once('close', () => resolve(false));
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.lines.push(...text.split('\n').filter((line) => line !== ''));
    });
    if (!(await within(started, START_MS, () => `a start; it said: ${greeting}\n${this.log()}`)))
      throw new TypeError(`the server ended at its start: ${greeting}\n${this.log()}`);
    this.port = Number(/STARTTLS .*:(\d+)/.exec(greeting)?.[1]);
    this.tlsPort = Number(/direct TLS .*:(\d+)/.exec(greeting)?.[1]);
  }

  /** A graceful stop. @returns the exit code */
  async stop(): Promise<number | null> {
    const { child } = this;
    if (child === undefined) return 0;
    this.child = undefined;
    child.kill('SIGTERM');
    try {
      return await within(this.ended, STOP_MS, () => `the end of the server\n${this.log()}`);
    } finally {
      // Nothing of it may outlive the test, or the test would never end.
      child.kill('SIGKILL');
    }
  }

  /** kill -9 of every process of the server. */
  async kill(): Promise<void> {
    const pids = this.pids();
    this.child = undefined;
    // All at one moment, however late this process gets its turns: a worker that sees its supervisor die stores its sessions.
    for (const pid of pids) signal(pid, 'SIGSTOP');
    for (const pid of pids) signal(pid, 'SIGKILL');
    await within(this.ended, STOP_MS, () => 'the end of a killed server');
  }

  async restart(): Promise<void> {
    const code = await this.stop();
    if (code !== 0) throw new TypeError(`exit code ${code} of a graceful stop\n${this.log()}`);
    await this.run();
  }

  /** The command line, with the configuration of this server. */
  async cli(...args: readonly string[]) {
    const child = spawn(process.execPath, [MAIN, ...args, '--config', this.file], {
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const code = await within(ended, STOP_MS, () => `the end of xmppd ${args.join(' ')}`);
    return { code, output, errors };
  }

  /** What `xmppd status` is told. */
  async status() {
    return await this.command('status', {});
  }

  /** An account of that very name, made while the server runs. */
  async makeUser(local: string): Promise<User> {
    const user = { local, bare: `${local}@${HOST}`, password: PASSWORD };
    await this.command('user add', { address: user.bare, password: PASSWORD });
    return user;
  }

  /** As `xmppd user passwd` and `xmppd user del` do it. */
  async setPassword(user: User, password: string): Promise<void> {
    await this.command('user passwd', { address: user.bare, password });
  }

  async removeUser(user: User): Promise<void> {
    await this.command('user del', { address: user.bare });
  }

  /** An administrative command, by the control socket. @throws OperatorError */
  async command<N extends CommandName>(name: N, args: CommandArgs): Promise<CommandResult<N>> {
    const control = await connectControl(this.path('data/run/control.sock'), systemTimers);
    try {
      return await control.call(name, args);
    } finally {
      control.close();
    }
  }

  /** A file of the server's. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes the configuration anew: sections over those of the start, or the text of the whole file. */
  rewrite(config: Section | string): void {
    const text =
      typeof config === 'string'
        ? config
        : JSON.stringify(merged(this.config, config), undefined, 1);
    writeFileSync(this.file, text);
  }

  /** Lines of the log that fit, as they are. */
  linesLike(pattern: RegExp): readonly string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** Resident memory of all its processes, in KiB. */
  residentKib(): number {
    return this.pids().reduce((sum, pid) => sum + residentKib(pid), 0);
  }

  /** The last that the server said of itself; from level `warn` on unless all is wanted. */
  log(all = false): string {
    const wanted = this.lines.filter((line) => all || /"level":"?(warn|error|[45]0)/.test(line));
    const short = wanted.slice(-8).map((line) => line.slice(0, 200) + line.slice(200).slice(-150));
    return short.join('\n');
  }

  /** Time from the last end of a worker to the next that was ready, by the server's own log. */
  replacementMs(): number {
    const at = (what: RegExp): number => {
      const line = this.lines.findLast((text) => what.test(text)) ?? '{}';
      return Date.parse((JSON.parse(line) as { time?: string }).time ?? '');
    };
    return at(/"msg":"worker ready"/) - at(/"msg":"worker \d+ ended"/);
  }

  /** Waits for a line of the log. */
  async logged(pattern: RegExp): Promise<void> {
    const found = (): boolean => this.lines.some((line) => pattern.test(line));
    const seen = (async () => {
      while (!found()) await new Promise((resolve) => setTimeout(resolve, 20));
    })();
    await within(seen, 10_000, () => `${String(pattern)} in the log\n${this.log(true)}`);
  }

  async close(): Promise<void> {
    try {
      const code = await this.stop();
      const bugs = this.lines.filter((line) => line.includes('is a bug'));
      if (bugs.length > 0 && this.options.bugsExpected !== true)
        throw new TypeError(`the server reported bugs:\n${bugs.join('\n')}`);
      if (code !== 0) throw new TypeError(`exit code ${code}\n${this.log()}`);
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  /** All with the same keys: PBKDF2 is run once. */
  private async makeAccounts(count: number): Promise<void> {
    const hashing = new Hashing({ concurrency: 1, maxQueued: 10 });
    const credentials = await makeCredentials(PASSWORD, hashing, systemRandom, ITERATIONS);
    const accounts = await openAccountsOffline(loadConfig(this.file, await moduleSchemas()));
    const locals = Array.from(
      { length: count },
      (_, n) => `u${n}-${randomBytes(4).toString('hex')}`,
    );
    try {
      await accounts.createMany(locals.map((local) => ({ local, domain: HOST, credentials })));
    } finally {
      await accounts.close();
    }
    for (const local of locals)
      this.unused.push({ local, bare: `${local}@${HOST}`, password: PASSWORD });
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Resident memory of a process, in KiB; 0 if it is gone. */
export function residentKib(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
