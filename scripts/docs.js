// Runs every generator of documents (npm run docs builds first). With --check nothing is written: stale files fail.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const GENERATORS = ['architecture.js', 'config-example.js', 'reference.js'];

for (const name of GENERATORS) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
