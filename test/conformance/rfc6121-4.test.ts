// RFC 6121 §4: presence between accounts, over the wire.
import { Client, settled } from '../helpers/client.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { canonical, conditionOf, type Element } from '../helpers/xml.ts';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 120 });
});
afterAll(async () => {
  await server.close();
});

const login = (user: User, resource: string, online = false): Promise<Client> =>
  Client.login(server, user, { resource, online });

async function untilType(client: Client, type: string): Promise<void> {
  while ((await client.next()).attrs['type'] !== type);
}

/** Two accounts, both subscribed to each other, with nobody on line. */
async function friends(): Promise<[User, User]> {
  const [alice, bob] = [server.user(), server.user()];
  const a = await login(alice, 'setup', true);
  const b = await login(bob, 'setup', true);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.send(`<presence to='${other.bare}' type='subscribe'/>`);
    await untilType(other, 'subscribe');
    other.send(`<presence to='${one.bare}' type='subscribed'/>`);
    // The server has told it of the presence, so the subscription stands.
    for (;;) {
      const { name, attrs } = await one.next();
      if (name === 'presence' && attrs['type'] === undefined && attrs['from'] === other.jid) break;
    }
  }
  await a.close();
  await untilType(b, 'unavailable');
  await b.close();
  return [alice, bob];
}

const brief = (came: readonly Element[]): string[] =>
  came.map(({ name, attrs }) => `${name} ${attrs['type'] ?? '-'} ${attrs['from'] ?? ''}`);

describe('§4.2 initial presence', () => {
  test('§4.2.2: it goes to subscribers, with `to` their bare JID, and to oneself', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a');
    alice.send(`<presence id='p1'><show>chat</show><x xmlns='urn:x'/></presence>`);
    await alice.receives(
      `<presence from='${alice.jid}' to='${a.bare}' id='p1'><show>chat</show><x xmlns='urn:x'/></presence>`,
    );
    await bob.receives(
      `<presence from='${alice.jid}' to='${b.bare}' id='p1'><show>chat</show><x xmlns='urn:x'/></presence>`,
    );
    await alice.receives(`<presence from='${bob.jid}' to='${alice.jid}'/>`);
    expect(await settled(bob, alice)).toEqual([]);
  });

  test('§4.2.3: every available resource of the subscriber sees it, whatever its priority', async () => {
    const [a, b] = await friends();
    const first = await login(b, '1', true);
    const second = await login(b, '2');
    second.send('<presence><priority>-1</priority></presence>');
    await second.drained();
    await first.drained();
    const silent = await login(b, '3');
    const alice = await login(a, 'a', true);
    await first.receives(`<presence from='${alice.jid}' to='${b.bare}'/>`);
    await second.receives(`<presence from='${alice.jid}' to='${b.bare}'/>`);
    expect(await settled(silent, alice)).toEqual([]);
  });

  test('without a subscription nobody sees anybody', async () => {
    const bob = await login(server.user(), 'b', true);
    const alice = await login(server.user(), 'a', true);
    expect(await settled(bob, alice)).toEqual([]);
    expect(await settled(alice, bob)).toEqual([]);
  });
});

describe('§4.3 probes', () => {
  test('§4.3.2: whoever comes sees the last presence of each of a contact’s resources, as it was sent', async () => {
    const [a, b] = await friends();
    const desk = await login(b, 'desk');
    desk.send(`<presence id='d'><status>At my desk</status></presence>`);
    const phone = await login(b, 'phone');
    phone.send(`<presence><show>away</show></presence>`);
    phone.send(`<presence><show>xa</show></presence>`);
    await settled(desk, phone);
    const alice = await login(a, 'a');
    alice.send('<presence/>');
    const came: Element[] = [];
    for (let i = 0; i < 3; i++) came.push(await alice.next());
    expect(
      came
        .slice(1)
        .map((it) => canonical(it).replace(" xmlns='jabber:client'", ''))
        .sort(),
    ).toEqual(
      [
        `<presence from='${desk.jid}' id='d' to='${alice.jid}'><status>At my desk</status></presence>`,
        `<presence from='${phone.jid}' to='${alice.jid}'><show>xa</show></presence>`,
      ].sort(),
    );
  });

  test('a probe of a client is answered by the owner, and a stranger’s gets silence, account or none', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a', true);
    await settled(alice, bob);
    alice.send(`<presence type='probe' to='${b.bare}'/>`);
    await alice.receives(`<presence from='${bob.jid}' to='${alice.jid}'/>`);
    const stranger = await login(server.user(), 's', true);
    stranger.send(`<presence type='probe' to='${b.bare}'/>`);
    stranger.send(`<presence type='probe' to='nobody@localhost'/>`);
    expect(await settled(stranger, bob)).toEqual([]);
    expect(brief(await settled(bob, stranger))).toEqual([`presence - ${alice.jid}`]);
  });
});

describe('§4.4 subsequent presence', () => {
  test('it goes to subscribers and to the own resources, and probes nobody', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a', true);
    await settled(bob, alice);
    await settled(alice, bob);
    alice.send('<presence><show>dnd</show></presence>');
    await bob.receives(`<presence from='${alice.jid}' to='${b.bare}'><show>dnd</show></presence>`);
    await alice.receives(
      `<presence from='${alice.jid}' to='${a.bare}'><show>dnd</show></presence>`,
    );
    expect(await settled(alice, bob)).toEqual([]);
  });
});

describe('§4.5 unavailable presence', () => {
  test('with a status: contacts and the own resources see it as it was sent', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a', true);
    await settled(bob, alice);
    await settled(alice, bob);
    alice.send(`<presence type='unavailable'><status>bye</status></presence>`);
    await bob.receives(
      `<presence from='${alice.jid}' to='${b.bare}' type='unavailable'><status>bye</status></presence>`,
    );
    bob.send('<presence/>');
    expect(brief(await settled(alice, bob))).toEqual([`presence unavailable ${alice.jid}`]);
  });

  test('a connection that is lost without stream management says it for its client', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a', true);
    await settled(bob, alice);
    alice.cut();
    await bob.receives(`<presence from='${alice.jid}' to='${b.bare}' type='unavailable'/>`);
  });

  test('a session that can be resumed stays available', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await Client.login(server, a, { resource: 'a', managed: true, online: true });
    await settled(bob, alice);
    alice.cut();
    expect(await settled(bob)).toEqual([]);
    expect(await alice.resume()).toBeUndefined();
    alice.send(`<presence type='unavailable'/>`);
    await bob.receives(`<presence from='${alice.jid}' to='${b.bare}' type='unavailable'/>`);
  });
});

describe('§4.6 directed presence', () => {
  test('§4.6.3: who was told directly is told of the end, and of nothing between', async () => {
    const bob = await login(server.user(), 'b', true);
    const alice = await login(server.user(), 'a', true);
    alice.send(`<presence to='${bob.jid}'><status>hi</status></presence>`);
    await bob.receives(
      `<presence from='${alice.jid}' to='${bob.jid}'><status>hi</status></presence>`,
    );
    alice.send(`<presence><show>away</show></presence>`);
    alice.send(`<presence type='unavailable'><status>gone</status></presence>`);
    await bob.receives(
      `<presence from='${alice.jid}' to='${bob.jid}' type='unavailable'><status>gone</status></presence>`,
    );
    alice.cut();
    expect(await settled(bob)).toEqual([]);
  });

  test('also when the connection is lost, and when there never was a broadcast', async () => {
    const bob = await login(server.user(), 'b', true);
    const alice = await login(server.user(), 'a');
    alice.send(`<presence to='${bob.bare}'/>`);
    await bob.receives(`<presence from='${alice.jid}' to='${bob.bare}'/>`);
    alice.cut();
    await bob.receives(`<presence from='${alice.jid}' to='${bob.bare}' type='unavailable'/>`);
  });

  test('who took leave there does not do it twice', async () => {
    const bob = await login(server.user(), 'b', true);
    const alice = await login(server.user(), 'a', true);
    alice.send(`<presence to='${bob.bare}'/><presence to='${bob.bare}' type='unavailable'/>`);
    alice.send(`<presence type='unavailable'/>`);
    expect(brief(await settled(bob, alice))).toEqual([
      `presence - ${alice.jid}`,
      `presence unavailable ${alice.jid}`,
    ]);
  });

  test('a contact is told once', async () => {
    const [a, b] = await friends();
    const bob = await login(b, 'b', true);
    const alice = await login(a, 'a', true);
    await settled(bob, alice);
    alice.send(`<presence to='${b.bare}'/>`);
    alice.send(`<presence type='unavailable'/>`);
    expect(brief(await settled(bob, alice))).toEqual([
      `presence - ${alice.jid}`,
      `presence unavailable ${alice.jid}`,
    ]);
  });

  test('stored sessions keep it over a restart, and what contacts know stays true', async () => {
    const [a, b] = await friends();
    const stranger = server.user();
    const bob = await Client.login(server, b, { resource: 'b', managed: true, online: true });
    const carol = await Client.login(server, stranger, {
      resource: 'c',
      managed: true,
      online: true,
    });
    const alice = await Client.login(server, a, { resource: 'a', managed: true, online: true });
    alice.send(`<presence to='${carol.jid}'/>`);
    await settled(carol, alice);
    await settled(bob, alice);
    await alice.isAcknowledged();
    await server.restart();
    expect(await bob.resume()).toBeUndefined();
    expect(await carol.resume()).toBeUndefined();
    expect(await alice.resume()).toBeUndefined();
    expect(await settled(bob, alice)).toEqual([]);
    alice.send(`<presence type='unavailable'/>`);
    await bob.receives(`<presence from='${alice.jid}' to='${b.bare}' type='unavailable'/>`);
    await carol.receives(`<presence from='${alice.jid}' to='${carol.jid}' type='unavailable'/>`);
  });
});

describe('§4.7 syntax', () => {
  test.each([
    ['a type that is none', `<presence type='here'/>`],
    ['a priority that is no number', '<presence><priority>high</priority></presence>'],
    ['a priority out of range', '<presence><priority>128</priority></presence>'],
    ['a show that is none', '<presence><show>sleeping</show></presence>'],
  ])('%s is a bad request', async (_what, stanza) => {
    const alice = await login(server.user(), 'a');
    alice.send(stanza);
    expect((await settled(alice)).map(conditionOf)).toEqual(['bad-request']);
  });

  test('an error is never answered', async () => {
    const alice = await login(server.user(), 'a', true);
    alice.send(`<presence type='error'/>`);
    alice.send(`<presence type='error' to='nobody@localhost'/>`);
    expect(await settled(alice)).toEqual([]);
  });
});
