// RFC 6121 §8.5: the delivery table, a test in each of its cells, over the wire.
import {
  DELIVERY_TABLE,
  type Situation,
  type StanzaKind,
} from '../../src/router/delivery-table.ts';
import { Client, settled } from '../helpers/client.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { conditionOf, type Element } from '../helpers/xml.ts';

const STANZAS: Readonly<Record<StanzaKind, (to: string, id: string) => string>> = {
  'message-normal': (to, id) => `<message to='${to}' id='${id}'><body>${id}</body></message>`,
  'message-chat': (to, id) =>
    `<message to='${to}' id='${id}' type='chat'><body>${id}</body></message>`,
  'message-groupchat': (to, id) =>
    `<message to='${to}' id='${id}' type='groupchat'><body>${id}</body></message>`,
  'message-headline': (to, id) =>
    `<message to='${to}' id='${id}' type='headline'><body>${id}</body></message>`,
  'message-error': (to, id) =>
    `<message to='${to}' id='${id}' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  'presence-available': (to, id) => `<presence to='${to}' id='${id}'/>`,
  'presence-unavailable': (to, id) => `<presence to='${to}' id='${id}' type='unavailable'/>`,
  'presence-subscribe': (to, id) => `<presence to='${to}' id='${id}' type='subscribe'/>`,
  'presence-subscription': (to, id) => `<presence to='${to}' id='${id}' type='unsubscribed'/>`,
  'presence-probe': (to, id) => `<presence to='${to}' id='${id}' type='probe'/>`,
  'presence-error': (to, id) =>
    `<presence to='${to}' id='${id}' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
  'iq-request': (to, id) => `<iq to='${to}' id='${id}' type='get'><x xmlns='urn:x'/></iq>`,
  'iq-response': (to, id) => `<iq to='${to}' id='${id}' type='result'/>`,
};

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

describe.each(DELIVERY_TABLE.map((row) => [row.clause, row.situation, row.actions] as const))(
  '%s, %s',
  (_clause, situation, actions) => {
    let alice: Client;
    let bare: string;
    /** Bob's resources: available, of negative priority, and without presence. */
    let open: Client | undefined;
    let negative: Client | undefined;
    let silent: Client | undefined;

    beforeAll(async () => {
      alice = await Client.login(server, server.user(), { resource: 'a', online: true });
      if (situation === 'no-such-user') {
        bare = `nobody@${HOST}`;
        return;
      }
      const user = server.user();
      bare = user.bare;
      silent = await Client.login(server, user, { resource: 'silent' });
      negative = await Client.login(server, user, { resource: 'negative' });
      negative.send('<presence><priority>-1</priority></presence>');
      await negative.drained();
      if (situation.includes('none-available')) return;
      open = await Client.login(server, user, { resource: 'open' });
      open.send('<presence/>');
      await open.drained();
      await negative.drained();
    });

    test.each(Object.entries(actions) as [StanzaKind, string][])('%s: %s', async (kind, action) => {
      const id = `${situation}-${kind}`;
      alice.send(STANZAS[kind](targetOf(situation, bare), id));
      const carrying = async (client: Client | undefined): Promise<Element[]> =>
        client === undefined
          ? []
          : (await settled(client, alice)).filter(({ attrs }) => attrs['id'] === id);
      const given = {
        open: (await carrying(open)).length,
        negative: (await carrying(negative)).length,
        silent: (await carrying(silent)).length,
      };
      await alice.reached(bare);
      const answers = (await alice.drained()).filter(({ attrs }) => attrs['id'] === id);
      const none = { open: 0, negative: 0, silent: 0 };
      switch (action) {
        case 'deliver-non-negative':
          expect(given).toEqual({ ...none, open: 1 });
          break;
        case 'deliver-available':
          expect(given).toEqual({ ...none, open: open === undefined ? 0 : 1, negative: 1 });
          break;
        case 'deliver-match':
          expect(given).toEqual({ ...none, silent: 1 });
          break;
        case 'account':
          // §3.1.3: a request goes to every available resource; the rest finds no subscription that it could change.
          expect(given).toEqual(
            kind === 'presence-subscribe'
              ? { ...none, open: open === undefined ? 0 : 1, negative: 1 }
              : none,
          );
          break;
        default:
          expect(given).toEqual(none);
      }
      if (action === 'refuse') expect(answers.map(conditionOf)).toEqual(['service-unavailable']);
      else if (action === 'answer') {
        expect(answers).toHaveLength(1);
        expect(answers[0]?.attrs['from']).toBe(bare);
      } else expect(answers).toEqual([]);
      if (action === 'store') {
        const next = await Client.login(server, (silent as Client).user, { resource: 'next' });
        next.send('<presence/>');
        const came = (await settled(next, alice)).map(({ attrs }) => attrs['id']);
        await next.close();
        expect(came).toContain(id);
      }
    });
  },
);

function targetOf(situation: Situation, bare: string): string {
  if (situation === 'full-match') return `${bare}/silent`;
  return situation.startsWith('full-gone') ? `${bare}/gone` : bare;
}

test('§5.2.2: a message of a type that nobody knows is a normal one', async () => {
  const alice = await Client.login(server, server.user(), { resource: 'a' });
  const bob = await Client.login(server, server.user(), { resource: 'b', online: true });
  alice.send(`<message to='${bob.bare}' type='shout' id='u'><body>u</body></message>`);
  expect((await settled(bob, alice)).map(({ attrs }) => attrs['id'])).toEqual(['u']);
});

test('§8.5.1: a stranger cannot tell an account without sessions from none', async () => {
  const alice = await Client.login(server, server.user(), { resource: 'a' });
  const away = server.user();
  const ask = async (to: string, content: string): Promise<string> => {
    const answer = await alice.ask(`<iq type='get' to='${to}'>${content}</iq>`);
    return JSON.stringify(answer.children);
  };
  for (const content of [
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='jabber:iq:roster'/>",
    "<query xmlns='urn:xmpp:mam:2'/>",
    "<x xmlns='urn:x'/>",
  ]) {
    expect(await ask(away.bare, content)).toBe(await ask(`nobody@${HOST}`, content));
    expect(await ask(`${away.bare}/x`, content)).toBe(await ask(`nobody@${HOST}/x`, content));
  }
});
