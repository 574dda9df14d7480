// XEP-0054 (v1.3.0): vCards.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import {
  canonical,
  childOf,
  childrenOf,
  conditionOf,
  textOf,
  type Element,
} from '../helpers/xml.ts';

const NS = 'vcard-temp';
const GET = `<vCard xmlns='${NS}'/>`;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    accounts: 12,
    config: { modules: { 'vcard-temp': { maxBytes: 4096 } } },
  });
});
afterAll(async () => {
  await server.close();
});

async function get(client: Client, to?: string): Promise<Element> {
  return await client.ask(`<iq type='get'${to === undefined ? '' : ` to='${to}'`}>${GET}</iq>`);
}

async function set(client: Client, content: string, to = ''): Promise<Element> {
  return await client.ask(`<iq type='set'${to}><vCard xmlns='${NS}'>${content}</vCard></iq>`);
}

function name(answer: Element): string {
  const vcard = childOf(answer, 'vCard', NS);
  return vcard === undefined ? 'none' : textOf(childOf(vcard, 'FN', NS));
}

test('§3.1, §3.2: a vCard that was set is returned, whole, and the next one replaces it', async () => {
  const client = await Client.login(server, server.user());
  expect((await set(client, '<FN>Juliet &amp; Ä</FN><N><GIVEN>J</GIVEN></N>')).attrs['type']).toBe(
    'result',
  );
  expect(name(await get(client))).toBe('Juliet & Ä');
  await set(client, '<FN>Other</FN>');
  const answer = await get(client);
  expect(name(answer)).toBe('Other');
  expect(childrenOf(childOf(answer, 'vCard', NS)!)).toHaveLength(1);
});

test('§3.3: others read it, and the owner’s client never sees the question', async () => {
  const juliet = await Client.login(server, server.user(), { online: true });
  const romeo = await Client.login(server, server.user());
  await set(juliet, '<FN>Juliet</FN>');
  const answer = await get(romeo, juliet.bare);
  expect(name(answer)).toBe('Juliet');
  expect(answer.attrs['from']).toBe(juliet.bare);
  expect(await juliet.drained()).toEqual([]);
});

test('§3.1: who has none is told so', async () => {
  const client = await Client.login(server, server.user());
  expect(conditionOf(await get(client))).toBe('item-not-found');
});

test('§3.3: an account without a vCard and no account at all are told alike', async () => {
  const client = await Client.login(server, server.user());
  const without = await get(client, server.user().bare);
  const nobody = await get(client, `nobody@${HOST}`);
  expect(conditionOf(without)).toBe('item-not-found');
  const alike = (answer: Element) =>
    canonical(answer)
      .replace(/(from|id)='[^']*'/g, '')
      .replace(/(from|id)="[^"]*"/g, '');
  expect(alike(nobody)).toBe(alike(without));
});

test('§3.2: nobody sets that of somebody else, nor that of nobody', async () => {
  const client = await Client.login(server, server.user());
  for (const to of [server.user().bare, `nobody@${HOST}`]) {
    expect(conditionOf(await set(client, '<FN>x</FN>', ` to='${to}'`))).toBe('forbidden');
  }
});

test('an empty vCard takes the old one away', async () => {
  const client = await Client.login(server, server.user());
  await set(client, '<FN>x</FN>');
  await set(client, '');
  expect(conditionOf(await get(client))).toBe('item-not-found');
});

test('one that is too large is refused and leaves the old one', async () => {
  const client = await Client.login(server, server.user());
  await set(client, '<FN>small</FN>');
  const answer = await set(client, `<FN>${'x'.repeat(5000)}</FN>`);
  expect(conditionOf(answer)).toBe('policy-violation');
  expect(name(await get(client))).toBe('small');
});

test('§4: the server says that it has vCards', async () => {
  const client = await Client.login(server, server.user());
  const info = 'http://jabber.org/protocol/disco#info';
  const answer = await client.ask(`<iq type='get' to='${HOST}'><query xmlns='${info}'/></iq>`);
  const features = childrenOf(childOf(answer, 'query', info)!).map(({ attrs }) => attrs['var']);
  expect(features).toContain(NS);
});
