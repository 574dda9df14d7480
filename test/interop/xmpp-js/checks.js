// @xmpp/client 0.14: the library of web and Node.js clients.
import { Partner, assert, check, lacks, network, settings, sleep, until, xml } from '../program.js';

const { alice, bob } = settings;

/** A log-in and a log-off; says by which mechanism. */
async function logIn(options) {
  let used = '';
  const one = new Partner(alice, { ...options, onMechanism: (name) => (used = name) });
  try {
    await one.online();
    return used;
  } finally {
    await one.offline().catch(() => {});
  }
}

await check('starttls', async () => `takes ${await logIn({})} of its own accord`);
await check('direct-tls', async () => {
  await logIn({ tls: true });
});
for (const mechanism of ['SCRAM-SHA-1', 'PLAIN']) {
  await check(`login.${mechanism}`, async () => {
    await logIn({ mechanism });
  });
}
lacks(
  [
    'SCRAM-SHA-256',
    'SCRAM-SHA-512',
    'SCRAM-SHA-1-PLUS',
    'SCRAM-SHA-256-PLUS',
    'SCRAM-SHA-512-PLUS',
  ].map((name) => `login.${name}`),
  'knows SCRAM-SHA-1 and PLAIN',
);

const a = await new Partner(alice, { resource: 'one', port: settings.proxyPort }).online();
const b = await new Partner(bob, { resource: 'one' }).online();

await check('chat.out', async () => {
  await a.say(bob.jid, 'from alice');
  await b.hears('from alice');
});
await check('chat.in', async () => {
  await b.say(alice.jid, 'from bob');
  await a.hears('from bob');
});

await check('resume.in', async () => {
  assert(a.xmpp.streamManagement.enabled, 'the server did not enable stream management');
  let resumed = false;
  a.xmpp.streamManagement.on('resumed', () => (resumed = true));
  await network('hold');
  await a.say(bob.jid, 'said into the cut');
  await b.say(a.jid, 'heard after the cut');
  await sleep(300);
  await network('cut');
  await sleep(300);
  await network('open');
  await until(() => resumed, 'the stream did not resume');
  await a.hears('heard after the cut');
  await sleep(500);
  assert(a.count('heard after the cut') === 1, 'it came more than once');
});
await check('resume.out', async () => {
  await b.hears('said into the cut');
  assert(b.count('said into the cut') === 1, 'it came more than once');
});

await check('offline', async () => {
  await b.offline();
  await a.say(bob.jid, 'while you were away');
  await sleep(300);
  const back = await new Partner(bob, { resource: 'two' }).online();
  const { delayed } = await back.hears('while you were away');
  await back.offline();
  assert(delayed, 'it has no delay stamp');
});

await check('archive', async () => {
  const before = a.stanzas.length;
  const { fin } = await page(a, { max: '2' });
  const results = a.stanzas.slice(before).filter((s) => s.getChild('result', 'urn:xmpp:mam:2'));
  assert(results.length === 2, `a page of 2 had ${results.length}`);
  const last = fin.getChild('set', 'http://jabber.org/protocol/rsm').getChildText('last');
  const middle = a.stanzas.length;
  await page(a, { max: '50', after: last });
  const rest = a.stanzas.slice(middle).filter((s) => s.getChild('result', 'urn:xmpp:mam:2'));
  const bodies = [...results, ...rest].map((s) =>
    s
      .getChild('result', 'urn:xmpp:mam:2')
      .getChild('forwarded', 'urn:xmpp:forward:0')
      .getChild('message', 'jabber:client')
      ?.getChildText('body'),
  );
  const expected = ['from alice', 'from bob'];
  assert(
    bodies.length >= 5 && expected.every((body, at) => bodies[at] === body),
    `the archive has ${JSON.stringify(bodies)}`,
  );
});

async function page(one, { max, after }) {
  const set = xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, xml('max', {}, max));
  if (after !== undefined) set.append(xml('after', {}, after));
  const answer = await one.ask(
    xml('iq', { type: 'set' }, xml('query', { xmlns: 'urn:xmpp:mam:2' }, set)),
  );
  return { fin: answer.getChild('fin', 'urn:xmpp:mam:2') };
}

await check('ping', async () => {
  await a.ask(xml('iq', { type: 'get', to: settings.domain }, xml('ping', 'urn:xmpp:ping')));
});

await check('roster', async () => {
  const other = await new Partner(alice, { resource: 'other' }).online();
  try {
    await other.wantsRoster();
    await a.addContact(bob.jid, 'Bob');
    await until(
      () =>
        other.stanzas.some(
          (s) =>
            s.is('iq') &&
            s.attrs.type === 'set' &&
            s.getChild('query', 'jabber:iq:roster')?.getChild('item')?.attrs.name === 'Bob',
        ),
      'the other device got no push',
    );
  } finally {
    await other.offline();
  }
});

await check('presence', async () => {
  const bobs = await new Partner(bob, { resource: 'three' }).online();
  try {
    await a.xmpp.send(xml('presence', { to: bob.jid, type: 'subscribe' }));
    await until(
      () => bobs.stanzas.some((s) => s.is('presence') && s.attrs.type === 'subscribe'),
      'no request arrived',
    );
    await bobs.xmpp.send(xml('presence', { to: alice.jid, type: 'subscribed' }));
    await until(
      () => a.stanzas.some((s) => s.is('presence') && s.attrs.from === bobs.jid && !s.attrs.type),
      'no presence of the contact',
    );
  } finally {
    await bobs.offline();
  }
});

await a.offline();

await check('login.wrong', async () => {
  const wrong = new Partner({ ...alice, password: 'not it' });
  const end = await wrong.online().then(
    () => 'logged in',
    (error) => error.condition ?? error.message,
  );
  await wrong.offline().catch(() => {});
  assert(end === 'not-authorized', `ended with ${end}`);
});
process.exit(0);
