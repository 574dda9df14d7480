// XEP-0012 (v2.0): how long ago a user left.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const NS = 'jabber:iq:last';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ accounts: 12 });
});
afterAll(async () => {
  await server.close();
});

async function ask(client: Client, to: string): Promise<Element> {
  return await client.ask(`<iq type='get' to='${to}'><query xmlns='${NS}'/></iq>`);
}

function told(answer: Element): { seconds: number; status: string } {
  const query = childOf(answer, 'query', NS)!;
  return { seconds: Number(query.attrs['seconds']), status: textOf(query) };
}

test('§5: the server says how long it is up', async () => {
  const client = await Client.login(server, server.user());
  const { seconds, status } = told(await ask(client, HOST));
  expect(Number.isInteger(seconds) && seconds >= 0 && seconds < 600).toBe(true);
  expect(status).toBe('');
});

test('§3: while somebody is connected it is 0', async () => {
  const client = await Client.login(server, server.user());
  expect(told(await ask(client, client.bare))).toEqual({ seconds: 0, status: '' });
});

test('§3: strangers are forbidden, and so is asking for nobody', async () => {
  const client = await Client.login(server, server.user());
  for (const to of [server.user().bare, `nobody@${HOST}`]) {
    expect(conditionOf(await ask(client, to))).toBe('forbidden');
  }
});

test('§4: a stranger’s question does not reach a client', async () => {
  const juliet = await Client.login(server, server.user(), { online: true });
  const stranger = await Client.login(server, server.user());
  expect(conditionOf(await ask(stranger, juliet.jid))).toBe('forbidden');
  expect(conditionOf(await ask(stranger, `${juliet.bare}/none`))).toBe('service-unavailable');
  expect(await juliet.drained()).toEqual([]);
});

test('a set is a bad request', async () => {
  const client = await Client.login(server, server.user());
  for (const to of [HOST, client.bare]) {
    const answer = await client.ask(`<iq type='set' to='${to}'><query xmlns='${NS}'/></iq>`);
    expect(conditionOf(answer)).toBe('bad-request');
  }
});
