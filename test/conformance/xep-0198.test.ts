// XEP-0198 (v1.6.3): stream management. What `h` may say is the promise of the server: acknowledged is on disk.
import { Client, login } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { HOST, TestServer, type User } from '../helpers/server.ts';
import { canonical, childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const SM = 'urn:xmpp:sm:3';
const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

/** `<a/>` is taken by the client itself: this one is read raw. */
async function rawAnswer(client: Client): Promise<Element> {
  client.connection.filter = undefined;
  client.sendRaw(`<r xmlns='${SM}'/>`);
  let answer = await client.connection.element();
  while (answer.name !== 'a') answer = await client.connection.element();
  return answer;
}

async function loggedIn(user: User): Promise<Connection> {
  const connection = await Connection.open(server);
  await connection.features();
  await login(connection, user.local, user.password);
  expect(childrenOf(await connection.features()).map(({ ns }) => ns)).toContain(SM);
  return connection;
}

describe('§3, enabling', () => {
  test('before a resource is bound it is an unexpected request', async () => {
    const connection = await loggedIn(server.user());
    connection.send(ENABLE);
    const answer = await connection.element('failed');
    expect(childrenOf(answer)[0]?.name).toBe('unexpected-request');
    connection.destroy();
  });

  test('a second time it is one too, and the stream goes on as before', async () => {
    const client = await Client.login(server, server.user(), { managed: true });
    client.sendRaw(ENABLE);
    const answer = await client.connection.element('failed');
    expect(childrenOf(answer)[0]?.name).toBe('unexpected-request');
    client.connection.destroy();
    expect(await client.resume()).toBeUndefined();
  });

  test('§5: the answer names the session, unguessably, and for how long it can be resumed', async () => {
    const one = await Client.login(server, server.user());
    one.sendRaw(ENABLE);
    const answer = await one.connection.element('enabled');
    expect(answer.attrs).toEqual({ id: expect.any(String), resume: 'true', max: '600' });
    expect(answer.attrs['id']?.length).toBeGreaterThanOrEqual(16);
  });

  test('§5: who does not ask to resume is given no id and cannot', async () => {
    const client = await Client.login(server, server.user());
    client.sendRaw(`<enable xmlns='${SM}'/>`);
    expect((await client.connection.element('enabled')).attrs).toEqual({});
  });

  test('§5: a shorter time that the client asks for holds', async () => {
    const client = await Client.login(server, server.user());
    client.sendRaw(`<enable xmlns='${SM}' resume='1' max='60'/>`);
    expect((await client.connection.element('enabled')).attrs['max']).toBe('60');
  });
});

describe('§4, counting', () => {
  test('`h` begins at 0 and counts stanzas alone', async () => {
    const client = await Client.login(server, server.user(), { managed: true });
    expect((await rawAnswer(client)).attrs).toEqual({ h: '0' });
    client.sendRaw(
      `<presence/><r xmlns='${SM}'/> <iq type='get' id='1' to='${HOST}'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );
    client.sendRaw("<message type='headline'/>");
    // Its own presence comes back from the owner, which may be another worker: before the answer or after it.
    expect((await rawAnswer(client)).attrs['h']).toBe('1');
    expect((await rawAnswer(client)).attrs['h']).toBe('3');
  });

  test('what was refused is handled, and counts', async () => {
    const client = await Client.login(server, server.user(), { managed: true });
    client.send("<iq type='get'/><message to='@@'/><iq type='nonsense' id='1'/>");
    client.send(`<message to='nobody@${HOST}'><body>x</body></message>`);
    await client.isAcknowledged();
    expect(client.unacknowledged).toEqual([]);
  });

  test('what was sent before <enable/> does not count', async () => {
    const client = await Client.login(server, server.user());
    client.sendRaw('<presence/>');
    await client.next();
    await client.manage();
    expect((await rawAnswer(client)).attrs['h']).toBe('0');
  });

  test('a message is acknowledged when it is in the archives of both sides', async () => {
    const alice = await Client.login(server, server.user(), { managed: true });
    const user = server.user();
    alice.send(`<message to='${user.bare}' type='chat' id='kept'><body>kept</body></message>`);
    await alice.isAcknowledged();
    // From here on a crash may come.
    await server.kill();
    await server.run();
    for (const owner of [alice.user, user]) {
      const client = await Client.login(server, owner, { resource: 'later' });
      await client.ask("<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>");
      expect((await client.drained()).map((message) => canonical(message)).join()).toContain(
        "id='kept'",
      );
    }
  });

  test('the server asks for acknowledgement by itself', async () => {
    const client = await Client.login(server, server.user(), { managed: true });
    client.acknowledging = false;
    client.connection.filter = undefined;
    client.sendRaw('<presence/>');
    await client.connection.element('presence');
    await client.connection.element('r');
  });

  test.each([
    ['higher than what was sent', '5', 'undefined-condition'],
    ['no number', 'many', 'invalid-xml'],
    ['beyond 32 bits', '4294967296', 'invalid-xml'],
  ])('an `h` that is %s ends the stream', async (_what, h, condition) => {
    const client = await Client.login(server, server.user(), { managed: true });
    client.sendRaw(`<a xmlns='${SM}' h='${h}'/>`);
    const error = await client.connection.streamError();
    expect(conditionOf(error)).toBe(condition);
    if (condition === 'undefined-condition')
      expect(childOf(error, 'handled-count-too-high', SM)?.attrs).toEqual({ h, 'send-count': '0' });
  });
});

describe('§5, resuming', () => {
  test('the answer says what was handled, and names the session again', async () => {
    const client = await Client.login(server, server.user(), { managed: true, online: true });
    client.cut();
    const connection = await loggedIn(client.user);
    connection.send(`<resume xmlns='${SM}' previd='${client.token}' h='1'/>`);
    expect((await connection.element('resumed')).attrs).toEqual({ previd: client.token, h: '1' });
    connection.destroy();
  });

  test('what the client has is not sent again, what it has not comes in order', async () => {
    const alice = await Client.login(server, server.user(), { managed: true });
    const bob = await Client.login(server, server.user(), { managed: true, online: true });
    for (const id of ['1', '2', '3'])
      alice.send(`<message to='${bob.jid}' type='headline' id='${id}'/>`);
    await alice.isAcknowledged();
    expect((await bob.drained()).map(({ attrs }) => attrs['id'])).toEqual(['1', '2', '3']);
    bob.cut();
    // As if the last two, and the answer behind them, had been lost on their way.
    bob.received -= 3;
    expect(await bob.resume()).toBeUndefined();
    const again = [await bob.next(), await bob.next()];
    expect(again.map(({ attrs }) => attrs['id'])).toEqual(['2', '3']);
  });

  test('the resource, its presence and what it asked for are as before', async () => {
    const bob = await Client.login(server, server.user(), {
      managed: true,
      online: true,
      resource: 'x',
    });
    bob.cut();
    expect(await bob.resume()).toBeUndefined();
    const alice = await Client.login(server, server.user(), { resource: 'a' });
    alice.send(`<message to='${bob.bare}' type='headline' id='h'/>`);
    await bob.receives(`<message from='${alice.jid}' to='${bob.bare}' type='headline' id='h'/>`);
  });

  test('an unknown session is item-not-found, and the stream can be bound', async () => {
    const connection = await loggedIn(server.user());
    connection.send(`<resume xmlns='${SM}' previd='nothing' h='0'/>`);
    expect(childrenOf(await connection.element('failed'))[0]?.name).toBe('item-not-found');
    connection.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    expect((await connection.element('iq')).attrs['type']).toBe('result');
    connection.destroy();
  });

  test("somebody else's session is item-not-found, and stays his", async () => {
    const bob = await Client.login(server, server.user(), { managed: true, online: true });
    bob.cut();
    const connection = await loggedIn(server.user());
    connection.send(`<resume xmlns='${SM}' previd='${bob.token}' h='0'/>`);
    expect(childrenOf(await connection.element('failed'))[0]?.name).toBe('item-not-found');
    connection.destroy();
    expect(await bob.resume()).toBeUndefined();
  });

  test('a session that was closed in good order cannot be resumed', async () => {
    const bob = await Client.login(server, server.user(), { managed: true, online: true });
    await bob.close();
    expect((await bob.resume())?.name).toBe('failed');
  });

  test('before log-in, with a session, or without its parts it is refused', async () => {
    const early = await Connection.open(server);
    await early.features();
    early.send(`<resume xmlns='${SM}' previd='x' h='0'/>`);
    expect(childrenOf(await early.element('failed'))[0]?.name).toBe('unexpected-request');
    early.destroy();
    const bound = await Client.login(server, server.user(), { managed: true });
    bound.sendRaw(`<resume xmlns='${SM}' previd='${bound.token}' h='0'/>`);
    expect(childrenOf(await bound.connection.element('failed'))[0]?.name).toBe(
      'unexpected-request',
    );
    const partial = await loggedIn(server.user());
    partial.send(`<resume xmlns='${SM}' h='0'/>`);
    expect(childrenOf(await partial.element('failed'))[0]?.name).toBe('bad-request');
    partial.destroy();
  });

  test('§4: an `h` in <resume/> that is too high ends the stream', async () => {
    const bob = await Client.login(server, server.user(), { managed: true, online: true });
    bob.cut();
    const connection = await loggedIn(bob.user);
    connection.send(`<resume xmlns='${SM}' previd='${bob.token}' h='77'/>`);
    expect(childOf(await connection.streamError(), 'handled-count-too-high', SM)).toBeDefined();
  });

  test('§6: one that is too high leaves the session and its connection as they were', async () => {
    const bob = await Client.login(server, server.user(), { managed: true, online: true });
    const alice = await Client.login(server, server.user());
    // Of several, at least one comes to another worker, where there is one.
    for (let n = 0; n < 4; n++) {
      const connection = await loggedIn(bob.user);
      connection.send(`<resume xmlns='${SM}' previd='${bob.token}' h='${bob.received + 1}'/>`);
      const error = childOf(await connection.streamError(), 'handled-count-too-high', SM);
      expect(error?.attrs).toEqual({ h: `${bob.received + 1}`, 'send-count': `${bob.received}` });
    }
    alice.send(`<message to='${bob.jid}' type='headline' id='still'/>`);
    expect((await bob.next()).attrs['id']).toBe('still');
    bob.cut();
    expect(await bob.resume()).toBeUndefined();
  });
});
