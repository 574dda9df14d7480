// The server under test: on a loopback address of its own, because the suite knows no port but 5222.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 30_000;
const STOP_MS = 20_000;

export const ADDRESS = '127.0.0.87';
export const DOMAIN = 'xmpp.test';
const PASSWORD = 'of the compliance suite';
const ADMIN = 'admin';

/** What the suite looks for and a server has only if told to: services with credentials that expire, people to find. */
const MODULES = {
  'external-services': {
    services: ['udp', 'tcp'].flatMap((transport) =>
      ['stun', 'turn'].map((type) => ({
        type,
        host: `turn.${DOMAIN}`,
        port: 3478,
        transport,
        ...(type === 'turn' ? { secret: 'known to the relay too' } : {}),
      })),
    ),
  },
  search: { everyone: true },
};

/**
 * Starts it, with an administrator: the suite makes its accounts by XEP-0133.
 * @param {{ workers: number }} options
 */
export async function startServer({ workers }) {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-compliance-'));
  const config = join(directory, 'xmppd.yml');
  // A suite that makes hundreds of accounts and streams from one address is no attacker.
  const settings = {
    hosts: [DOMAIN],
    listen: [{ kind: 'c2s', address: ADDRESS, port: 5222 }],
    data: 'data',
    workers,
    admins: [`${ADMIN}@${DOMAIN}`],
    log: { level: 'debug', format: 'json' },
    auth: { iterations: 4096 },
    limits: { connectionsPerAddress: 0 },
    modules: MODULES,
  };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settings, undefined, 1));

  const added = spawnSync(
    process.execPath,
    [ENTRY, 'user', 'add', `${ADMIN}@${DOMAIN}`, '--config', config],
    { input: `${PASSWORD}\n`, encoding: 'utf8' },
  );
  if (added.status !== 0) throw new Error(`user add: ${added.stderr}`);

  const log = join(directory, 'server.log');
  const sink = createWriteStream(log);
  const child = spawn(process.execPath, [ENTRY, 'start', '--config', config], {
    cwd: directory,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdout.pipe(sink, { end: false });
  child.stderr.pipe(sink, { end: false });
  await running(child, log);

  return {
    directory,
    log,
    certificate: join(directory, 'data', 'certificates', `${DOMAIN}.crt`),
    /** What the suite must be told of the accounts. */
    properties: { adminAccountUsername: ADMIN, adminAccountPassword: PASSWORD },

    /** @returns {Promise<number | null>} the exit code of a graceful stop */
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/** Resolves when it says how to stop it. */
function running(child, log) {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => fail('did not start'), START_MS);
    const fail = (what) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the server ${what}: ${said.slice(-1000)} (${log})`));
    };
    child.once('exit', () => fail('ended'));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (!said.includes('Stop:')) return;
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}
