// profanity: a person's console client, driven by keys in a terminal and read off its screen.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MECHANISMS } from '../checks.js';
import {
  Lacks,
  Partner,
  assert,
  check,
  lacks,
  network,
  settings,
  sleep,
  until,
  xml,
} from '../program.js';

const { alice, bob, carol, directory } = settings;
const LOG = join(directory, 'profanity.log');

const tmux = (...args) =>
  execFileSync('tmux', ['-S', join(directory, 'tmux'), ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      HOME: directory,
      XDG_CONFIG_HOME: join(directory, 'config'),
      XDG_DATA_HOME: join(directory, 'data'),
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
    },
  });

/** What the terminal shows, long lines joined. */
const screen = () => tmux('capture-pane', '-p', '-J').replace(/\n\s{11}/g, ' ');
const shows = (text, ms) =>
  until(
    () => screen().includes(text),
    () => `the screen does not show "${text}":\n${screen()}`,
    ms,
  );
const log = () => readFileSync(LOG, 'utf8');

function type(line) {
  tmux('send-keys', '-l', line);
  tmux('send-keys', 'Enter');
}

/** Logs in at a port, and gives the mechanism that its log names. */
async function logIn(port, policy, password = alice.password) {
  const before = log().length;
  type('/win 1');
  type('/clear');
  type(`/connect ${alice.jid} server ${settings.host} port ${port} tls ${policy}`);
  await until(
    () => screen().includes('Enter password'),
    () => `no prompt:\n${screen()}`,
  );
  type(password);
  await until(
    () => /logged in successfully|Login failed/.test(screen()),
    () => `neither in nor out:\n${screen()}`,
  );
  const mechanism = /<auth mechanism="([^"]+)"/.exec(log().slice(before))?.[1];
  return { in: screen().includes('logged in successfully'), mechanism };
}

async function logOff() {
  type('/win 1');
  type('/disconnect');
  await shows('logged out successfully');
}

tmux('new-session', '-d', '-x', '160', '-y', '50', `profanity -l DEBUG -f ${LOG}`);
process.on('exit', () => tmux('kill-server'));
await shows("Type '/help'");
for (const line of ['/reconnect 1', '/history off', '/intype off', '/outtype off']) type(line);

await check('login.wrong', async () => {
  const result = await logIn(settings.port, 'force', 'not it');
  assert(!result.in, 'it was let in');
  await sleep(500);
});
await check('direct-tls', async () => {
  const result = await logIn(settings.tlsPort, 'legacy');
  assert(result.in, 'the log-in failed');
  await logOff();
});
let used = '';
await check('starttls', async () => {
  const result = await logIn(settings.proxyPort, 'force');
  assert(result.in, 'the log-in failed');
  used = result.mechanism ?? '';
  return `takes ${used} of its own accord`;
});
await check(`login.${used}`, async () => {});
lacks(
  MECHANISMS.filter((name) => name !== used).map((name) => `login.${name}`),
  `takes the strongest it knows of what is offered, ${used}, and cannot be told another`,
);

const partner = await new Partner(bob).online();

await check('chat.out', async () => {
  type(`/msg ${bob.jid} from profanity`);
  await partner.hears('from profanity');
});
await check('chat.in', async () => {
  await partner.say(alice.jid, 'from another client');
  await shows('from another client');
});
await check(
  'resume.in',
  async () => {
    const before = log().length;
    const full = partner.messages[0]?.from ?? alice.jid;
    await network('hold');
    type('said into the cut');
    await partner.say(full, 'heard after the cut');
    await sleep(300);
    await network('cut');
    await sleep(1500);
    await network('open');
    await until(() => /<(resumed|failed) /.test(log().slice(before)), 'it did not come back');
    assert(/<resumed /.test(log().slice(before)), 'it logged in anew');
    type('/win 2');
    await shows('heard after the cut');
    assert(screen().split('heard after the cut').length === 2, 'it came more than once');
  },
  30_000,
);
await check('resume.out', async () => {
  const heard = await partner.hears('said into the cut', 3000).catch(() => undefined);
  // libstrophe's log names what it sends: once before the cut, and again if it keeps what was not acknowledged.
  const sent = log().split('<body>said into the cut</body>').length - 1;
  if (heard === undefined && sent === 1) {
    throw new Lacks('it resumes, but does not send again what was not acknowledged');
  }
  assert(heard !== undefined, 'it did not arrive');
  await sleep(500);
  assert(partner.count('said into the cut') === 1, 'it came more than once');
});
await check('ping', async () => {
  type('/win 1');
  type('/ping');
  await shows('Ping response from');
});
await check('roster', async () => {
  const other = await new Partner(alice, { resource: 'other' }).online();
  try {
    await other.wantsRoster();
    type(`/roster add ${carol.jid} Carol`);
    await until(
      () =>
        other.stanzas.some((s) => s.is('iq') && s.attrs.type === 'set' && `${s}`.includes('Carol')),
      'the other device got no push',
    );
    type('/roster');
    await shows('Carol');
  } finally {
    await other.offline();
  }
});
await check('presence', async () => {
  type(`/sub request ${bob.jid}`);
  await until(
    () => partner.stanzas.some((s) => s.is('presence') && s.attrs.type === 'subscribe'),
    'no request arrived',
  );
  await partner.xmpp.send(xml('presence', { to: alice.jid, type: 'subscribed' }));
  await until(() => screen().includes('Subscription received'), 'no answer arrived');
});
await check('offline', async () => {
  await logOff();
  await partner.say(alice.jid, 'while you were away');
  await sleep(300);
  assert((await logIn(settings.port, 'force')).in, 'the log-in failed');
  type(`/msg ${bob.jid}`);
  await shows('while you were away');
});
await check('archive', async () => {
  type('/win 1');
  type('/mam on');
  await sleep(500);
  type('/close all');
  await sleep(500);
  type(`/msg ${bob.jid}`);
  await shows('from another client').catch((error) => {
    const refused = log().includes("doesn't advertise urn:xmpp:mam:2");
    throw refused ? new Error('it looks for urn:xmpp:mam:2 on the domain alone') : error;
  });
  // History off, so none of it is from its own log. It shows what others said.
  await until(() => log().includes('<fin '), 'no page came');
  return 'it shows a page twice: its request for the next puts <after/> beside <set/>, where it means nothing';
});
await partner.offline();
type('/quit');
process.exit(0);
