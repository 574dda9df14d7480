#!/usr/bin/env node
// Runs the compiled server. In a checkout it compiles first when the sources are newer; a package has no sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'dist', 'main.js');
const stamp = join(root, 'dist', '.built');

/** @param {string} path */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether a source file is newer than the last build. Tests are not part of it. */
function isStale() {
  const sources = join(root, 'src');
  if (!existsSync(sources)) return false;
  const builtMs = existsSync(entry) ? Math.max(modifiedMs(stamp), modifiedMs(entry)) : 0;
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  return files.some(
    (file) =>
      file.endsWith('.ts') &&
      !file.endsWith('.test.ts') &&
      modifiedMs(join(sources, file)) > builtMs,
  );
}

function build() {
  let compiler;
  try {
    compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    // Without the compiler an older build is better than none.
    if (existsSync(entry)) {
      console.error(
        'xmppd: the sources are newer than the build; `npm ci && npm run build` renews it.',
      );
      return;
    }
    console.error('xmppd: not built yet. Run `npm ci` first, with development dependencies.');
    process.exit(1);
  }
  console.error('xmppd: compiling (the sources are newer than the last build) ...');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    console.error('xmppd: the sources do not compile; see above.');
    process.exit(1);
  }
  writeFileSync(stamp, '');
}

if (isStale()) build();
await import('../dist/main.js');
