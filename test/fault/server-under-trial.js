// The server that is killed: started as an operator would, its processes found by what they run, killed by their ids.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sqlite } from '../../dist/storage/sqlite/driver.js';
import { isRunning, processTree } from '../../bench/proc.js';
import { FaultError } from './errors.js';

const BIN = fileURLToPath(new URL('../../bin/xmppd.js', import.meta.url));
const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 20_000;

export const DOMAIN = 'fault.local';

/** `other`: a program that the server is run under. @typedef {'supervisor' | 'worker' | 'store' | 'other'} Role */

/** @param {number} pid @returns {Role} */
function roleOf(pid) {
  let command = '';
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // Ended meanwhile.
  }
  if (!command.startsWith(process.execPath)) return 'other';
  if (command.includes('worker-entry')) return 'worker';
  return command.includes('store-process') ? 'store' : 'supervisor';
}

export class ServerUnderTrial {
  directory;
  port;
  workers;
  archive;
  #environment;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #ended = true;
  #lastRow = 0;

  /**
   * @param {object} options
   * @param {string} options.directory of this server alone; the data is in `data` below it
   * @param {number} options.port on loopback
   * @param {number} options.workers
   * @param {boolean} options.archive
   * @param {NodeJS.ProcessEnv} [options.environment] added to ours
   */
  constructor({ directory, port, workers, archive, environment = {} }) {
    this.directory = directory;
    this.port = port;
    this.workers = workers;
    this.archive = archive;
    this.#environment = environment;
  }

  get configFile() {
    return join(this.directory, 'xmppd.yml');
  }

  get logFile() {
    return join(this.directory, 'server.log');
  }

  get databaseFile() {
    return join(this.directory, 'data', 'xmppd.sqlite');
  }

  /** @returns {number} the supervisor's, or that of the program it is run under */
  get pid() {
    return this.#child?.pid ?? 0;
  }

  get alive() {
    return !this.#ended;
  }

  async prepare() {
    await mkdir(join(this.directory, 'data'), { recursive: true, mode: 0o700 });
    await writeFile(
      this.configFile,
      `hosts: [${DOMAIN}]
listen:
  - { kind: c2s, address: 127.0.0.1, port: ${this.port} }
data: ${JSON.stringify(join(this.directory, 'data'))}
workers: ${this.workers}
tls: { required: false }
auth: { plainWithoutTls: true }
archive: { enabled: ${this.archive} }
log: { level: info, format: json }
limits:
  connectionsPerAddress: 0
  bytesPerSecond: 0
  stanzasPerSecond: 0
`,
    );
  }

  /**
   * Starts the server and resolves when its port accepts.
   * @param {readonly string[]} [under] a program and its arguments that runs it
   */
  async start(under = []) {
    const log = await open(this.logFile, 'a');
    const command = [...under, process.execPath, BIN, 'start', '--config', this.configFile];
    const child = spawn(/** @type {string} */ (command[0]), command.slice(1), {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...this.#environment },
    });
    await log.close();
    this.#child = child;
    this.#ended = false;
    child.once('exit', () => {
      if (this.#child === child) this.#ended = true;
    });
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await this.#accepts())) {
      if (this.#ended || performance.now() > deadline) {
        this.killAll(['worker', 'store', 'supervisor']);
        throw new FaultError(`the server did not start:\n${await this.lastWords()}`);
      }
      await sleep(20);
    }
  }

  async lastWords() {
    return (await readFile(this.logFile, 'utf8')).trim().split('\n').slice(-8).join('\n');
  }

  /** @returns {{ pid: number, role: Role }[]} */
  processes() {
    if (this.#ended) return [];
    return processTree(this.pid)
      .filter(isRunning)
      .map((pid) => ({ pid, role: roleOf(pid) }));
  }

  /** @param {number} pid */
  kill(pid) {
    process.kill(pid, 'SIGKILL');
  }

  /**
   * Kills every process within one turn.
   * @param {readonly Role[]} order
   */
  killAll(order) {
    const processes = this.processes();
    for (const role of order) {
      for (const { pid } of processes.filter((each) => each.role === role)) this.kill(pid);
    }
  }

  /** Waits until nothing of it runs. @param {readonly number[]} pids */
  async gone(pids) {
    const deadline = performance.now() + END_LIMIT_MS;
    while (pids.some(isRunning)) {
      if (performance.now() > deadline) throw new FaultError(`${pids.join()} do not end`);
      await sleep(5);
    }
  }

  /** An orderly end. */
  async stop() {
    const pids = this.processes().map(({ pid }) => pid);
    const supervisor = this.processes().find(({ role }) => role === 'supervisor');
    if (supervisor !== undefined) process.kill(supervisor.pid, 'SIGTERM');
    await this.gone(pids);
  }

  /**
   * What is on disk for recipients, beside the server: the archive's incoming rows since the last call, and all that is
   * pending.
   * @returns {string[]} stanzas
   */
  stored() {
    // Opened and closed each time: a reader that stays would keep the log's index alive, and no start would recover it.
    const database = new (sqlite())(this.databaseFile, { readonly: true, timeout: 5000 });
    try {
      const rows = /** @type {{ rowid: number, stanza: Buffer }[]} */ (
        database
          .prepare('SELECT rowid, stanza FROM archive WHERE rowid > ? AND kind & 1 ORDER BY rowid')
          .all(this.#lastRow)
      );
      this.#lastRow = rows.at(-1)?.rowid ?? this.#lastRow;
      const pending = /** @type {{ stanza: Buffer }[]} */ (
        database.prepare('SELECT stanza FROM pending').all()
      );
      return [...rows, ...pending].map(({ stanza }) => Buffer.from(stanza).toString('latin1'));
    } finally {
      database.close();
    }
  }

  /** @returns {Promise<boolean>} */
  #accepts() {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }
}
