// Runs the tests on another major version of Node.js: node scripts/test-on-node.js 24 [arguments of npm test]
// The tree is copied, since native add-ons are built per version; the version comes from npm as a package
// that brings the binary and its headers.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, ...testArguments] = process.argv.slice(2);
if (major === undefined || !/^\d+$/.test(major)) {
  process.stderr.write('usage: node scripts/test-on-node.js MAJOR [arguments of npm test]\n');
  process.exit(64);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), `xmppd-node${major}-`));
const copy = join(work, 'xmppd');

/** The package behind npm's `node` for this machine. */
const system = process.platform === 'win32' ? 'win' : process.platform;
const prefix = system === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
const packageName = `${prefix}-${system}-${process.arch}`;

/** @param {string} step */
const say = (step) => process.stderr.write(`node ${major}: ${step}\n`);

/** @type {number} */
let status;
try {
  say('installing the runtime');
  writeFileSync(join(work, 'package.json'), '{"private":true}\n');
  execFileSync('npm', ['install', '--no-save', '--no-package-lock', `${packageName}@${major}`], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const runtime = join(work, 'node_modules', packageName);

  say('copying the tree');
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  for (const path of listed.split('\0')) {
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path));
  }

  const env = {
    ...process.env,
    PATH: [dirname(join(runtime, 'bin', 'node')), process.env.PATH].join(delimiter),
    npm_config_nodedir: runtime,
  };
  // What npm hands to its scripts names the Node.js that runs this one.
  for (const name of ['npm_node_execpath', 'NODE', 'npm_execpath']) delete env[name];
  /** @param {string[]} words */
  const npm = (...words) =>
    spawnSync('npm', words, { cwd: copy, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ??
    1;

  say('installing packages, building native add-ons against its headers');
  status = npm('ci');
  if (status === 0) {
    say(execFileSync('node', ['--version'], { env, encoding: 'utf8' }).trim());
    status = npm('test', ...(testArguments.length > 0 ? ['--', ...testArguments] : []));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = status;
