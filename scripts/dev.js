// npm run dev: compiles on every change, and runs the server anew whenever that succeeds.
// Arguments go to the server: npm run dev -- --config my.yml
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const STOP_MS = 20_000;

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
let restarting = false;
let ending = false;

function start() {
  server = spawn(process.execPath, ['bin/xmppd.js', 'start', ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A terminal's Ctrl-C would reach it twice, and a second signal means "at once".
    detached: true,
  });
  server.once('exit', (code, signal) => {
    server = undefined;
    if (ending) return;
    if (restarting) {
      restarting = false;
      start();
      return;
    }
    process.stderr.write(`xmppd ended (${signal ?? code}); waiting for a change\n`);
  });
}

function restart() {
  if (server === undefined) {
    start();
    return;
  }
  if (restarting) return;
  restarting = true;
  const old = server;
  old.kill('SIGTERM');
  setTimeout(() => {
    if (old.exitCode === null && old.signalCode === null) old.kill('SIGKILL');
  }, STOP_MS).unref();
}

const compiler = spawn(
  process.execPath,
  [tsc, '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
createInterface({ input: compiler.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  if (line.includes('Found 0 errors')) restart();
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    ending = true;
    compiler.kill();
    server?.kill(signal);
  });
}
