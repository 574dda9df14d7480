// XEP-0198 (v1.6.3) at its edges: what is counted, how long a session waits, who may not resume.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { pause } from '../helpers/waiting.ts';
import { childrenOf, type Element } from '../helpers/xml.ts';

const SM = 'urn:xmpp:sm:3';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 20 });
});
afterAll(async () => {
  await server.close();
});

test.each([
  ['30', '30'],
  ['0', '600'],
  ['', '600'],
  ['1e1', '600'],
  ['-5', '600'],
  ['99999', '600'],
])('§3: max=%j, of which only whole seconds count, makes %s', async (asked, given) => {
  const client = await Client.login(server, server.user());
  client.sendRaw(`<enable xmlns='${SM}' resume='true' max='${asked}'/>`);
  const enabled = await client.connection.element('enabled');
  expect(enabled.attrs['max']).toBe(given);
  client.cut();
});

test('§7: who has closed its stream in good order cannot resume it, even while the connection hangs', async () => {
  const client = await Client.login(server, server.user(), { managed: true, online: true });
  const { token } = client;
  const { connection } = client;
  client.sendRaw('</stream:stream>');
  await connection.take('close tag');
  await client.relogin();
  client.sendRaw(`<resume xmlns='${SM}' previd='${token}' h='${client.received}'/>`);
  const answer = await client.connection.element('failed');
  expect(childrenOf(answer).map(({ name }) => name)).toEqual(['item-not-found']);
  connection.destroy();
  client.cut();
});

test('an answer to somebody else is no answer to the ping of the server, whatever its id', async () => {
  const [alice, bob] = [server.user(), server.user()];
  const client = await Client.login(server, bob, { online: true });
  const sender = await Client.login(server, alice);
  client.acknowledging = false;
  const asked = new Promise<string>((resolve) => {
    client.connection.filter = ({ name, attrs }) => {
      if (name === 'iq') resolve(attrs['id'] ?? '');
      return true;
    };
  });
  sender.send(`<message to='${bob.bare}' type='chat'><body>are you there?</body></message>`);
  const id = await asked;
  client.sendRaw(`<iq type='result' id='${id}' to='${sender.jid}'/>`);
  await sender.receives(`<iq type='result' id='${id}' from='${client.jid}' to='${sender.jid}'/>`);
  sender.cut();
  client.cut();
});

test('what was given before <enable/> is proved by a ping in front of <enabled/>, and not given again', async () => {
  const [alice, bob] = [server.user(), server.user()];
  const sender = await Client.login(server, alice);
  const client = await Client.login(server, bob, { online: true });
  sender.send(`<message to='${bob.bare}' type='chat'><body>are you there?</body></message>`);
  expect((await client.next()).name).toBe('message');
  // The ping is answered by the client itself.
  await client.manage();
  await client.close();
  const again = await Client.login(server, bob, { online: true });
  // What a session may have seen comes after 3 s.
  await pause(4500);
  expect(await again.drained()).toEqual([]);
  sender.cut();
  again.cut();
});

test('§4: the answer to a ping from before <enable/> is counted when it comes behind it', async () => {
  const [alice, bob] = [server.user(), server.user()];
  const client = await Client.login(server, bob, { online: true });
  const sender = await Client.login(server, alice);
  let ping: Element | undefined;
  const asked = new Promise<void>((resolve) => {
    client.connection.filter = (element) => {
      if (element.name === 'iq') {
        ping = element;
        resolve();
      }
      return true;
    };
  });
  // Receipt on a stream without XEP-0198 is proved by the answer to a ping.
  sender.send(`<message to='${bob.bare}' type='chat'><body>are you there?</body></message>`);
  await asked;
  client.connection.filter = undefined;
  client.sendRaw(`<enable xmlns='${SM}' resume='true'/>`);
  await client.connection.element('enabled');
  client.sendRaw(`<iq type='result' id='${ping?.attrs['id'] ?? ''}'/><r xmlns='${SM}'/>`);
  expect((await client.connection.element('a')).attrs['h']).toBe('1');
  sender.cut();
  client.cut();
});
