// XEP-0077 (v2.4): accounts made, changed and removed in band.
import { Client, login } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const NS = 'jabber:iq:register';
const FEATURE = 'http://jabber.org/features/iq-register';
const PASSWORD = 'correct horse';

let open: TestServer;
let closed: TestServer;
beforeAll(async () => {
  open = await TestServer.start({
    accounts: 8,
    config: { modules: { registration: { enabled: true, withoutTls: true, maxPerAddress: 2 } } },
  });
  closed = await TestServer.start({ accounts: 2 });
});
afterAll(async () => {
  await open.close();
  await closed.close();
});

let addresses = 0;

/** A stream from an address of its own: they are limited by address. */
async function stream(server: TestServer, from?: string): Promise<[Connection, Element]> {
  const connection = await Connection.open(server, { from: from ?? `127.0.1.${++addresses}` });
  return [connection, await connection.features()];
}

async function ask(connection: Connection, type: string, content: string): Promise<Element> {
  connection.send(`<iq type='${type}' id='r'><query xmlns='${NS}'>${content}</query></iq>`);
  return await connection.element('iq');
}

function account(name: string, password = PASSWORD): string {
  return `<username>${name}</username><password>${password}</password>`;
}

test('it is off unless the operator wants it', async () => {
  const [connection, features] = await stream(closed);
  expect(childOf(features, 'register', FEATURE)).toBeUndefined();
  connection.send(`<iq type='get' id='r'><query xmlns='${NS}'/></iq>`);
  expect(conditionOf(await connection.streamError())).toBe('not-authorized');
});

test('§3.1: the fields are told, an account is made, and its user logs in on the same stream', async () => {
  const [connection, features] = await stream(open);
  expect(childOf(features, 'register', FEATURE)).toBeDefined();
  const fields = childOf(await ask(connection, 'get', ''), 'query', NS)!;
  expect(childrenOf(fields).map(({ name }) => name)).toEqual([
    ...['instructions', 'username', 'password', 'x'],
  ]);
  const made = await ask(connection, 'set', account('Bill'));
  expect(made.attrs['type']).toBe('result');
  expect((await login(connection, 'bill', PASSWORD)).name).toBe('success');
  const client = await Client.login(open, {
    local: 'bill',
    bare: `bill@${HOST}`,
    password: PASSWORD,
  });
  expect(client.jid).toContain(`bill@${HOST}/`);
});

test('§5: the form does the same', async () => {
  const [connection] = await stream(open);
  const field = (name: string, value: string) =>
    `<field var='${name}'><value>${value}</value></field>`;
  const form = `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', NS)}${field('username', 'formal')}${field('password', PASSWORD)}</x>`;
  expect((await ask(connection, 'set', form)).attrs['type']).toBe('result');
  expect((await login(connection, 'formal', PASSWORD)).name).toBe('success');
});

test('§3.1: a name in use is a conflict, and its account stays as it was', async () => {
  const user = open.user();
  const [connection] = await stream(open);
  const answer = await ask(connection, 'set', account(user.local, 'another password'));
  expect(conditionOf(answer)).toBe('conflict');
  expect((await login(connection, user.local, user.password)).name).toBe('success');
});

test('§3.1: what is missing, short, reserved or no name is not acceptable', async () => {
  const [connection] = await stream(open);
  const wrong = [
    '',
    '<username>someone</username>',
    '<username>someone</username><password/>',
    account('someone', 'short'),
    account('admin'),
    account('a@b'),
    account('with space'),
    account('x'.repeat(1100)),
    account(`someone@${HOST}`),
  ];
  for (const content of wrong) {
    expect([content, conditionOf(await ask(connection, 'set', content))]).toEqual([
      content,
      'not-acceptable',
    ]);
  }
});

test('a malformed form is a bad request', async () => {
  const [connection] = await stream(open);
  for (const x of [
    "<x xmlns='jabber:x:data' type='odd'/>",
    "<x xmlns='jabber:x:data' type='submit'><field/></x>",
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>other</value></field></x>",
  ]) {
    expect(conditionOf(await ask(connection, 'set', x))).toBe('bad-request');
  }
});

test('§3.2: nobody is removed before log-in', async () => {
  const [connection] = await stream(open);
  expect(conditionOf(await ask(connection, 'set', '<remove/>'))).toBe('unexpected-request');
});

test('§3.1.1: one account for each stream', async () => {
  const [connection] = await stream(open);
  expect((await ask(connection, 'set', account('one-a'))).attrs['type']).toBe('result');
  expect(conditionOf(await ask(connection, 'set', account('one-b')))).toBe('not-acceptable');
});

test('§3.1.1: an address that made its accounts makes no more, also after a restart', async () => {
  const from = '127.0.2.1';
  for (const name of ['many-a', 'many-b']) {
    const [connection] = await stream(open, from);
    expect((await ask(connection, 'set', account(name))).attrs['type']).toBe('result');
    connection.destroy();
  }
  const refused = async () => {
    const [connection] = await stream(open, from);
    return conditionOf(await ask(connection, 'set', account('many-c')));
  };
  expect(await refused()).toBe('not-acceptable');
  await open.restart();
  expect(await refused()).toBe('not-acceptable');
});

test('a flood of wishes at once makes no more accounts than one behind the other', async () => {
  const from = '127.0.2.2';
  const answers = await Promise.all(
    Array.from({ length: 6 }, async (_, n) => {
      const [connection] = await stream(open, from);
      return (await ask(connection, 'set', account(`flood-${n}`))).attrs['type'];
    }),
  );
  // Each worker counts what is under way by itself.
  const workers = Number(process.env['XMPPD_TEST_WORKERS'] ?? 1) || 1;
  expect(answers.filter((type) => type === 'result').length).toBeLessThanOrEqual(2 * workers);
});

test('what is no request for this is no request at all before log-in', async () => {
  for (const stanza of [
    `<iq type='get' id='r'><query xmlns='jabber:iq:version'/></iq>`,
    `<iq type='get' id='r' to='elsewhere.example'><query xmlns='${NS}'/></iq>`,
    `<iq type='get'><query xmlns='${NS}'/></iq>`,
    `<iq type='result' id='r'><query xmlns='${NS}'/></iq>`,
    `<message to='a@${HOST}'><body>x</body></message>`,
  ]) {
    const [connection] = await stream(open);
    connection.send(stanza);
    expect(conditionOf(await connection.streamError())).toBe('not-authorized');
  }
});

async function change(client: Client, content: string, to = ''): Promise<Element> {
  return await client.ask(`<iq type='set'${to}><query xmlns='${NS}'>${content}</query></iq>`);
}

test('§3.3: a user changes the own password, at the host or the own address', async () => {
  const user = closed.user();
  const client = await Client.login(closed, user);
  const host = ` to='${HOST}'`;
  const registered = childOf(
    await client.ask(`<iq type='get'${host}><query xmlns='${NS}'/></iq>`),
    'query',
    NS,
  )!;
  expect(childOf(registered, 'registered', NS)).toBeDefined();
  expect(textOf(childOf(registered, 'username', NS))).toBe(user.local);
  expect((await change(client, account(user.local, 'a new password'), host)).attrs['type']).toBe(
    'result',
  );
  expect((await change(client, account(user.local, 'a newer password'))).attrs['type']).toBe(
    'result',
  );
  const [connection] = await stream(closed);
  expect((await login(connection, user.local, 'a newer password')).name).toBe('success');
});

test('§3.3: not that of others, and not an empty or a short one', async () => {
  const client = await Client.login(open, open.user());
  const other = open.user();
  const host = ` to='${HOST}'`;
  expect(conditionOf(await change(client, account(other.local), host))).toBe('not-allowed');
  expect(conditionOf(await change(client, account(other.local), ` to='${other.bare}'`))).toBe(
    'service-unavailable',
  );
  expect(conditionOf(await change(client, account(client.user.local, ''), host))).toBe(
    'bad-request',
  );
  expect(conditionOf(await change(client, account(client.user.local, 'short')))).toBe(
    'not-acceptable',
  );
  expect((await Client.login(open, client.user)).jid).not.toBe('');
});

test('§3.2: a removal is answered, ends every session, and leaves nothing to a new user of the name', async () => {
  const user = open.user();
  const client = await Client.login(open, user, { resource: 'a', online: true });
  const second = await Client.login(open, user, { resource: 'b' });
  await client.ask(
    `<iq type='set'><query xmlns='jabber:iq:private'><x xmlns='a'>mine</x></query></iq>`,
  );
  await client.ask(`<iq type='set'><vCard xmlns='vcard-temp'><FN>Me</FN></vCard></iq>`);
  const host = ` to='${HOST}'`;
  expect(conditionOf(await change(client, '<remove/><username/>', host))).toBe('bad-request');
  expect((await change(client, '<remove/>', host)).attrs['type']).toBe('result');
  expect(conditionOf(await client.connection.streamError())).toBe('not-authorized');
  expect(conditionOf(await second.connection.streamError())).toBe('not-authorized');
  const [connection] = await stream(open);
  expect((await login(connection, user.local, user.password)).name).toBe('failure');
  expect((await ask(connection, 'set', account(user.local))).attrs['type']).toBe('result');
  const again = await Client.login(open, { ...user, password: PASSWORD });
  const answer = await again.ask(
    `<iq type='get'><query xmlns='jabber:iq:private'><x xmlns='a'/></query></iq>`,
  );
  expect(textOf(childOf(childOf(answer, 'query', 'jabber:iq:private')!, 'x', 'a'))).toBe('');
  const vcard = await again.ask(`<iq type='get'><vCard xmlns='vcard-temp'/></iq>`);
  expect(conditionOf(vcard)).toBe('item-not-found');
  const last = await again.ask(
    `<iq type='get' to='${HOST}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  expect(last.attrs['type']).toBe('result');
});

test('under TLS alone unless the operator says otherwise', async () => {
  const server = await TestServer.start({
    accounts: 0,
    config: { modules: { registration: { enabled: true } } },
  });
  try {
    const [plain, features] = await stream(server);
    expect(childOf(features, 'register', FEATURE)).toBeUndefined();
    plain.send(`<iq type='get' id='r'><query xmlns='${NS}'/></iq>`);
    expect(conditionOf(await plain.streamError())).toBe('not-authorized');
    const secure = await Connection.open(server, { tls: 'direct' });
    expect(childOf(await secure.features(), 'register', FEATURE)).toBeDefined();
    expect((await ask(secure, 'set', account('safe'))).attrs['type']).toBe('result');
    secure.destroy();
  } finally {
    await server.close();
  }
});
