// Gajim: a desktop client on a display that nobody sees, set up by its settings file, steered over D-Bus, read in its
// log of stanzas and in its own message history.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../../../dist/storage/sqlite/driver.js';
import { MECHANISMS } from '../checks.js';
import { Partner, assert, check, lacks, network, settings, sleep, until } from '../program.js';

const { alice, bob, carol, directory } = settings;
const CONFIG = join(directory, '.config', 'gajim');
const DATA = join(directory, '.local', 'share', 'gajim');
const LOG = join(directory, 'gajim.log');
const ACCOUNT = 'interop';
/** It refuses to run as root. runuser sets HOME anew. */
const AS =
  process.getuid?.() === 0 ? ['runuser', '-u', 'nobody', '--', 'env', `HOME=${directory}`] : [];
const children = [];

const env = {
  PATH: process.env.PATH ?? '',
  HOME: directory,
  XDG_RUNTIME_DIR: directory,
  DISPLAY: '',
  NO_AT_BRIDGE: '1',
  LANG: 'C.UTF-8',
  DBUS_SESSION_BUS_ADDRESS: '',
};

function start(command, args, output, errors) {
  const [program, ...rest] = [...AS, command, ...args];
  const child = spawn(program, rest, {
    env,
    stdio: ['ignore', output ?? 'ignore', errors ?? 'ignore'],
    detached: true,
  });
  children.push(child);
  return child;
}

/** The whole group: runuser does not hand signals on to what it started. */
function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  return ended;
}
process.on('exit', () => {
  for (const child of children) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
});

const log = () => (existsSync(LOG) ? readFileSync(LOG, 'utf8') : '');
/** What came into the log behind a mark. */
const since = (mark) => log().slice(mark);

function remote(...args) {
  const [program, ...rest] = [...AS, 'gajim-remote', ...args];
  return execFileSync(program, rest, { env, encoding: 'utf8', timeout: 10_000 });
}

/** It takes orders some while after its log-in. */
function remoteReady() {
  try {
    return remote('get_status', ACCOUNT).includes('online');
  } catch {
    return false;
  }
}

/** A display and a message bus of our own. */
async function surroundings() {
  if (AS.length > 0) execFileSync('chown', ['nobody', directory]);
  const numbers = join(directory, 'display');
  start('Xvfb', ['-displayfd', '1', '-screen', '0', '1024x768x24'], openSync(numbers, 'w'));
  await until(() => readFileSync(numbers, 'utf8').trim() !== '', 'no display');
  env.DISPLAY = `:${readFileSync(numbers, 'utf8').trim()}`;
  const addresses = join(directory, 'bus');
  start('dbus-daemon', ['--session', '--nofork', '--print-address'], openSync(addresses, 'w'));
  await until(() => readFileSync(addresses, 'utf8').includes('\n'), 'no message bus');
  env.DBUS_SESSION_BUS_ADDRESS = readFileSync(addresses, 'utf8').split('\n')[0];
}

/** The folders and the file that its first start would make, with one account in it. */
function configure({ port, type }) {
  for (const folder of [CONFIG, DATA, join(DATA, 'cert_store')]) {
    mkdirSync(folder, { recursive: true });
  }
  copyFileSync(settings.certificate, join(DATA, 'cert_store', 'server'));
  const [name, hostname] = alice.jid.split('@');
  const app = { remote_control: true, use_keyring: false, is_window_visible: true };
  const account = {
    name,
    hostname,
    account_label: ACCOUNT,
    password: alice.password,
    resource: 'gajim',
    active: true,
    autoconnect: true,
    use_custom_host: true,
    custom_host: settings.host,
    custom_port: port,
    custom_type: type,
  };
  const database = new (sqlite())(join(CONFIG, 'settings.sqlite'));
  database.exec(`
    CREATE TABLE IF NOT EXISTS settings (name TEXT UNIQUE, settings TEXT);
    CREATE TABLE IF NOT EXISTS account_settings (account TEXT UNIQUE, settings TEXT);
    PRAGMA user_version = 5;`);
  const put = database.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)');
  put.run('app', JSON.stringify(app));
  for (const rest of ['soundevents', 'status_presets', 'proxies', 'plugins']) put.run(rest, '{}');
  put.run('workspaces', '{"interop":{}}');
  database
    .prepare('INSERT OR REPLACE INTO account_settings VALUES (?, ?)')
    .run(ACCOUNT, JSON.stringify({ account, contact: {}, group_chat: {} }));
  database.close();
  if (AS.length > 0) execFileSync('chown', ['-R', 'nobody', directory]);
}

let gajim;
async function logIn(options) {
  const mark = log().length;
  configure(options);
  const output = openSync(LOG, 'a');
  gajim = start('gajim', ['-s', '-l', 'gajim=INFO,.nbxmpp=INFO'], output, output);
  await until(
    () => /<jid>[^<]*\/gajim<\/jid>/.test(since(mark)),
    () => `no log-in; its log ends with:\n${log().slice(-1500)}`,
    25_000,
  );
  return /<auth[^>]* mechanism="([^"]+)"|mechanism='([^']+)'/
    .exec(since(mark))
    ?.slice(1)
    .find(Boolean);
}

/** How often a message stands in its history. */
function history(body) {
  const database = new (sqlite())(join(DATA, 'logs.db'), { readonly: true });
  try {
    return database.prepare('SELECT count(*) FROM logs WHERE message = ?').pluck().get(body);
  } finally {
    database.close();
  }
}
const remembers = (body) => until(() => history(body) > 0, `"${body}" is not in its history`);

const partner = await new Partner(bob).online();
const other = await new Partner(alice, { resource: 'other' }).online();
// Before Gajim was ever there, and read elsewhere: it can only come from the archive.
await partner.say(alice.jid, 'long before');
await other.hears('long before');

await surroundings();
await check(
  'direct-tls',
  async () => {
    try {
      await logIn({ port: settings.tlsPort, type: 'DIRECT TLS' });
    } finally {
      await stop(gajim);
    }
  },
  40_000,
);
let used = '';
await check(
  'starttls',
  async () => {
    used = (await logIn({ port: settings.proxyPort, type: 'START TLS' })) ?? '';
    return `takes ${used} of its own accord`;
  },
  40_000,
);
if (used !== '') await check(`login.${used}`, async () => {});
lacks(
  MECHANISMS.filter((name) => name !== used).map((name) => `login.${name}`),
  `takes the strongest it knows of what is offered, ${used}, and cannot be told another`,
);

await check('archive', () => remembers('long before'));
await check('chat.out', async () => {
  await until(remoteReady, 'it cannot be steered', 20_000);
  remote('send_chat_message', bob.jid, 'from Gajim', ACCOUNT);
  await partner.hears('from Gajim');
});
await check('chat.in', async () => {
  await partner.say(alice.jid, 'from another client');
  await remembers('from another client');
});
await check('roster', async () => {
  await other.wantsRoster();
  await other.addContact(carol.jid, 'Carol');
  await until(() => remote('list_contacts', ACCOUNT).includes(carol.jid), 'it was not told');
  return 'told of a contact that another device added; its own adding needs a mouse';
});
await check(
  'resume.in',
  async () => {
    const mark = log().length;
    await network('hold');
    remote('send_chat_message', bob.jid, 'said into the cut', ACCOUNT);
    await partner.say(`${alice.jid}/gajim`, 'heard after the cut');
    await sleep(300);
    await network('cut');
    await sleep(500);
    await network('open');
    await until(() => /<(resumed|failed) /.test(since(mark)), 'it did not come back', 45_000);
    assert(/<resumed /.test(since(mark)), 'it logged in anew');
    await remembers('heard after the cut');
    await sleep(500);
    assert(history('heard after the cut') === 1, 'it came more than once');
  },
  60_000,
);
await check('resume.out', async () => {
  await partner.hears('said into the cut');
  await sleep(500);
  assert(partner.count('said into the cut') === 1, 'it came more than once');
});
await check(
  'offline',
  async () => {
    remote('change_status', 'offline', '', ACCOUNT);
    await sleep(1000);
    await other.offline();
    await partner.say(alice.jid, 'while you were away');
    await sleep(300);
    remote('change_status', 'online', '', ACCOUNT);
    await remembers('while you were away');
    await sleep(500);
    assert(history('while you were away') === 1, 'it came more than once');
  },
  30_000,
);
lacks(['ping', 'presence', 'login.wrong'], 'not without a hand on the mouse');
await stop(gajim);
await partner.offline();
process.exit(0);
