// XEP-0049 (v1.2): XML that clients keep for themselves.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { canonical, childOf, conditionOf, type Element } from '../helpers/xml.ts';

const NS = 'jabber:iq:private';
const BOOKMARKS =
  "<storage xmlns='storage:bookmarks'><conference jid='a@b.example' name='&lt;ä&gt;' autojoin='true'><nick>me</nick></conference></storage>";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    accounts: 10,
    config: { modules: { 'private-storage': { maxBytes: 2048, maxItems: 3 } } },
  });
});
afterAll(async () => {
  await server.close();
});

async function set(client: Client, content: string, to = ''): Promise<Element> {
  return await client.ask(`<iq type='set'${to}><query xmlns='${NS}'>${content}</query></iq>`);
}

async function get(client: Client, content: string, to = ''): Promise<Element> {
  return await client.ask(`<iq type='get'${to}><query xmlns='${NS}'>${content}</query></iq>`);
}

function kept(answer: Element): string {
  const [child] = childOf(answer, 'query', NS)?.children ?? [];
  return typeof child === 'object' ? canonical(child) : '';
}

test('§3: what was kept comes back, to every resource and after a new log-in', async () => {
  const user = server.user();
  const first = await Client.login(server, user);
  expect((await set(first, BOOKMARKS)).attrs['type']).toBe('result');
  const second = await Client.login(server, user);
  const answer = kept(await get(second, "<storage xmlns='storage:bookmarks'/>"));
  expect(answer).toContain('&lt;ä&gt;');
  expect(answer).toContain('<nick');
});

test('§3: of what was never kept, the empty element comes back', async () => {
  const client = await Client.login(server, server.user());
  expect(kept(await get(client, "<x xmlns='exodus:prefs'/>"))).toMatch(/^<x[^>]*(\/>|><\/x>)$/);
});

test('a set replaces what had the same name and namespace, and nothing else', async () => {
  const client = await Client.login(server, server.user());
  await set(client, "<x xmlns='a'>1</x><x xmlns='b'>2</x>");
  await set(client, "<x xmlns='a'>3</x>");
  expect(kept(await get(client, "<x xmlns='a'/>"))).toContain('3');
  expect(kept(await get(client, "<x xmlns='b'/>"))).toContain('2');
});

test('§4: of another account it is refused, whether there is such an account or not', async () => {
  const client = await Client.login(server, server.user());
  for (const bare of [server.user().bare, `nobody@${HOST}`]) {
    const to = ` to='${bare}'`;
    expect(conditionOf(await set(client, "<x xmlns='a'/>", to))).toBe('service-unavailable');
    expect(conditionOf(await get(client, "<x xmlns='a'/>", to))).toBe('service-unavailable');
  }
});

test('§3, §4: requests that are none have their errors', async () => {
  const client = await Client.login(server, server.user());
  expect(conditionOf(await set(client, ''))).toBe('not-acceptable');
  expect(conditionOf(await get(client, ''))).toBe('bad-request');
  expect(conditionOf(await get(client, "<x xmlns='a'/><y xmlns='b'/>"))).toBe('bad-request');
  expect(conditionOf(await set(client, '<x/>'))).toBe('not-acceptable');
  expect(conditionOf(await set(client, "<x xmlns=''/>"))).toBe('not-acceptable');
});

test('a prefix declared around the element does not break what is kept', async () => {
  const client = await Client.login(server, server.user());
  const answer = await client.ask(
    `<iq type='set'><query xmlns='${NS}' xmlns:p='urn:p'><p:x p:a='1'><p:y/></p:x></query></iq>`,
  );
  if (answer.attrs['type'] === 'error') expect(conditionOf(answer)).toBe('bad-request');
  else expect(kept(await get(client, "<x xmlns='urn:p'/>"))).toContain('<y');
});

test('the quota ends what an account keeps, and less is always taken', async () => {
  const client = await Client.login(server, server.user());
  expect((await set(client, `<x xmlns='a'>${'x'.repeat(1900)}</x>`)).attrs['type']).toBe('result');
  const more = await set(client, `<x xmlns='b'>${'x'.repeat(500)}</x>`);
  expect(conditionOf(more)).toBe('policy-violation');
  expect((await set(client, "<x xmlns='a'/>")).attrs['type']).toBe('result');
  const many = await set(client, [1, 2, 3].map((n) => `<x xmlns='c${n}'/>`).join(''));
  expect(conditionOf(many)).toBe('policy-violation');
});
