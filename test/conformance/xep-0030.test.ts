// XEP-0030 (v2.5.0): what the server and an account say of themselves.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const INFO = 'http://jabber.org/protocol/disco#info';
const ITEMS = 'http://jabber.org/protocol/disco#items';

let server: TestServer;
let alice: Client;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 4 });
  alice = await Client.login(server, server.user());
});
afterAll(async () => {
  await server.close();
});

async function ask(to: string, ns: string, attributes = ''): Promise<Element> {
  return await alice.ask(`<iq type='get' to='${to}'><query xmlns='${ns}'${attributes}/></iq>`);
}

function told(answer: Element): { identities: string[]; features: string[] } {
  const all = childrenOf(childOf(answer, 'query', INFO)!);
  return {
    identities: all
      .filter(({ name }) => name === 'identity')
      .map(({ attrs }) => `${attrs['category'] ?? ''}/${attrs['type'] ?? ''}`),
    features: all.filter(({ name }) => name === 'feature').map(({ attrs }) => attrs['var'] ?? ''),
  };
}

test('§3.1: the server says what it is and what it can', async () => {
  const { identities, features } = told(await ask(HOST, INFO));
  expect(identities).toEqual(['server/im']);
  expect(features).toEqual(
    expect.arrayContaining([INFO, ITEMS, 'urn:xmpp:ping', 'msgoffline', 'urn:xmpp:sid:0']),
  );
  expect(new Set(features).size).toBe(features.length);
});

test('an account tells its owner that it has an archive', async () => {
  const { identities, features } = told(await ask(alice.bare, INFO));
  expect(identities).toEqual(['account/registered']);
  expect(features).toEqual(expect.arrayContaining(['urn:xmpp:mam:2', 'urn:xmpp:sid:0']));
});

test('§8: an account tells strangers nothing', async () => {
  expect(conditionOf(await ask(server.user().bare, INFO))).toBe('service-unavailable');
});

test('§4: the server has no items', async () => {
  const answer = await ask(HOST, ITEMS);
  expect(childOf(answer, 'query', ITEMS)?.children).toEqual([]);
});

test('§3.2: a node that is not known is not found', async () => {
  for (const to of [HOST, alice.bare])
    expect(conditionOf(await ask(to, INFO, " node='nothing'"))).toBe('item-not-found');
});

test('§3.1: a set is a bad request', async () => {
  const answer = await alice.ask(`<iq type='set' to='${HOST}'><query xmlns='${INFO}'/></iq>`);
  expect(conditionOf(answer)).toBe('bad-request');
});
