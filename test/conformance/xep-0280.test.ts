// XEP-0280 (1.0.1): how copies are found and wanted, over the wire. Which messages are copied: src/modules/carbons.
import { Client } from '../helpers/client.ts';
import { logIn } from '../helpers/sasl2.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf } from '../helpers/xml.ts';

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

test('§3, §6.2: the server says that it copies, and by which rules', async () => {
  const client = await Client.login(server, server.user());
  const answer = await client.ask(`<iq type='get' to='${HOST}'>${INFO}</iq>`);
  const query = childOf(answer, 'query');
  const features = query === undefined ? [] : childrenOf(query).map(({ attrs }) => attrs['var']);
  expect(features).toEqual(
    expect.arrayContaining([
      'urn:xmpp:carbons:2',
      'urn:xmpp:carbons:rules:0',
      'urn:xmpp:blocking',
      'urn:xmpp:reporting:1',
    ]),
  );
});

test('a request to the server itself is not one to the account', async () => {
  const client = await Client.login(server, server.user());
  const enable = "<enable xmlns='urn:xmpp:carbons:2'/>";
  const answer = await client.ask(`<iq type='set' to='${HOST}'>${enable}</iq>`);
  expect(conditionOf(answer)).toBe('service-unavailable');
});

test('XEP-0386 §4.1: who binds with copies and inactive is copied and screened from the first stanza on', async () => {
  const bob = server.user();
  const alice = await Client.login(server, server.user(), { resource: 'a', online: true });
  const desk = await Client.login(server, bob, { resource: 'desk', online: true });
  const { connection } = await logIn(server, bob, {
    children:
      "<bind xmlns='urn:xmpp:bind:0'><tag>phone</tag><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='urn:xmpp:carbons:2'/><inactive xmlns='urn:xmpp:csi:0'/></bind>",
  });
  expect((await connection.element()).name).toBe('features');
  alice.send(
    `<message to='${desk.jid}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  alice.send(`<message to='${desk.jid}' type='chat' id='1'><body>Hi</body></message>`);
  await alice.reached(bob.bare);
  const copy = await connection.element('message');
  const received = childOf(copy, 'received', 'urn:xmpp:carbons:2');
  const forwarded = received && childOf(received, 'forwarded');
  // The typing notice waited, and the message took its place.
  expect(forwarded && childOf(forwarded, 'message')?.attrs['id']).toBe('1');
  connection.destroy();
});
