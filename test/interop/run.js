// Real clients against the real server: `npm run test:interop`. Prints a table and writes docs/interop.md.
// `--only NAME` runs one client and writes nothing. A client that is not installed counts as a failure, and is named.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CHECKS } from './checks.js';
import { CLIENTS } from './clients.js';
import { startProxy } from './proxy.js';
import { page, summary, table } from './report.js';
import { DOMAIN, startServer } from './server.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
const USERS = ['alice', 'bob', 'carol'];

const onlyAt = process.argv.indexOf('--only');
const only = onlyAt > 0 ? process.argv[onlyAt + 1] : undefined;
const chosen = CLIENTS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(`No client ${only}: ${CLIENTS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

/** Runs a client's program; gives its answers by check. */
async function ask(client, server, proxy) {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-client-'));
  const short = client.name.toLowerCase().replace(/\W/g, '');
  const accounts = Object.fromEntries(
    USERS.map((user) => {
      const account = { jid: `${user}.${short}@${DOMAIN}`, password: `secret of ${user}` };
      server.addAccount(account.jid, account.password);
      return [user, account];
    }),
  );
  const settings = {
    domain: DOMAIN,
    host: '127.0.0.1',
    port: server.port,
    tlsPort: server.tlsPort,
    proxyPort: proxy.port,
    controlPort: proxy.controlPort,
    certificate: server.certificate,
    directory,
    ...accounts,
  };
  const [command, ...args] = client.program;
  const child = spawn(command, args, {
    cwd: HERE,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      XMPPD_INTEROP: JSON.stringify(settings),
      NODE_EXTRA_CA_CERTS: server.certificate,
      SSL_CERT_FILE: server.certificate,
    },
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), client.timeoutMs);
  let errors = '';
  child.stderr.on('data', (bytes) => (errors = (errors + bytes).slice(-4000)));
  /** @type {Map<string, import('./checks.js').Answer>} */
  const answers = new Map();
  for await (const line of createInterface({ input: child.stdout })) {
    const answer = parsed(line);
    if (answer === undefined) continue;
    answers.set(answer.check, answer);
    console.log(
      `  ${answer.outcome.padEnd(7)} ${answer.check}${answer.note ? `: ${answer.note}` : ''}`,
    );
  }
  const code = await ended;
  clearTimeout(timer);
  rmSync(directory, { recursive: true, force: true });
  for (const { id } of CHECKS) {
    if (answers.has(id)) continue;
    answers.set(id, { outcome: 'silent' });
    console.log(`  silent  ${id}`);
  }
  if (code !== 0) console.log(`  ended with ${code}\n${errors}`);
  return answers;
}

function parsed(line) {
  try {
    const answer = JSON.parse(line);
    return typeof answer.check === 'string' ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** A server for each client: what one does, failed log-ins above all, must not slow the next. */
async function serve(client) {
  const server = await startServer();
  const proxy = await startProxy(server.port);
  let answers = new Map();
  try {
    answers = await ask(client, server, proxy);
  } finally {
    proxy.close();
    const keep = [...answers.values()].some(({ outcome }) =>
      ['failed', 'silent'].includes(outcome),
    );
    const code = await server.stop({ keep });
    if (code !== 0) {
      console.log(`  The server ended with ${code}.`);
      process.exitCode = 1;
    }
    if (keep) console.log(`  The server's log: ${server.log}`);
  }
  return answers;
}

const results = [];
for (const client of chosen) {
  const version = client.version();
  console.log(`${client.name} ${version ?? `is not installed: ${client.install}`}`);
  results.push({
    client,
    version,
    answers: version === undefined ? new Map() : await serve(client),
  });
}

console.log(`\n${table(results)}\n`);
const { passed, failed, lacking } = summary(results);
console.log(`${passed} passed, ${failed} failed, ${lacking} that the client cannot do`);
if (failed > 0) process.exitCode = 1;
if (only === undefined) writeFileSync(DOCUMENT, page(results));
