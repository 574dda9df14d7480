// RFC 6121 §2: the roster, over the wire. Versions and limits have their own tests beside the code.
import { Client, settled } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { canonical, childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const ROSTER = 'jabber:iq:roster';

let server: TestServer;
let alice: Client;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 60 });
});
afterAll(async () => {
  await server.close();
});
beforeEach(async () => {
  alice = await Client.login(server, server.user(), { resource: 'a' });
});
afterEach(() => {
  alice.cut();
});

const set = (items: string, attributes = ''): Promise<Element> =>
  alice.ask(`<iq type='set'${attributes}><query xmlns='${ROSTER}'>${items}</query></iq>`);

async function get(client: Client, ver?: string): Promise<Element | undefined> {
  const attribute = ver === undefined ? '' : ` ver='${ver}'`;
  const answer = await client.ask(`<iq type='get'><query xmlns='${ROSTER}'${attribute}/></iq>`);
  return childOf(answer, 'query', ROSTER);
}

const items = async (client: Client): Promise<string[]> =>
  childrenOf((await get(client)) as Element).map((item) => canonical(item, ROSTER));

test('§2.1.3: an empty roster is an empty query', async () => {
  expect(await items(alice)).toEqual([]);
});

test('§2.3: what is added is there, for every device and after a restart', async () => {
  await set(`<item jid='bob@localhost' name='Bob'><group>Friends</group></item>`);
  const item = `<item jid='bob@localhost' name='Bob' subscription='none'><group>Friends</group></item>`;
  expect(await items(alice)).toEqual([item]);
  await server.restart();
  alice = await Client.login(server, alice.user, { resource: 'b' });
  expect(await items(alice)).toEqual([item]);
});

test.each([
  ['§2.1.5: two items', `<item jid='a@localhost'/><item jid='b@localhost'/>`, 'bad-request'],
  ['§2.1.5: no item', '', 'bad-request'],
  [
    '§2.3.3: the same group twice',
    `<item jid='a@localhost'><group>x</group><group>x</group></item>`,
    'bad-request',
  ],
  [
    '§2.3.3: a group without a name',
    `<item jid='a@localhost'><group></group></item>`,
    'not-acceptable',
  ],
  [
    '§2.3.3: a group with a name too long',
    `<item jid='a@localhost'><group>${'x'.repeat(1024)}</group></item>`,
    'not-acceptable',
  ],
  [
    '§2.3.3: a name too long',
    `<item jid='a@localhost' name='${'x'.repeat(1024)}'/>`,
    'not-acceptable',
  ],
  ['§2.1.2.3: no address', `<item name='a'/>`, 'bad-request'],
  ['an address that is none', `<item jid='@@'/>`, 'jid-malformed'],
  [
    '§2.5.3: removing nobody',
    `<item jid='nobody@localhost' subscription='remove'/>`,
    'item-not-found',
  ],
])('%s: %s is %s', async (_what, content, condition) => {
  expect(conditionOf(await set(content))).toBe(condition);
  expect(await items(alice)).toEqual([]);
});

test('§2.3.3: the roster of somebody else is forbidden', async () => {
  const bob = await Client.login(server, server.user(), { resource: 'b' });
  expect(conditionOf(await set(`<item jid='x@localhost'/>`, ` to='${bob.bare}'`))).toBe(
    'forbidden',
  );
  expect(await items(bob)).toEqual([]);
});

test('§2.1.2: subscription, ask and approved are the server’s business', async () => {
  await set(`<item jid='b@localhost' subscription='both' ask='subscribe' approved='true'/>`);
  expect(await items(alice)).toEqual([`<item jid='b@localhost' subscription='none'/>`]);
});

test('§2.1.6: pushes go to resources that asked for the roster, and to nobody else', async () => {
  const other = await Client.login(server, alice.user, { resource: 'other', online: true });
  await set(`<item jid='b@localhost'/>`);
  expect(await settled(other, alice)).toEqual([]);
  await get(other);
  await set(`<item jid='c@localhost'/>`);
  await other.receives(
    `<iq type='set' id='*' to='${other.jid}'><query xmlns='${ROSTER}' ver='*'><item jid='c@localhost' subscription='none'/></query></iq>`,
  );
  expect(await settled(alice, other)).toEqual([]);
});

test('§2.4, §2.5: an update replaces name and groups, a removal leaves nothing', async () => {
  await set(`<item jid='b@localhost' name='B'><group>x</group></item>`);
  await set(`<item jid='b@localhost'/>`);
  expect(await items(alice)).toEqual([`<item jid='b@localhost' subscription='none'/>`]);
  await set(`<item jid='b@localhost' subscription='remove'/>`);
  expect(await items(alice)).toEqual([]);
});

test('§2.6.3: who has an older version gets what changed since, after a restart too', async () => {
  await set(`<item jid='b@localhost'/>`);
  const version = (await get(alice))?.attrs['ver'];
  await set(`<item jid='c@localhost'/>`);
  await set(`<item jid='b@localhost' subscription='remove'/>`);
  alice.send(`<presence to='d@localhost' type='subscribe'/>`);
  await settled(alice);
  await server.restart();
  alice = await Client.login(server, alice.user, { resource: 'later' });
  expect(await get(alice, version)).toBeUndefined();
  const pushed = await settled(alice);
  const item = (push: Element): string =>
    canonical(childrenOf(childOf(push, 'query', ROSTER) as Element)[0] as Element, ROSTER);
  expect(pushed.map(item)).toEqual([
    `<item jid='c@localhost' subscription='none'/>`,
    `<item jid='b@localhost' subscription='remove'/>`,
    `<item ask='subscribe' jid='d@localhost' subscription='none'/>`,
  ]);
});
