// Stanzas at their edges: what is never answered, what is not told to strangers, what does not go on to the recipient.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { canonical } from '../helpers/xml.ts';

const STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 12 });
});
afterAll(async () => {
  await server.close();
});

describe('presence that goes nowhere', () => {
  test('RFC 6120 §8.3.1: an error without an address is not answered with an error', async () => {
    const client = await Client.login(server, server.user());
    client.send("<presence type='error'/>");
    expect(await client.drained()).toEqual([]);
    client.cut();
  });

  test('RFC 6121 §4.7.1: a type that there is not is a bad request', async () => {
    const client = await Client.login(server, server.user());
    const to = server.user().bare;
    client.send(`<presence id='p' type='invisible' to='${to}'/>`);
    await client.receives(
      `<presence id='p' type='error' from='${to}' to='${client.jid}'><error type='modify'><bad-request xmlns='${STANZAS}'/></error></presence>`,
    );
    client.cut();
  });

  test('RFC 6120 §10.4: to a domain that nobody serves it is answered, unless it takes its leave', async () => {
    const client = await Client.login(server, server.user());
    client.send("<presence type='unavailable' to='room@muc.example/me'/>");
    client.send("<presence id='join' to='room@muc.example/me'/>");
    await client.receives(
      `<presence id='join' type='error' from='room@muc.example/me' to='${client.jid}'><error type='cancel'><remote-server-not-found xmlns='${STANZAS}'/></error></presence>`,
    );
    client.cut();
  });
});

test('XEP-0359 §5: an id in the name of the sender does not reach the recipient, one of a third party does', async () => {
  const [from, to] = [server.user(), server.user()];
  const recipient = await Client.login(server, to, { online: true });
  const sender = await Client.login(server, from);
  const id = (by: string): string => `<stanza-id xmlns='urn:xmpp:sid:0' by='${by}' id='1'/>`;
  sender.send(
    `<message to='${to.bare}' id='m' type='chat'>${id(from.bare.toUpperCase())}<body>a</body>${id('room@muc.example')}${id(from.bare)}<x xmlns='urn:x'/></message>`,
  );
  await recipient.receives(
    `<message from='${sender.jid}' to='${to.bare}' id='m' type='chat'><body>a</body>${id('room@muc.example')}<x xmlns='urn:x'/><stanza-id xmlns='urn:xmpp:sid:0' by='${to.bare}' id='*'/></message>`,
  );
  sender.cut();
  recipient.cut();
});

test("XEP-0203 §4, XEP-0198 §4: a client may stamp in its own name, but not in its server's nor in the recipient's", async () => {
  const [from, to] = [server.user(), server.user()];
  const recipient = await Client.login(server, to, { online: true });
  const sender = await Client.login(server, from);
  const stamp = (by: string): string =>
    `<delay xmlns='urn:xmpp:delay' from='${by}' stamp='2020-01-01T00:00:00Z'/>`;
  sender.send(
    `<message to='${to.bare}' id='m' type='chat'><body>a</body>${stamp('LocalHost')}${stamp(sender.jid)}${stamp(to.bare)}</message>`,
  );
  await recipient.receives(
    `<message from='${sender.jid}' to='${to.bare}' id='m' type='chat'><body>a</body>${stamp(sender.jid)}<stanza-id xmlns='urn:xmpp:sid:0' by='${to.bare}' id='*'/></message>`,
  );
  sender.cut();
  recipient.cut();
});

test.each([
  ['items', 'get', "<query xmlns='http://jabber.org/protocol/disco#items'/>"],
  ['items of a node', 'get', "<query xmlns='http://jabber.org/protocol/disco#items' node='n'/>"],
  ['features', 'get', "<query xmlns='http://jabber.org/protocol/disco#info'/>"],
  ['features of a node', 'get', "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>"],
  ['a ping', 'get', "<ping xmlns='urn:xmpp:ping'/>"],
  ['the roster', 'get', "<query xmlns='jabber:iq:roster'/>"],
  ['a new contact', 'set', "<query xmlns='jabber:iq:roster'><item jid='a@b.example'/></query>"],
  ['the archive', 'set', "<query xmlns='urn:xmpp:mam:2'/>"],
  ['two things', 'get', "<x xmlns='urn:x'/><y xmlns='urn:y'/>"],
  ['what nobody knows', 'get', "<x xmlns='urn:x'/>"],
])(
  'XEP-0030 §8: a stranger who asks for %s is answered alike, whether there is such an account or not',
  async (_, type, payload) => {
    const client = await Client.login(server, strangers());
    const answers: string[] = [];
    for (const to of [someone(), 'nobody@localhost']) {
      const answer = await client.ask(`<iq type='${type}' to='${to}'>${payload}</iq>`);
      const { id, ...attrs } = answer.attrs;
      expect(id).toBeDefined();
      answers.push(
        canonical({ ...answer, attrs })
          .replace(to, '(to)')
          .replace(client.jid, '(me)'),
      );
    }
    expect(answers[1]).toBe(answers[0]);
    client.cut();
  },
);

let asker: ReturnType<TestServer['user']> | undefined;
let asked: ReturnType<TestServer['user']> | undefined;

function strangers(): ReturnType<TestServer['user']> {
  return (asker ??= server.user());
}

function someone(): string {
  return (asked ??= server.user()).bare;
}
