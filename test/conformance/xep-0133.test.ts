// XEP-0133 (v1.3.1): each command in force, at the domain and at the administrator's own address.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const COMMANDS = 'http://jabber.org/protocol/commands';
const ADMIN = 'http://jabber.org/protocol/admin';
const DATA = 'jabber:x:data';

let server: TestServer;
let admin: Client;
let names = 0;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 12 });
  const user = server.user();
  await server.command('admin add', { address: user.bare });
  admin = await Client.login(server, user, { online: true });
});
afterAll(async () => {
  await server.close();
});

type Fields = Readonly<Record<string, string | readonly string[]>>;

/** The places where an administrator may ask. */
const PLACES = ['the domain', "the administrator's own address"] as const;
const addressOf = (place: string): string => (place === 'the domain' ? HOST : admin.bare);

async function send(to: string, node: string, attributes: string, content = ''): Promise<Element> {
  return await admin.ask(
    `<iq type='set' to='${to}'><command xmlns='${COMMANDS}' node='${ADMIN}#${node}' ${attributes}>${content}</command></iq>`,
  );
}

const command = (answer: Element): Element => {
  const found = childOf(answer, 'command', COMMANDS);
  if (found === undefined) throw new TypeError(`no command in the answer: ${conditionOf(answer)}`);
  return found;
};

function values(of: Element, name: string): string[] {
  const x = childOf(of, 'x', DATA)!;
  const field = childrenOf(x).find(({ attrs }) => attrs['var'] === name);
  if (field === undefined) throw new TypeError(`no field ${name}`);
  return childrenOf(field)
    .filter((child) => child.name === 'value')
    .map((value) => textOf(value));
}

/** Executes a command and fills its form in. @returns the last answer */
async function run(node: string, fields?: Fields, to = HOST): Promise<Element> {
  const first = await send(to, node, "action='execute'");
  if (fields === undefined) return first;
  const executing = command(first);
  expect(executing.attrs['status']).toBe('executing');
  const known = childrenOf(childOf(executing, 'x', DATA)!).map(({ attrs }) => attrs['var']);
  expect(values(executing, 'FORM_TYPE')).toEqual([ADMIN]);
  const filled = Object.entries(fields).map(([name, value]) => {
    expect(known).toContain(name);
    const all = typeof value === 'string' ? [value] : value;
    return `<field var='${name}'>${all.map((one) => `<value>${one}</value>`).join('')}</field>`;
  });
  const id = executing.attrs['sessionid'] ?? '';
  return await send(
    to,
    node,
    `sessionid='${id}'`,
    `<x xmlns='${DATA}' type='submit'><field var='FORM_TYPE'><value>${ADMIN}</value></field>${filled.join('')}</x>`,
  );
}

function note(answer: Element): string | undefined {
  return childOf(command(answer), 'note', COMMANDS)?.attrs['type'];
}

/** It was carried out, and nothing went wrong. */
function expectDone(answer: Element): Element {
  const done = command(answer);
  expect([done.attrs['status'], note(answer)]).toEqual(['completed', undefined]);
  return done;
}

async function newUser(): Promise<{ bare: string; local: string; password: string }> {
  const local = `new-${String(names++)}`;
  const bare = `${local}@${HOST}`;
  const password = 'over the rainbow';
  expectDone(await run('add-user', { accountjid: bare, password, 'password-verify': password }));
  return { bare, local, password };
}

describe.each(PLACES)('at %s', (place) => {
  test('§4.1, §4.2: a user is added, and deleted', async () => {
    const to = addressOf(place);
    const bare = `fresh-${String(names++)}@${HOST}`;
    const fields = { accountjid: bare, password: 'secret', 'password-verify': 'secret' };
    expectDone(await run('add-user', fields, to));
    const local = bare.slice(0, bare.indexOf('@'));
    const client = await Client.login(server, { bare, local, password: 'secret' });
    // §5: "conflict" where there is such a user.
    expect(conditionOf(await run('add-user', fields, to))).toBe('conflict');
    expectDone(await run('delete-user', { accountjids: `${bare}/some-resource` }, to));
    const end = await client.connection.streamError();
    expect(conditionOf(end)).toBe('not-authorized');
    expect(note(await run('delete-user', { accountjids: bare }, to))).toBe('error');
  });

  test('§4.13: the registered users are counted', async () => {
    const answer = expectDone(await run('get-registered-users-num', undefined, addressOf(place)));
    expect(Number(values(answer, 'registeredusersnum')[0])).toBeGreaterThanOrEqual(12);
  });
});

test.each([
  ['passwords that differ', { accountjid: `x@${HOST}`, password: 'a', 'password-verify': 'b' }],
  ['another domain', { accountjid: 'x@example.net', password: 'a', 'password-verify': 'a' }],
  ['no address', { accountjid: 'x@y@z', password: 'a', 'password-verify': 'a' }],
])('§4.1: with %s nobody is added, and a note says so', async (_, fields) => {
  const answer = await run('add-user', fields);
  expect(command(answer).attrs['status']).toBe('completed');
  expect(note(answer)).toBe('error');
});

test('§4.3, §4.4: a disabled user is thrown out and cannot come back until re-enabled', async () => {
  const user = await newUser();
  const client = await Client.login(server, user, { online: true });
  client.send(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='friend@example.net'/></query></iq>",
  );
  await client.ask("<iq type='get'><query xmlns='jabber:iq:roster'/></iq>");
  expectDone(await run('disable-user', { accountjids: user.bare }));
  await client.connection.streamError();
  await expect(Client.login(server, user)).rejects.toThrow('account-disabled');
  expect(values(expectDone(await run('get-disabled-users-num')), 'disabledusersnum')).toEqual([
    '1',
  ]);
  const list = expectDone(await run('get-disabled-users-list', {}));
  expect(values(list, 'disableduserjids')).toEqual([user.bare]);
  // Nothing of it was lost.
  const x = childOf(
    expectDone(await run('get-user-roster', { accountjids: user.bare })),
    'x',
    DATA,
  )!;
  const items = childrenOf(childOf(x, 'query', 'jabber:iq:roster')!);
  expect(items.map(({ attrs }) => attrs['jid'])).toEqual(['friend@example.net']);
  expectDone(await run('reenable-user', { accountjids: user.bare }));
  (await Client.login(server, user)).cut();
});

test.each(['nobody@localhost', 'somebody@example.net', 'x@y@z'])(
  '§4.4: to re-enable %s fails with a note',
  async (address) => {
    expect(note(await run('reenable-user', { accountjids: address }))).toBe('error');
  },
);

test('§4.5: a session is ended, or all of a user, or of several', async () => {
  const [one, other] = [await newUser(), await newUser()];
  const phone = await Client.login(server, one, { resource: 'phone' });
  const desk = await Client.login(server, one, { resource: 'desk', online: true });
  const third = await Client.login(server, other);
  expectDone(await run('end-user-session', { accountjids: phone.jid }));
  expect(conditionOf(await phone.connection.streamError())).toBe('policy-violation');
  expect(await desk.drained()).toEqual([]);
  expect(note(await run('end-user-session', { accountjids: phone.jid }))).toBe('error');
  expectDone(await run('end-user-session', { accountjids: [one.bare, other.bare] }));
  await desk.connection.streamError();
  await third.connection.streamError();
});

test('§4.7: a password is changed', async () => {
  const user = await newUser();
  const password = 'another one';
  expectDone(await run('change-user-password', { accountjid: user.bare, password }));
  await expect(Client.login(server, user)).rejects.toThrow('not-authorized');
  (await Client.login(server, { ...user, password })).cut();
});

test('§4.9: the last log-in is told as a date', async () => {
  const user = await newUser();
  const never = expectDone(await run('get-user-lastlogin', { accountjids: user.bare }));
  expect(values(never, 'lastlogin')).toEqual(['never']);
  (await Client.login(server, user)).cut();
  const answer = expectDone(await run('get-user-lastlogin', { accountjids: user.bare }));
  const age = Date.now() - Date.parse(values(answer, 'lastlogin')[0] ?? '');
  expect(age).toBeLessThan(60_000);
});

test.each(['accountjid', 'accountjids'])('§4.10: statistics of a user, asked by %s', async (by) => {
  const user = await newUser();
  const client = await Client.login(server, user, { resource: 'phone' });
  const answer = expectDone(await run('user-stats', { [by]: user.bare }));
  expect(values(answer, 'rostersize')).toEqual(['0']);
  expect(values(answer, 'onlineresources')).toEqual(['phone']);
  client.cut();
});

test.each([
  ['§4.11', 'edit-blacklist', 'blacklistjids', 'not-allowed', 'remote-server-not-found'],
  ['§4.12', 'edit-whitelist', 'whitelistjids', 'remote-server-not-found', 'not-allowed'],
])('%s: the list of %s is edited, and holds', async (_, node, field, listed, unlisted) => {
  const reach = async (domain: string): Promise<string | undefined> =>
    conditionOf(
      await admin.ask(`<iq type='get' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`),
    );
  const shown = async (): Promise<string[]> => values(command(await run(node)), field);
  expect(await shown()).toEqual([]);
  expectDone(await run(node, { [field]: 'spam.example' }));
  expect(await shown()).toEqual(['spam.example']);
  expect([await reach('spam.example'), await reach('example.net')]).toEqual([listed, unlisted]);
  // The domains of this server are not for these lists.
  expect(note(await run(node, { [field]: ['spam.example', HOST] }))).toBe('error');
  expectDone(await run(node, { [field]: [] }));
  expect(await shown()).toEqual([]);
  expect(await reach('spam.example')).toBe('remote-server-not-found');
});

test('§4.15 – §4.17, §4.20 – §4.22: users on line, active and idle, are counted and listed', async () => {
  const [here, away] = [await newUser(), await newUser()];
  const one = await Client.login(server, here, { online: true });
  const two = await Client.login(server, away, { online: true });
  two.send('<presence><show>away</show></presence>');
  await two.drained();
  const number = async (node: string, field: string): Promise<number> =>
    Number(values(expectDone(await run(node)), field)[0]);
  const online = await number('get-online-users-num', 'onlineusersnum');
  const active = await number('get-active-users-num', 'activeusersnum');
  const idle = await number('get-idle-users-num', 'idleusersnum');
  expect(online).toBe(active + idle);
  const list = async (node: string, field: string): Promise<string[]> =>
    values(expectDone(await run(node, {})), field);
  expect(await list('get-online-users-list', 'onlineuserjids')).toEqual(
    expect.arrayContaining([here.bare, away.bare, admin.bare]),
  );
  const [actives, idles] = [
    await list('get-active-users', 'activeuserjids'),
    await list('get-idle-users', 'activeuserjids'),
  ];
  expect([actives.length, idles.length]).toEqual([active, idle]);
  expect(actives).toContain(here.bare);
  expect(idles).toContain(away.bare);
  one.cut();
  two.cut();
});

test('§4.18: the registered users are listed, as many as wanted', async () => {
  const all = expectDone(await run('get-registered-users-list', {}));
  expect(values(all, 'registereduserjids')).toContain(admin.bare);
  const some = await run('get-registered-users-list', { max_items: '5' });
  expect(values(command(some), 'registereduserjids')).toHaveLength(5);
  expect(note(some)).toBe('info');
});

function bodies(came: readonly Element[]): string[] {
  return came
    .filter(({ name }) => name === 'message')
    .map((message) => textOf(childOf(message, 'body', 'jabber:client')));
}

/** The messages that have come when this answer has. */
async function heard(client: Client, count: number): Promise<string[]> {
  const came: string[] = [];
  while (came.length < count) came.push(...bodies([await client.next()]));
  return came;
}

test('§4.23: an announcement reaches everybody who is on line', async () => {
  const user = await newUser();
  const client = await Client.login(server, user, { online: true });
  expectDone(await run('announce', { announcement: ['Tea is ready', '&amp; cake'] }));
  expect(await heard(client, 1)).toEqual(['Tea is ready\n& cake']);
  expect(await heard(admin, 1)).toEqual(['Tea is ready\n& cake']);
  client.cut();
});

test('§4.24 – §4.26: the message of the day comes once to each, now or at the log-in', async () => {
  const user = await newUser();
  const client = await Client.login(server, user, { online: true });
  expectDone(await run('set-motd', { motd: 'Be kind' }));
  expect(await heard(client, 1)).toEqual(['Be kind']);
  expect(await heard(admin, 1)).toEqual(['Be kind']);
  client.cut();
  const again = await Client.login(server, user, { resource: 'again', online: true });
  const later = await newUser();
  const other = await Client.login(server, later, { online: true });
  expect(await heard(other, 1)).toEqual(['Be kind']);
  expect(values(command(await run('edit-motd')), 'motd')).toEqual(['Be kind']);
  expectDone(await run('edit-motd', { motd: 'Be very kind' }));
  const third = await Client.login(server, await newUser(), { online: true });
  expect(await heard(third, 1)).toEqual(['Be very kind']);
  expect(bodies(await again.drained())).toEqual([]);
  expectDone(await run('delete-motd'));
  expect(values(command(await run('edit-motd')), 'motd')).toEqual([]);
  for (const each of [again, other, third]) each.cut();
});

test('§4.27, §4.28: a new user is welcomed', async () => {
  expectDone(await run('set-welcome', { welcome: ['Hello', 'and welcome'] }));
  const user = await newUser();
  const client = await Client.login(server, user, { online: true });
  expect(await heard(client, 1)).toEqual(['Hello\nand welcome']);
  expectDone(await run('delete-welcome'));
  expect(values(command(await run('set-welcome')), 'welcome')).toEqual([]);
  const late = await Client.login(server, await newUser(), { online: true });
  expect(bodies(await late.drained())).toEqual([]);
  client.cut();
  late.cut();
});

test('§4.29: the list of administrators is edited; who is deleted leaves it', async () => {
  const user = await newUser();
  const shown = async (): Promise<string[]> =>
    values(command(await run('edit-admin')), 'adminjids').sort();
  expect(await shown()).toEqual([admin.bare]);
  expectDone(await run('edit-admin', { adminjids: [admin.bare, user.bare] }));
  expect(await shown()).toEqual([admin.bare, user.bare].sort());
  expectDone(await run('delete-user', { accountjids: user.bare }));
  const fields = { accountjid: user.bare, password: 'x', 'password-verify': 'x' };
  expectDone(await run('add-user', fields));
  expect(await shown()).toEqual([admin.bare]);
  const heir = await Client.login(server, { ...user, password: 'x' });
  const tried = await heir.ask(
    `<iq type='set' to='${HOST}'><command xmlns='${COMMANDS}' node='${ADMIN}#add-user'/></iq>`,
  );
  expect(conditionOf(tried)).toBe('forbidden');
  heir.cut();
});

test.each(['restart', 'shutdown'])(
  '§4.30, §4.31: the form of %s asks when and what to say',
  async (node) => {
    const executing = command(await run(node));
    expect(values(executing, 'delay')).toEqual([]);
    expect(values(executing, 'announcement')).toEqual([]);
  },
);
