// XEP-0352 (1.0.0): client state, over the wire; what it saves, in bytes.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { pause } from '../helpers/waiting.ts';
import { childOf, conditionOf } from '../helpers/xml.ts';
import { Connection } from '../helpers/connection.ts';
import { login } from '../helpers/client.ts';

const INACTIVE = "<inactive xmlns='urn:xmpp:csi:0'/>";
const ACTIVE = "<active xmlns='urn:xmpp:csi:0'/>";

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

test('§4.1: it is offered after log-in, and not before', async () => {
  const { local, password } = server.user();
  const connection = await Connection.open(server);
  expect(childOf(await connection.features(), 'csi', 'urn:xmpp:csi:0')).toBeUndefined();
  await login(connection, local, password);
  expect(childOf(await connection.features(), 'csi', 'urn:xmpp:csi:0')).toBeDefined();
  connection.destroy();
});

test('§4.2: neither element is answered, and saying one twice changes nothing', async () => {
  const client = await Client.login(server, server.user(), { managed: true, online: true });
  for (const element of [ACTIVE, INACTIVE, INACTIVE, ACTIVE, ACTIVE]) client.sendRaw(element);
  expect(await client.drained()).toEqual([]);
  client.send('<presence><show>away</show></presence>');
  // XEP-0198 §4: they are no stanzas and not counted.
  await client.isAcknowledged();
});

test('an element of that namespace that nobody knows ends the stream', async () => {
  const client = await Client.login(server, server.user());
  client.sendRaw("<asleep xmlns='urn:xmpp:csi:0'/>");
  expect(conditionOf(await client.connection.streamError())).toBe('unsupported-stanza-type');
});

test('before a resource is bound there is no state', async () => {
  const { local, password } = server.user();
  const connection = await Connection.open(server);
  await connection.features();
  await login(connection, local, password);
  await connection.features();
  connection.send(INACTIVE);
  expect((await connection.streamError()).name).toBe('error');
});

test('§6.1: what waited is on the wire before the answer to a ping behind <active/>', async () => {
  const alice = await Client.login(server, server.user(), { resource: 'a', online: true });
  const bob = await Client.login(server, server.user(), { resource: 'b', online: true });
  bob.sendRaw(INACTIVE);
  await bob.drained();
  alice.send(`<presence to='${bob.jid}'/>`);
  await alice.reached(bob.bare);
  bob.sendRaw(
    `${ACTIVE}<iq type='get' id='p' to='${server.host}'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  await bob.receives(
    `<presence from='${alice.jid}' to='${bob.jid}'/><iq type='result' id='p' from='${server.host}' to='${bob.jid}'/>`,
  );
});

test('§3.2: contacts who come and go and type cost an inactive client a tenth', async () => {
  const talkers = await Promise.all(
    Array.from({ length: 5 }, (_, n) =>
      Client.login(server, server.user(), { resource: `t${n}`, online: true }),
    ),
  );
  const traffic = async (state: string): Promise<number> => {
    const user = server.user();
    const client = await Client.login(server, user, { resource: 'c', online: true });
    client.sendRaw(state);
    await client.drained();
    const before = client.connection.socket.bytesRead;
    for (let round = 0; round < 10; round++) {
      for (const talker of talkers) {
        talker.send(`<presence to='${client.jid}'><show>away</show></presence>`);
        talker.send(`<presence to='${client.jid}'/>`);
        talker.send(
          `<message to='${user.bare}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
        );
      }
    }
    for (const talker of talkers) await talker.reached(user.bare);
    await pause(50);
    client.sendRaw(ACTIVE);
    await client.drained();
    const bytes = client.connection.socket.bytesRead - before;
    client.connection.destroy();
    return bytes;
  };
  const active = await traffic(ACTIVE);
  const inactive = await traffic(INACTIVE);
  // A presence and a typing notice of each talker, of thirty stanzas.
  expect(inactive).toBeLessThan(active / 10);
});

test('§7: nobody else can tell', async () => {
  const alice = await Client.login(server, server.user(), { resource: 'a', online: true });
  const bob = await Client.login(server, server.user(), { resource: 'b', online: true });
  alice.send(`<presence to='${bob.jid}'/>`);
  bob.send(`<presence to='${alice.jid}'/>`);
  await alice.receives(`<presence from='${bob.jid}' to='${alice.jid}'/>`);
  bob.sendRaw(INACTIVE);
  await bob.drained();
  bob.sendRaw(ACTIVE);
  await bob.drained();
  expect(await alice.drained()).toEqual([]);
});
