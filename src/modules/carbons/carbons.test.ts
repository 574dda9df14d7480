import { archive } from '../../archive/index.ts';
import { TestServer, type TestClient } from '../../archive/testing/server.ts';
import { offline } from '../../offline/index.ts';
import { stanzaIds } from '../stanza-ids/index.ts';
import { carbons } from './index.ts';

const ENABLE = "<iq type='set' id='on'><enable xmlns='urn:xmpp:carbons:2'/></iq>";
const DISABLE = "<iq type='set' id='off'><disable xmlns='urn:xmpp:carbons:2'/></iq>";

let server: TestServer;
let romeo: TestClient;
/** Juliet's clients: one that is on line, one more, and one that wants no copies. */
let balcony: TestClient;
let chamber: TestClient;
let plain: TestClient;

beforeEach(async () => {
  server = await TestServer.open({ modules: [stanzaIds, archive, offline, carbons] });
  await server.addAccount('romeo');
  await server.addAccount('juliet');
  romeo = await server.login('romeo', 'orchard');
  balcony = await server.login('juliet', 'balcony');
  chamber = await server.login('juliet', 'chamber');
  plain = await server.login('juliet', 'plain');
  romeo.available();
  for (const client of [balcony, chamber, plain]) client.available();
  for (const client of [balcony, chamber]) client.send(ENABLE);
  for (const client of [romeo, balcony, chamber, plain]) client.take();
});
afterEach(async () => {
  await server.close();
});

async function come(client: TestClient): Promise<string[]> {
  await server.settle();
  return client.take();
}

const FULL = "to='juliet@example.org/balcony'";

test('§7: a message to one client is copied to the others that want it, with the id of the archive', async () => {
  romeo.send(`<message ${FULL} type='chat' id='1'><body>Hi</body></message>`);
  const [message = ''] = await come(balcony);
  const inner = message.replace('<message', "<message xmlns='jabber:client'");
  expect(message).toContain("<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.org'");
  expect(await come(chamber)).toEqual([
    `<message from='juliet@example.org' to='juliet@example.org/chamber' type='chat'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${inner}</forwarded></received></message>`,
  ]);
  expect(await come(plain)).toEqual([]);
});

test('§8: what one client sends the others see, with the id of their archive, and it has no copy itself', async () => {
  plain.send("<message to='romeo@example.org' type='chat' id='1'><body>Hi</body></message>");
  const [copy = ''] = await come(chamber);
  expect(copy).toMatch(
    /^<message from='juliet@example.org' to='juliet@example.org\/chamber' type='chat'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='juliet@example.org\/plain' to='romeo@example.org' type='chat' id='1'><body>Hi<\/body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.org' id='\d+'\/><\/message><\/forwarded><\/sent><\/message>$/,
  );
  const id = /id='(\d{8,})'/.exec(copy)?.[1] ?? '';
  chamber.send(
    "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field></x></query></iq>",
  );
  expect((await come(chamber))[0]).toContain(`id='${id}'`);
  expect(await come(balcony)).toHaveLength(1);
  expect(await come(plain)).toEqual([]);
  // The other side learns nothing of that id.
  expect((await come(romeo)).join('')).not.toContain(id);
});

test('a typing notice behind a message overtakes it in no copy', async () => {
  plain.send("<message to='romeo@example.org' type='chat'><body>Hi</body></message>");
  plain.send(
    "<message to='romeo@example.org' type='chat'><gone xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  const copies = await come(chamber);
  expect(copies.map((copy) => /body|gone/.exec(copy)?.[0])).toEqual(['body', 'gone']);
});

test('a message to the bare address reaches each client once', async () => {
  romeo.send(`<message to='juliet@example.org' type='chat'><body>Hi</body></message>`);
  for (const client of [balcony, chamber, plain]) {
    const came = await come(client);
    expect(came).toHaveLength(1);
    expect(came[0]).not.toContain('carbons');
  }
});

test('a client of negative priority that wants copies has them; then nobody is told that nobody is there', async () => {
  for (const client of [balcony, chamber, plain])
    client.send('<presence><priority>-1</priority></presence>');
  for (const client of [balcony, chamber, plain]) client.take();
  romeo.send(
    "<message to='juliet@example.org' type='chat'><body>Hi</body><no-store xmlns='urn:xmpp:hints'/></message>",
  );
  expect((await come(chamber))[0]).toContain('<received');
  expect(await come(plain)).toEqual([]);
  expect(await come(romeo)).toEqual([]);
});

test('a note from one client to another is copied to the third, and to the sender not', async () => {
  chamber.send(`<message ${FULL} type='chat'><body>Hi</body></message>`);
  expect(await come(chamber)).toEqual([]);
  expect(await come(balcony)).toHaveLength(1);
  plain.send(ENABLE);
  plain.take();
  chamber.send(`<message ${FULL} type='chat'><body>Hi</body></message>`);
  const [copy = '', ...more] = await come(plain);
  expect(copy).toContain('<received');
  expect(more).toEqual([]);
});

test('§5, §10.1: enabling and disabling, as often as one likes', async () => {
  for (const request of [ENABLE, ENABLE, DISABLE, DISABLE, ENABLE, DISABLE]) {
    chamber.send(request);
    expect((await come(chamber))[0]).toContain("type='result'");
  }
  romeo.send(`<message ${FULL} type='chat'><body>Hi</body></message>`);
  expect(await come(chamber)).toEqual([]);
});

test('a request of the wrong type or of a stranger is refused', async () => {
  chamber.send("<iq type='get' id='1'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  expect((await come(chamber))[0]).toContain('<bad-request');
  for (const to of ['juliet', 'nobody']) {
    romeo.send(
      `<iq type='set' id='2' to='${to}@example.org'><enable xmlns='urn:xmpp:carbons:2'/></iq>`,
    );
    expect((await come(romeo))[0]).toContain('<service-unavailable');
  }
});

const HINT = "<no-copy xmlns='urn:xmpp:hints'/>";
const PRIVATE = "<private xmlns='urn:xmpp:carbons:2'/>";
const BODY = '<body>Hi</body>';
const STATE = "<active xmlns='http://jabber.org/protocol/chatstates'/>";
const MUC = "<x xmlns='http://jabber.org/protocol/muc#user'/>";
const INVITATION =
  "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@example.org'/></x>";

test.each([
  ['chat without a body', 'chat', "<thread>1</thread><x xmlns='urn:x'/>", true],
  ['normal with a body', 'normal', BODY, true],
  ['an unknown type with a body', 'odd', BODY, true],
  ['normal without a body', 'normal', "<x xmlns='urn:x'/>", false],
  ['a chat state in a normal message', 'normal', STATE, true],
  ['a receipt', 'normal', "<received xmlns='urn:xmpp:receipts' id='1'/>", true],
  ['a marker', 'normal', "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true],
  ['a headline', 'headline', BODY, false],
  ['a headline with a marker', 'headline', "<displayed xmlns='urn:xmpp:chat-markers:0'/>", true],
  ['groupchat', 'groupchat', BODY, false],
  ['a direct invitation', 'normal', "<x xmlns='jabber:x:conference' jid='r@muc.x'/>", true],
  ['an invitation by way of a room', 'normal', INVITATION, true],
  ["a private message of a room's occupant", 'chat', BODY + MUC, false],
  ['<private/>', 'chat', BODY + PRIVATE, false],
  ['no-copy', 'chat', BODY + HINT, false],
  ['a private chat state', 'normal', STATE + PRIVATE, false],
])('§6.1, incoming: %s', async (_what, type, content, isCopied) => {
  romeo.send(`<message ${FULL} type='${type}'>${content}</message>`);
  expect(await come(chamber)).toHaveLength(isCopied ? 1 : 0);
  const [message = ''] = await come(balcony);
  // §9: <private/> goes along.
  expect(message).toContain(content);
});

test("§6.1: one's own private message to a room's occupant is copied", async () => {
  plain.send(`<message to='romeo@example.org/orchard' type='chat'>${BODY}${MUC}</message>`);
  expect(await come(chamber)).toHaveLength(1);
});

test.each(['private', 'no-copy'])('§9: nothing that is sent with %s is copied', async (what) => {
  const child = what === 'private' ? PRIVATE : HINT;
  plain.send(`<message to='romeo@example.org' type='chat'>${BODY}${child}</message>`);
  expect(await come(chamber)).toEqual([]);
});

const ERROR =
  "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

test('§6.1: an error in answer to what was copied is copied, another one is not', async () => {
  balcony.send(
    "<message to='romeo@example.org/orchard' type='chat' id='1'><body>Hi</body></message>",
  );
  await come(chamber);
  romeo.send(`<message ${FULL} type='error' id='2'>${ERROR}`);
  romeo.send(`<message ${FULL} type='error'>${ERROR}`);
  expect(await come(chamber)).toEqual([]);
  romeo.send(`<message ${FULL} type='error' id='1'>${ERROR}`);
  expect((await come(chamber))[0]).toContain("type='error'><received");
});

test('§10.3: an error in answer to a copy reaches nobody', async () => {
  romeo.send(`<message ${FULL} type='chat' id='1'><body>Hi</body></message>`);
  await come(chamber);
  await come(balcony);
  chamber.send(`<message to='juliet@example.org' type='error' id='1'>${ERROR}`);
  for (const client of [romeo, balcony, chamber, plain]) expect(await come(client)).toEqual([]);
});

test('a copy that its client never acknowledged does not come to another one as a message', async () => {
  chamber.manage('token');
  balcony.send(
    "<message to='romeo@example.org' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  await come(balcony);
  chamber.session.disconnected(chamber);
  await server.pass(700_000);
  expect((await come(balcony)).filter((stanza) => stanza.startsWith('<message'))).toEqual([]);
  expect((await come(plain)).filter((stanza) => stanza.startsWith('<message'))).toEqual([]);
});
