// XEP-0215 (v1.0.0): services outside XMPP.
import { createHmac } from 'node:crypto';
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const NS = 'urn:xmpp:extdisco:2';
const SECRET = 'north of the river';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await TestServer.start({
    accounts: 2,
    config: {
      modules: {
        'external-services': {
          services: [
            { type: 'stun', host: 'stun.example.org', port: 3478, transport: 'udp' },
            {
              type: 'turn',
              host: 'turn.example.org',
              port: 3478,
              transport: 'udp',
              secret: SECRET,
            },
            {
              type: 'turn',
              host: 'turn.example.org',
              port: 3479,
              transport: 'tcp',
              secret: SECRET,
            },
            { type: 'ftp', host: '192.0.2.1', username: 'guest', password: "'<guest>'" },
          ],
        },
      },
    },
  });
  client = await Client.login(server, server.user());
});
afterAll(async () => {
  await server.close();
});

async function services(attributes = '', ns = NS): Promise<Element> {
  const answer = await client.ask(
    `<iq type='get' to='${HOST}'><services xmlns='${ns}'${attributes}/></iq>`,
  );
  return childOf(answer, 'services', ns)!;
}

async function credentials(content: string): Promise<Element> {
  return await client.ask(
    `<iq type='get' to='${HOST}'><credentials xmlns='${NS}'>${content}</credentials></iq>`,
  );
}

test('§3.1: all services are listed, with credentials where they are needed', async () => {
  const all = childrenOf(await services()).map(({ attrs }) => attrs);
  expect(all.map(({ type, port }) => [type, port])).toEqual([
    ['stun', '3478'],
    ['turn', '3478'],
    ['turn', '3479'],
    ['ftp', undefined],
  ]);
  expect(all[0]?.['username']).toBeUndefined();
  expect(all[3]).toMatchObject({ username: 'guest', password: "'<guest>'", restricted: 'true' });
});

test('§3: credentials of a TURN server fit its secret and say in UTC when they end', async () => {
  const turn = childrenOf(await services())[1]?.attrs ?? {};
  const { username = '', password, expires = '' } = turn;
  expect(password).toBe(createHmac('sha1', SECRET).update(username).digest('base64'));
  expect(expires).toMatch(/Z$/);
  expect(Date.parse(expires)).toBe(Number(username.split(':')[0]) * 1000);
  expect(Date.parse(expires)).toBeGreaterThan(Date.now() + 23 * 3_600_000);
});

test('§3.2: those of one type, which the answer names', async () => {
  const turn = await services(" type='turn'");
  expect(turn.attrs['type']).toBe('turn');
  expect(childrenOf(turn)).toHaveLength(2);
  expect(childrenOf(await services(" type='sip'"))).toEqual([]);
});

test('§3.3: credentials for one service, or for each that fits', async () => {
  const both = await credentials("<service host='turn.example.org' type='turn'/>");
  expect(childrenOf(childOf(both, 'credentials', NS)!)).toHaveLength(2);
  const one = await credentials("<service host='turn.example.org' type='turn' port='3479'/>");
  const [service] = childrenOf(childOf(one, 'credentials', NS)!);
  expect(service?.attrs).toMatchObject({ host: 'turn.example.org', port: '3479' });
  expect(service?.attrs['password']).toBeDefined();
});

test('§3.3: of a service that is not listed there are none; one without a name is no request', async () => {
  const none = await credentials("<service host='other.example.org' type='turn'/>");
  expect(conditionOf(none)).toBe('item-not-found');
  expect(conditionOf(await credentials(''))).toBe('bad-request');
  expect(conditionOf(await credentials("<service type='turn'/>"))).toBe('bad-request');
});

test('clients that ask in the older namespace are answered in it', async () => {
  expect(childrenOf(await services('', 'urn:xmpp:extdisco:1'))).toHaveLength(4);
});
