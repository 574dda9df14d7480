// go-sendxmpp: sends a line from a script, or listens. No stream management, no archive, no roster.
import { spawn } from 'node:child_process';
import { MECHANISMS } from '../checks.js';
import { Partner, assert, check, lacks, settings, sleep, until } from '../program.js';

const { alice, bob, domain, port, tlsPort } = settings;

/** Starts it for alice; `input` is what it sends. */
function start(args, { input = '', password = alice.password, direct = false } = {}) {
  const where = direct ? ['-t', '-j', `${domain}:${tlsPort}`] : ['-j', `${domain}:${port}`];
  const child = spawn('go-sendxmpp', ['-d', '-u', alice.jid, '-p', password, ...where, ...args]);
  const run = { child, output: '', ended: new Promise((resolve) => child.once('close', resolve)) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (b) => (run.output += b));
  child.stdin.end(input);
  return run;
}

async function send(body, options) {
  const run = start([bob.jid], { ...options, input: `${body}\n` });
  const code = await run.ended;
  return { code, output: run.output };
}

const partner = await new Partner(bob).online();

await check('starttls', async () => {
  const { code, output } = await send('over STARTTLS');
  assert(code === 0 && output.includes('<proceed'), output);
  assert(!output.includes('<challenge'), 'it did not take PLAIN');
  return 'takes PLAIN of its own accord';
});
await check('direct-tls', async () => {
  const { code, output } = await send('over direct TLS', { direct: true });
  assert(code === 0 && !output.includes('<proceed'), output);
});
await check('login.PLAIN', async () => {
  await partner.hears('over STARTTLS');
});
lacks(
  MECHANISMS.filter((name) => name !== 'PLAIN').map((name) => `login.${name}`),
  'takes PLAIN, whatever else is offered',
);
await check('chat.out', async () => {
  await send('from a script');
  await partner.hears('from a script');
});

/** Listens; resolves when it is there to be spoken to. */
async function listen() {
  const run = start(['-l']);
  await until(
    () => run.output.includes('<presence'),
    () => `it is not on line:\n${run.output}`,
  );
  return run;
}

/** Whether it printed a message: its own line, not the XML of its debug output. */
const printed = (run, body) =>
  until(
    () => run.output.split('\n').some((line) => line.endsWith(`${bob.jid}: ${body}`)),
    () => run.output,
  );

await check('chat.in', async () => {
  const run = await listen();
  try {
    await partner.say(alice.jid, 'to a script');
    await printed(run, 'to a script');
    // Without stream management the server asks by a ping whether the message has arrived.
    await until(() => run.output.includes('<ping'), 'no ping came', 15_000);
    await sleep(500);
    return run.output.includes('panic: ')
      ? 'it prints the message and answers the ping behind it, then crashes: listening, it takes every request for one with a <query/>'
      : undefined;
  } finally {
    run.child.kill();
    await run.ended;
  }
});
await check('offline', async () => {
  await partner.say(alice.jid, 'while nobody listened');
  await sleep(300);
  const run = await listen();
  try {
    await printed(run, 'while nobody listened');
  } finally {
    run.child.kill();
    await run.ended;
  }
});
lacks(
  ['resume.in', 'resume.out', 'archive', 'ping', 'roster', 'presence'],
  'a command for scripts: it only sends and listens',
);
await check('login.wrong', async () => {
  const { code, output } = await send('never', { password: 'not it' });
  assert(code !== 0 && output.includes('not-authorized'), output);
});
await partner.offline();
process.exit(0);
