// The clients, how each is found on this machine, and the program that drives it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The first line of what a command prints that matches; undefined if it is not there. */
function printed(command, args, pattern) {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return error ? undefined : pattern.exec(`${stdout}${stderr}`)?.[1];
}

function packaged(name) {
  return printed('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}${Version}', name], /^ii (\S+)/);
}

const NODE = process.execPath;
/** Debian's, which sees Debian's packages. */
const PYTHON = '/usr/bin/python3';

/**
 * `version` is undefined where the client is not installed. `timeoutMs` is for its whole program.
 * @type {readonly { name: string, what: string, install: string, version(): string | undefined,
 *   program: readonly string[], timeoutMs: number }[]}
 */
export const CLIENTS = [
  {
    name: '@xmpp/client',
    what: 'library, JavaScript',
    install: 'npm ci',
    version() {
      const file = new URL('../../node_modules/@xmpp/client/package.json', import.meta.url);
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
    },
    program: [NODE, 'xmpp-js/checks.js'],
    timeoutMs: 90_000,
  },
  {
    name: 'slixmpp',
    what: 'library, Python',
    install: 'apt-get install python3-slixmpp',
    version: () => packaged('python3-slixmpp'),
    program: [PYTHON, 'slixmpp/checks.py'],
    timeoutMs: 120_000,
  },
  {
    name: 'profanity',
    what: 'console client, C',
    install: 'apt-get install profanity tmux',
    version: () => (packaged('tmux') === undefined ? undefined : packaged('profanity')),
    program: [NODE, 'profanity/checks.js'],
    timeoutMs: 180_000,
  },
  {
    name: 'go-sendxmpp',
    what: 'command, Go',
    install: 'apt-get install go-sendxmpp',
    version: () => packaged('go-sendxmpp'),
    program: [NODE, 'go-sendxmpp/checks.js'],
    timeoutMs: 90_000,
  },
  {
    name: 'Gajim',
    what: 'desktop client, Python',
    install: 'apt-get install gajim xvfb dbus',
    version: () => (packaged('xvfb') === undefined ? undefined : packaged('gajim')),
    program: [NODE, 'gajim/checks.js'],
    timeoutMs: 180_000,
  },
];
