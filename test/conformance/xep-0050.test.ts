// XEP-0050 (v1.3.0): ad-hoc commands, shown by those of XEP-0133.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const COMMANDS = 'http://jabber.org/protocol/commands';
const ADMIN = 'http://jabber.org/protocol/admin';
const INFO = 'http://jabber.org/protocol/disco#info';
const ITEMS = 'http://jabber.org/protocol/disco#items';
const DATA = 'jabber:x:data';

let server: TestServer;
let admin: Client;
let user: Client;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 8 });
  admin = await Client.login(server, server.user());
  user = await Client.login(server, server.user());
  await server.command('admin add', { address: admin.bare });
});
afterAll(async () => {
  await server.close();
});

async function items(client: Client, to: string): Promise<string[]> {
  const answer = await client.ask(
    `<iq type='get' to='${to}'><query xmlns='${ITEMS}' node='${COMMANDS}'/></iq>`,
  );
  return childrenOf(childOf(answer, 'query', ITEMS)!).map(({ attrs }) => attrs['node'] ?? '');
}

/** @param attributes of `<command/>` beside its node */
async function ask(
  attributes: string,
  content = '',
  { client = admin, to = HOST, node = 'add-user' } = {},
): Promise<Element> {
  return await client.ask(
    `<iq type='set' to='${to}'><command xmlns='${COMMANDS}' node='${ADMIN}#${node}' ${attributes}>${content}</command></iq>`,
  );
}

const command = (answer: Element): Element => childOf(answer, 'command', COMMANDS)!;

async function begin(node = 'add-user'): Promise<string> {
  return command(await ask("action='execute'", '', { node })).attrs['sessionid'] ?? '';
}

function specific(answer: Element): string[] {
  return childrenOf(childOf(answer, 'error', 'jabber:client')!)
    .filter(({ ns }) => ns === COMMANDS)
    .map(({ name }) => name);
}

const form = (type: string, ...fields: (readonly [string, string])[]): string =>
  `<x xmlns='${DATA}' type='${type}'>${fields
    .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
    .join('')}</x>`;

test('§2.2: the commands are listed where they can be carried out, to those who may', async () => {
  for (const to of [HOST, admin.bare]) {
    const listed = await items(admin, to);
    expect(listed).toHaveLength(30);
    expect(listed).toContain(`${ADMIN}#add-user`);
  }
});

test('§2.2: others get an empty list', async () => {
  expect(await items(user, HOST)).toEqual([]);
  expect(await items(user, user.bare)).toEqual([]);
  expect(await items(user, admin.bare)).toEqual([]);
});

test('§2.1, §2.2: disco tells what the list and a command are', async () => {
  const about = async (to: string, node: string): Promise<(string | undefined)[]> => {
    const answer = await admin.ask(
      `<iq type='get' to='${to}'><query xmlns='${INFO}' node='${node}'/></iq>`,
    );
    return childrenOf(childOf(answer, 'query', INFO)!).map(
      ({ attrs }) => attrs['var'] ?? `${attrs['category'] ?? ''}/${attrs['type'] ?? ''}`,
    );
  };
  expect(await about(HOST, COMMANDS)).toContain('automation/command-list');
  for (const to of [HOST, admin.bare]) {
    expect(await about(to, `${ADMIN}#add-user`)).toEqual([
      'automation/command-node',
      COMMANDS,
      DATA,
    ]);
  }
  const forbidden = await user.ask(
    `<iq type='get' to='${HOST}'><query xmlns='${INFO}' node='${ADMIN}#add-user'/></iq>`,
  );
  expect(conditionOf(forbidden)).toBe('forbidden');
});

test('§4.4: who may not is forbidden, whom it is not told at all what others have', async () => {
  expect(conditionOf(await ask('', '', { client: user }))).toBe('forbidden');
  expect(conditionOf(await ask('', '', { client: user, to: user.bare }))).toBe('forbidden');
  expect(conditionOf(await ask('', '', { client: user, to: admin.bare }))).toBe(
    'service-unavailable',
  );
});

test('§4.4: a command that is not there is not found', async () => {
  expect(conditionOf(await ask('', '', { node: 'sing' }))).toBe('item-not-found');
});

test('§2.4.2, §3.4: a form comes with the action that goes on', async () => {
  const executing = command(await ask(''));
  expect(executing.attrs['status']).toBe('executing');
  const actions = childOf(executing, 'actions', COMMANDS)!;
  expect(actions.attrs['execute']).toBe('complete');
  expect(childrenOf(actions).map(({ name }) => name)).toEqual(['complete']);
  expect(childOf(executing, 'x', DATA)?.attrs['type']).toBe('form');
});

test('§2.4.3: a walk that is cancelled is over', async () => {
  const id = await begin();
  const canceled = command(await ask(`sessionid='${id}' action='cancel'`));
  expect([canceled.attrs['status'], canceled.attrs['sessionid']]).toEqual(['canceled', id]);
  const again = await ask(`sessionid='${id}' action='cancel'`);
  expect([conditionOf(again), specific(again)]).toEqual(['not-allowed', ['session-expired']]);
});

test.each([
  ['an action that nobody knows', "action='sing'", '', 'malformed-action'],
  ['back from the first step', "action='prev'", '', 'bad-action'],
  ['next where only complete is offered', "action='next'", form('submit'), 'bad-action'],
  ['no form', "action='complete'", '', 'bad-payload'],
  ['a form that leaves out what is required', '', form('submit', ['password', 'x']), 'bad-payload'],
  ['a form of another type', '', form('result'), 'bad-payload'],
  ['a form of no type', '', form('nonsense'), 'bad-payload'],
  ['a field twice', '', form('submit', ['a', '1'], ['a', '2']), 'bad-payload'],
  [
    'a form of another kind',
    '',
    form('submit', ['FORM_TYPE', 'jabber:iq:register']),
    'bad-payload',
  ],
])(
  '§4.4: %s is refused by its name, and the walk goes on',
  async (_, attributes, content, name) => {
    const id = await begin();
    const refused = await ask(`sessionid='${id}' ${attributes}`, content);
    expect([conditionOf(refused), specific(refused)]).toEqual(['bad-request', [name]]);
    const canceled = command(await ask(`sessionid='${id}' action='cancel'`));
    expect(canceled.attrs['status']).toBe('canceled');
  },
);

test('§3.3: a walk belongs to the session that began it, and to its command', async () => {
  const id = await begin();
  const other = await Client.login(server, admin.user);
  const stolen = await ask(`sessionid='${id}' action='cancel'`, '', { client: other });
  expect(specific(stolen)).toEqual(['session-expired']);
  const wrong = await ask(`sessionid='${id}'`, '', { node: 'delete-user' });
  expect(specific(wrong)).toEqual(['bad-sessionid']);
  other.cut();
});

test('a get, and a walk that begins in its middle, are bad requests', async () => {
  const get = await admin.ask(
    `<iq type='get' to='${HOST}'><command xmlns='${COMMANDS}' node='${ADMIN}#add-user'/></iq>`,
  );
  expect(conditionOf(get)).toBe('bad-request');
  expect(specific(await ask("action='complete'"))).toEqual(['bad-action']);
});

test('walks that nobody ends are bounded', async () => {
  const fresh = server.user();
  await server.command('admin add', { address: fresh.bare });
  const many = await Client.login(server, fresh);
  const answers: Element[] = [];
  for (let i = 0; i < 17; i++) answers.push(await ask('', '', { client: many }));
  expect(answers.slice(0, 16).every(({ attrs }) => attrs['type'] === 'result')).toBe(true);
  expect(conditionOf(answers[16]!)).toBe('resource-constraint');
  many.cut();
});

test('rights that are taken back end what was begun by them', async () => {
  const fresh = server.user();
  await server.command('admin add', { address: fresh.bare });
  const former = await Client.login(server, fresh);
  const id = command(await ask('', '', { client: former })).attrs['sessionid'] ?? '';
  await server.command('admin remove', { address: fresh.bare });
  const late = await ask(`sessionid='${id}'`, form('submit'), { client: former });
  expect(conditionOf(late)).toBe('forbidden');
  expect(await items(former, HOST)).toEqual([]);
  former.cut();
});
