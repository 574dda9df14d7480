// RFC 6120 §8 and §10: what stanzas carry, what is answered, and where they go.
import { Client, settled } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { conditionOf } from '../helpers/xml.ts';

let server: TestServer;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await TestServer.start();
  alice = await Client.login(server, server.user(), { resource: 'phone', online: true });
  bob = await Client.login(server, server.user(), { resource: 'desk', online: true });
});
afterAll(async () => {
  await server.close();
});

test('§8.1.2.1: the server stamps the sender with its full address, whatever it wrote', async () => {
  for (const from of ['', ` from='${alice.bare}'`, ` from='${alice.jid}'`]) {
    alice.send(`<message${from} to='${bob.jid}' type='headline' id='f'/>`);
    await bob.receives(`<message from='${alice.jid}' to='${bob.jid}' type='headline' id='f'/>`);
  }
});

test('§8.1.1.1: an address that is none is answered with jid-malformed', async () => {
  const answer = await alice.ask("<iq type='get' to='a@@b'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect(conditionOf(answer)).toBe('jid-malformed');
});

test('§8.2.3: an iq without id, of a type unknown, without content or with too much of it is a bad request', async () => {
  alice.send("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect(conditionOf(await alice.next())).toBe('bad-request');
  alice.send("<iq type='ask' id='t'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect(conditionOf(await alice.next())).toBe('bad-request');
  expect(conditionOf(await alice.ask(`<iq type='get' to='${HOST}'/>`))).toBe('bad-request');
  expect(
    conditionOf(
      await alice.ask(`<iq type='get' to='${HOST}'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>`),
    ),
  ).toBe('bad-request');
});

test('§8.4: content of a namespace that nobody knows is answered with service-unavailable', async () => {
  for (const to of [` to='${HOST}'`, ` to='${alice.bare}'`, ''])
    expect(conditionOf(await alice.ask(`<iq type='get'${to}><x xmlns='urn:x'/></iq>`))).toBe(
      'service-unavailable',
    );
});

test('§8.3.1: an error goes back with the addresses swapped and the same id; errors are not answered', async () => {
  alice.send(`<message to='nobody@${HOST}/x' id='e'><body>hello</body></message>`);
  await alice.receives(
    `<message from='nobody@${HOST}/x' to='${alice.jid}' type='error' id='e'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  );
  alice.send(`<message to='nobody@${HOST}' type='error' id='e2'/>`);
  alice.send(`<iq to='nobody@${HOST}' type='error' id='e3'/>`);
  alice.send(`<iq to='nobody@${HOST}' type='result' id='e4'/>`);
  expect(await settled(alice)).toEqual([]);
});

test('§8.1.5: the language of a stanza arrives, and that of the stream is its default', async () => {
  alice.send(
    `<message to='${bob.jid}' type='headline' id='l' xml:lang='fi'><body>hei</body></message>`,
  );
  await bob.receives(
    `<message from='${alice.jid}' to='${bob.jid}' type='headline' id='l' xml:lang='fi'><body>hei</body></message>`,
  );
});

test('§8.1.1: content that the server does not know is forwarded as it is', async () => {
  const content = "<a xmlns='urn:a' b='&lt;'>x<c xmlns='urn:c'/>y</a><d xmlns='urn:d'/>";
  alice.send(`<message to='${bob.jid}' type='headline' id='c'>${content}</message>`);
  await bob.receives(
    `<message from='${alice.jid}' to='${bob.jid}' type='headline' id='c'>${content}</message>`,
  );
});

test('§10.3.1: a message without `to` is for the account of its sender', async () => {
  alice.send("<message type='headline' id='m'/>");
  await alice.receives(`<message from='${alice.jid}' to='${alice.bare}' type='headline' id='m'/>`);
});

test('§10.3.3: an iq without `to` is answered by the account', async () => {
  const answer = await alice.ask("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect(answer.attrs).toMatchObject({ type: 'result', from: alice.bare, to: alice.jid });
});

test('§10.4: a domain to which there is no way is answered with remote-server-not-found', async () => {
  const answer = await alice.ask(
    "<iq type='get' to='a@elsewhere.example'><ping xmlns='urn:xmpp:ping'/></iq>",
  );
  expect(conditionOf(answer)).toBe('remote-server-not-found');
  alice.send("<message to='a@elsewhere.example' id='r'><body>hi</body></message>");
  expect(conditionOf(await alice.next())).toBe('remote-server-not-found');
});

test('§10.5.1: a message to the server itself is refused', async () => {
  alice.send(`<message to='${HOST}' id='h'><body>hi</body></message>`);
  expect(conditionOf(await alice.next())).toBe('service-unavailable');
});

test('§10.1: what one sends to another arrives in order', async () => {
  const ids = Array.from({ length: 200 }, (_, n) => `${n}`);
  alice.send(
    ids
      .map((id, n) =>
        n % 3 === 0
          ? `<message to='${bob.bare}' type='chat' id='${id}'><body>${id}</body></message>`
          : `<message to='${bob.jid}' type='headline' id='${id}'/>`,
      )
      .join(''),
  );
  const came = await settled(bob, alice);
  expect(came.map(({ attrs }) => attrs['id'])).toEqual(ids);
});
