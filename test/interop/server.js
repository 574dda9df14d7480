// The real server for the clients: two workers, a certificate it made itself, a data directory of its own.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.js';

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_TIMEOUT_MS = 30_000;

export const DOMAIN = 'localhost';

/** Starts it and waits until it says that it runs. */
export async function startServer() {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-interop-'));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const config = join(directory, 'xmppd.yml');
  const log = join(directory, 'server.log');
  writeFileSync(
    config,
    `hosts: [${DOMAIN}]
listen:
  - { kind: c2s, address: 127.0.0.1, port: ${port} }
  - { kind: c2s-tls, address: 127.0.0.1, port: ${tlsPort} }
data: data
workers: 2
log: { level: debug, format: json }
`,
  );
  const child = spawn(process.execPath, [ENTRY, 'start', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const sink = createWriteStream(log);
  child.stdout.pipe(sink, { end: false });
  child.stderr.pipe(sink, { end: false });
  try {
    await running(child);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error.message}; its log is ${log}`, { cause: error });
  }

  return {
    port,
    tlsPort,
    log,
    certificate: join(directory, 'data', 'certificates', `${DOMAIN}.crt`),

    /** By the command line, as an operator would. */
    addAccount(address, password) {
      const added = spawnSync(
        process.execPath,
        [ENTRY, 'user', 'add', address, '--config', config],
        { input: `${password}\n`, encoding: 'utf8' },
      );
      if (added.status !== 0) throw new Error(`user add ${address}: ${added.stderr}`);
    },

    /** @param {{ keep: boolean }} options whether the log stays for reading */
    async stop({ keep }) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(timer);
      if (!keep) rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

/** Resolves when it says that it runs. */
function running(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not start')), START_TIMEOUT_MS);
    child.once('exit', () => reject(new Error('the server ended')));
    let seen = '';
    const look = (bytes) => {
      seen = (seen + bytes).slice(-10_000);
      if (!seen.includes('xmppd is running')) return;
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) stream.off('data', look);
      resolve(undefined);
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
  });
}
