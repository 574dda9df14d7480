// XEP-0092 (v1.1), XEP-0202 (v2.0), XEP-0157 (v1.1.1): what the server says of itself.
import { readFileSync } from 'node:fs';
import { Client } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, textOf } from '../helpers/xml.ts';

const VERSION = 'jabber:iq:version';
const TIME = 'urn:xmpp:time';
const INFO = 'http://jabber.org/protocol/disco#info';
const DATA = 'jabber:x:data';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await TestServer.start({
    accounts: 4,
    config: {
      modules: {
        version: { os: 'Plan 9' },
        'contact-addresses': {
          abuse: ['mailto:abuse@example.org', 'xmpp:abuse@example.org'],
          status: ['https://status.example.org/'],
        },
      },
    },
  });
  client = await Client.login(server, server.user(), { online: true });
});
afterAll(async () => {
  await server.close();
});

test('XEP-0092 §2: name and version, and the operating system where the operator says it', async () => {
  const answer = await client.ask(`<iq type='get' to='${HOST}'><query xmlns='${VERSION}'/></iq>`);
  const query = childOf(answer, 'query', VERSION)!;
  const text = (name: string) => textOf(childOf(query, name, VERSION));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect([text('name'), text('version'), text('os')]).toEqual(['xmppd', version, 'Plan 9']);
});

test('XEP-0202 §3: the time in UTC, and the offset', async () => {
  const before = Date.now();
  const answer = await client.ask(`<iq type='get' to='${HOST}'><time xmlns='${TIME}'/></iq>`);
  const time = childOf(answer, 'time', TIME)!;
  expect(textOf(childOf(time, 'tzo', TIME))).toMatch(/^[+-]\d\d:\d\d$/);
  const utc = textOf(childOf(time, 'utc', TIME));
  expect(utc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  expect(Math.abs(Date.parse(utc) - before)).toBeLessThan(60_000);
});

test('a set is a bad request', async () => {
  for (const content of [`<query xmlns='${VERSION}'/>`, `<time xmlns='${TIME}'/>`]) {
    const answer = await client.ask(`<iq type='set' to='${HOST}'>${content}</iq>`);
    expect(conditionOf(answer)).toBe('bad-request');
  }
});

test.each([`<query xmlns='${VERSION}'/>`, `<time xmlns='${TIME}'/>`])(
  'what is asked of a client goes to the client: %s',
  async (content) => {
    const other = await Client.login(server, server.user());
    other.send(`<iq type='get' id='q' to='${client.jid}'>${content}</iq>`);
    await client.receives(
      `<iq type='get' id='q' from='${other.jid}' to='${client.jid}'>${content}</iq>`,
    );
  },
);

test('XEP-0157 §3: contact addresses stand in a form with its FORM_TYPE', async () => {
  const answer = await client.ask(`<iq type='get' to='${HOST}'><query xmlns='${INFO}'/></iq>`);
  const x = childOf(childOf(answer, 'query', INFO)!, 'x', DATA)!;
  expect(x.attrs['type']).toBe('result');
  const fields = childrenOf(x).map((field) => [
    field.attrs['var'],
    childrenOf(field).map((value) => textOf(value)),
  ]);
  expect(fields).toEqual([
    ['FORM_TYPE', ['http://jabber.org/network/serverinfo']],
    ['abuse-addresses', ['mailto:abuse@example.org', 'xmpp:abuse@example.org']],
    ['status-addresses', ['https://status.example.org/']],
  ]);
});
