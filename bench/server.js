// Starts and stops the built server, as an operator would: its own process, a configuration file, a data directory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BenchError } from './errors.js';
import { isRunning, processTree } from './proc.js';

const BIN = fileURLToPath(new URL('../bin/xmppd.js', import.meta.url));
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

export const DOMAIN = 'bench.local';
export const PASSWORD = 'p';

/**
 * @typedef {object} ServerConfig
 * @property {string} directory of this server alone; the data is in `data` below it
 * @property {number} port on loopback; STARTTLS is offered there
 * @property {number} workers
 * @property {boolean} archive
 */

/**
 * The configuration file. What would slow a client down on purpose is off, everything else is as delivered.
 * @param {ServerConfig} config
 */
export function configurationText({ directory, port, workers, archive }) {
  return `hosts: [${DOMAIN}]
listen:
  - { kind: c2s, address: 127.0.0.1, port: ${port} }
data: ${JSON.stringify(join(directory, 'data'))}
workers: ${workers}
tls: { required: false }
auth: { plainWithoutTls: true }
archive: { enabled: ${archive} }
log: { level: warn, format: json }
limits:
  connectionsPerAddress: 0
  bytesPerSecond: 0
  stanzasPerSecond: 0
`;
}

/**
 * Writes the configuration file and returns its path.
 * @param {ServerConfig} config
 */
export async function writeConfiguration(config) {
  await mkdir(join(config.directory, 'data'), { recursive: true, mode: 0o700 });
  const file = join(config.directory, 'xmppd.yml');
  await writeFile(file, configurationText(config));
  return file;
}

/** A port on loopback that nobody listens on at this moment. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new BenchError('no free port');
  return address.port;
}

/**
 * Puts a data directory that was prepared once in place of whatever `directory` holds.
 * @param {string} prepared
 * @param {string} directory
 */
export async function copyData(prepared, directory) {
  await rm(join(directory, 'data'), { recursive: true, force: true });
  await cp(join(prepared, 'data'), join(directory, 'data'), {
    recursive: true,
    // Sockets and locks of the process that prepared it are not data.
    filter: (source) => !source.endsWith('.sock'),
  });
}

/**
 * Whether something accepts connections there.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/**
 * Starts the server and resolves when its port accepts.
 * @param {ServerConfig} config the configuration file is written here
 * @returns {Promise<{ pid: number, port: number, stop: () => Promise<void>, kill: () => void }>}
 *   `stop` is orderly and waits; `kill` is neither, for use when the driver itself is stopped
 */
export async function start(config) {
  const file = await writeConfiguration(config);
  const logFile = join(config.directory, 'server.log');
  const log = await open(logFile, 'a');
  const child = spawn(process.execPath, [BIN, 'start', '--config', file], {
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const { pid } = child;
  if (pid === undefined) throw new BenchError(`cannot start ${BIN}`);
  let ended = false;
  child.once('exit', () => (ended = true));

  const kill = () => {
    for (const member of processTree(pid).reverse()) {
      if (isRunning(member)) process.kill(member, 'SIGKILL');
    }
  };
  const stop = async () => {
    const tree = processTree(pid);
    if (!ended) child.kill('SIGTERM');
    const deadline = performance.now() + STOP_LIMIT_MS;
    while (tree.some(isRunning) && performance.now() < deadline) await sleep(20);
    const left = tree.filter(isRunning);
    for (const member of left) process.kill(member, 'SIGKILL');
    if (left.length > 0) throw new BenchError(`the server did not stop in ${STOP_LIMIT_MS} ms`);
  };

  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await accepts(config.port))) {
    if (ended || performance.now() > deadline) {
      if (!ended) kill();
      const said = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join('\n');
      throw new BenchError(`the server did not start:\n${said}`);
    }
    await sleep(50);
  }
  return { pid, port: config.port, stop, kill };
}
