// RFC 6121 §3: subscriptions between two accounts, over the wire, on as many workers as the suite has.
import { Client, settled } from '../helpers/client.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { canonical, childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

const ROSTER = 'jabber:iq:roster';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 120 });
});
afterAll(async () => {
  await server.close();
});

/** On line, and interested in the roster. */
async function interested(user: User, resource: string): Promise<Client> {
  const client = await Client.login(server, user, { resource });
  await client.ask(`<iq type='get'><query xmlns='${ROSTER}'/></iq>`);
  await client.comeOnline();
  return client;
}

async function pair(): Promise<[Client, Client]> {
  return [await interested(server.user(), 'a'), await interested(server.user(), 'b')];
}

/** What the roster says of somebody: `subscription`, `+ask`, `+approved`; '-' for nobody. */
async function itemOf(client: Client, bare: string): Promise<string> {
  const answer = await client.ask(`<iq type='get'><query xmlns='${ROSTER}'/></iq>`);
  const query = childOf(answer, 'query', ROSTER);
  const item = childrenOf(query as Element).find((it) => it.attrs['jid'] === bare);
  if (item === undefined) return '-';
  const { subscription, ask, approved } = item.attrs;
  return (
    String(subscription) +
    (ask === 'subscribe' ? '+ask' : '') +
    (approved === 'true' ? '+approved' : '')
  );
}

const say = (from: Client, type: string, to: Client, content = ''): void => {
  from.send(`<presence to='${to.bare}' type='${type}'>${content}</presence>`);
};

/** A short word for each stanza that came. */
function brief(came: readonly Element[]): string[] {
  return came.map((element) => {
    const { type, from } = element.attrs;
    if (element.name === 'presence') return `${type ?? 'available'} ${from ?? ''}`;
    const item = childOf(childOf(element, 'query', ROSTER) as Element, 'item', ROSTER);
    const { subscription, ask } = item?.attrs ?? {};
    return `push ${String(subscription)}${ask === undefined ? '' : '+ask'}`;
  });
}

async function cameTo(client: Client, ...others: Client[]): Promise<string[]> {
  return brief(await settled(client, ...others));
}

/** Waits for so many stanzas, whatever they are: what comes back from another owner has no time of its own. */
async function gets(client: Client, count: number): Promise<string[]> {
  const came: Element[] = [];
  while (came.length < count) came.push(await client.next());
  return brief(came);
}

async function befriend(alice: Client, bob: Client): Promise<void> {
  say(alice, 'subscribe', bob);
  await gets(alice, 1);
  await gets(bob, 1);
  say(bob, 'subscribed', alice);
  await gets(alice, 3);
  await gets(bob, 1);
}

describe('§3.1 a request', () => {
  test('§3.1.2: it goes from bare to bare JID, and the roster says ask', async () => {
    const [alice, bob] = await pair();
    alice.send(
      `<presence to='${bob.jid}' type='subscribe' id='s1'><nick xmlns='urn:x'>A</nick></presence>`,
    );
    await alice.receives(
      `<iq type='set' id='*' to='${alice.jid}'><query xmlns='${ROSTER}' ver='*'><item jid='${bob.bare}' subscription='none' ask='subscribe'/></query></iq>`,
    );
    await bob.receives(
      `<presence from='${alice.bare}' to='${bob.bare}' type='subscribe' id='s1'><nick xmlns='urn:x'>A</nick></presence>`,
    );
    expect(await itemOf(bob, alice.bare)).toBe('-');
  });

  test('§3.1.3: it is given whole at each log-in until it is answered', async () => {
    const alice = await interested(server.user(), 'a');
    const user = server.user();
    const request = `<status>Let us be friends</status><x xmlns='urn:x'><y/></x>`;
    alice.send(`<presence to='${user.bare}' type='subscribe' id='q'>${request}</presence>`);
    await alice.next();
    const pattern = `<presence from='${alice.bare}' to='${user.bare}' type='subscribe' id='q'>${request}</presence>`;
    const reached = async (): Promise<void> => alice.reached(user.bare);
    await reached();
    const first = await Client.login(server, user, { resource: '1', online: true });
    await first.receives(pattern);
    const second = await Client.login(server, user, { resource: '2' });
    second.send('<presence><priority>-1</priority></presence>');
    const came = await settled(second, alice);
    expect(came.filter(({ attrs }) => attrs['type'] === 'subscribe')).toHaveLength(1);
    second.send(`<presence to='${alice.bare}' type='unsubscribed'/>`);
    await alice.next();
    const third = await Client.login(server, user, { resource: '3', online: true });
    expect((await cameTo(third, alice)).filter((word) => word.startsWith('subscribe'))).toEqual([]);
    for (const client of [first, second, third]) client.cut();
  });

  test('§3.1.3: a second one is not given again', async () => {
    const [alice, bob] = await pair();
    say(alice, 'subscribe', bob);
    say(alice, 'subscribe', bob);
    expect(await cameTo(bob, alice)).toEqual([`subscribe ${alice.bare}`]);
  });

  test('§3.1.3: who has the subscription is answered by the server', async () => {
    const [alice, bob] = await pair();
    await befriend(alice, bob);
    say(alice, 'subscribe', bob);
    await alice.reached(bob.bare);
    expect(await cameTo(bob, alice)).toEqual([]);
    expect(await itemOf(alice, bob.bare)).toBe('to');
  });

  test('§3.1.3: whether there is such an account is not said', async () => {
    const alice = await interested(server.user(), 'a');
    alice.send(`<presence to='nobody@localhost' type='subscribe'/>`);
    expect(await cameTo(alice, alice)).toEqual(['push none+ask']);
  });

  test('one that nobody could keep is refused', async () => {
    const [alice, bob] = await pair();
    say(alice, 'subscribe', bob, `<status>${'x'.repeat(5000)}</status>`);
    expect((await settled(alice)).map(conditionOf)).toEqual(['policy-violation']);
    expect(await cameTo(bob, alice)).toEqual([]);
  });

  test('nobody subscribes to oneself', async () => {
    const alice = await interested(server.user(), 'a');
    alice.send(`<presence to='${alice.bare}' type='subscribe'/>`);
    expect((await settled(alice)).map(conditionOf)).toEqual(['not-allowed']);
  });
});

describe('§3.1.4 to §3.1.6 its approval', () => {
  test('both rosters change, and presence is told', async () => {
    const [alice, bob] = await pair();
    say(alice, 'subscribe', bob);
    expect(await gets(alice, 1)).toEqual(['push none+ask']);
    expect(await gets(bob, 1)).toEqual([`subscribe ${alice.bare}`]);
    say(bob, 'subscribed', alice);
    expect(await gets(bob, 1)).toEqual(['push from']);
    expect(await gets(alice, 3)).toEqual([
      `subscribed ${bob.bare}`,
      'push to',
      `available ${bob.jid}`,
    ]);
    expect(await itemOf(alice, bob.bare)).toBe('to');
    expect(await itemOf(bob, alice.bare)).toBe('from');
  });

  test('§3.1.6: one that nobody asked for is dropped', async () => {
    const [alice, bob] = await pair();
    say(bob, 'subscribed', alice);
    expect(await cameTo(alice, bob)).toEqual([]);
    expect(await itemOf(alice, bob.bare)).toBe('-');
  });

  test('only resources that asked for the roster are told', async () => {
    const [alice, bob] = await pair();
    const tablet = await Client.login(server, alice.user, { resource: 'tablet' });
    await befriend(alice, bob);
    expect(await cameTo(tablet, bob)).toEqual([]);
    await tablet.close();
  });
});

describe('§3.2 a subscription is cancelled', () => {
  test('by whom it shows: the other is told, and sees nobody any more', async () => {
    const [alice, bob] = await pair();
    await befriend(alice, bob);
    say(bob, 'unsubscribed', alice);
    expect(await gets(bob, 1)).toEqual(['push none']);
    expect((await gets(alice, 3)).sort()).toEqual(
      [`unsubscribed ${bob.bare}`, 'push none', `unavailable ${bob.jid}`].sort(),
    );
    expect(await itemOf(alice, bob.bare)).toBe('none');
  });

  test('a request is denied the same way, and makes nobody a contact', async () => {
    const [alice, bob] = await pair();
    say(alice, 'subscribe', bob);
    await gets(bob, 1);
    say(bob, 'unsubscribed', alice);
    expect(await gets(alice, 3)).toEqual([
      'push none+ask',
      `unsubscribed ${bob.bare}`,
      'push none',
    ]);
    expect(await itemOf(bob, alice.bare)).toBe('-');
  });
});

describe('§3.3 somebody unsubscribes', () => {
  test('both rosters change, and presence ends', async () => {
    const [alice, bob] = await pair();
    await befriend(alice, bob);
    say(alice, 'unsubscribe', bob);
    expect((await gets(alice, 2)).sort()).toEqual(['push none', `unavailable ${bob.jid}`]);
    expect(await gets(bob, 2)).toEqual([`unsubscribe ${alice.bare}`, 'push none']);
    bob.send('<presence><show>away</show></presence>');
    await bob.reached(alice.bare);
    expect(await cameTo(alice, bob)).toEqual([]);
  });
});

describe('§3.4 approval in advance', () => {
  test('it is offered, shown in the roster, and answers the request that comes', async () => {
    const [alice, bob] = await pair();
    say(bob, 'subscribed', alice);
    await bob.receives(
      `<iq type='set' id='*' to='${bob.jid}'><query xmlns='${ROSTER}' ver='*'><item jid='${alice.bare}' subscription='none' approved='true'/></query></iq>`,
    );
    expect(await cameTo(alice, bob)).toEqual([]);
    say(alice, 'subscribe', bob);
    expect(await gets(alice, 4)).toEqual([
      'push none+ask',
      `subscribed ${bob.bare}`,
      'push to',
      `available ${bob.jid}`,
    ]);
    expect(await gets(bob, 1)).toEqual(['push from']);
  });

  test('it can be taken back', async () => {
    const [alice, bob] = await pair();
    say(bob, 'subscribed', alice);
    say(bob, 'unsubscribed', alice);
    expect(await itemOf(bob, alice.bare)).toBe('none');
    say(alice, 'subscribe', bob);
    await alice.reached(bob.bare);
    expect(await cameTo(bob, alice)).toContain(`subscribe ${alice.bare}`);
  });
});

test('§2.5.2: who is removed from a roster is told of the end of both subscriptions', async () => {
  const [alice, bob] = await pair();
  await befriend(alice, bob);
  await befriend(bob, alice);
  const answer = await alice.ask(
    `<iq type='set'><query xmlns='${ROSTER}'><item jid='${bob.bare}' subscription='remove'/></query></iq>`,
  );
  expect(canonical(answer)).toContain("type='result'");
  expect((await gets(bob, 5)).sort()).toEqual(
    [
      `unsubscribe ${alice.bare}`,
      'push to',
      `unsubscribed ${alice.bare}`,
      'push none',
      `unavailable ${alice.jid}`,
    ].sort(),
  );
  expect(await itemOf(bob, alice.bare)).toBe('none');
  expect(await itemOf(alice, bob.bare)).toBe('-');
});

test('everything outlives kill -9: rosters, requests, approvals', async () => {
  const user = server.user();
  const alice = await Client.login(server, user, { resource: 'a', managed: true });
  await alice.ask(`<iq type='get'><query xmlns='${ROSTER}'/></iq>`);
  await alice.comeOnline();
  const bob = await interested(server.user(), 'b');
  await befriend(alice, bob);
  const carol = server.user();
  alice.send(`<presence to='${carol.bare}' type='subscribe'/>`);
  // XEP-0198: what is acknowledged is on disk at both owners.
  await alice.isAcknowledged();
  await server.kill();
  await server.run();
  const again = await Client.login(server, alice.user, { resource: 'a' });
  expect(await itemOf(again, bob.bare)).toBe('to');
  expect(await itemOf(again, carol.bare)).toBe('none+ask');
  const late = await Client.login(server, carol, { resource: 'c', online: true });
  expect(brief([await late.next()])).toEqual([`subscribe ${alice.bare}`]);
});
