// XEP-0386: Bind 2, with XEP-0198 §9 inline.
import { Client } from '../helpers/client.ts';
import type { Connection } from '../helpers/connection.ts';
import { TestServer, type User } from '../helpers/server.ts';
import {
  authenticate,
  BIND2,
  identifierOf,
  logIn,
  newDevice,
  secured,
  SM,
} from '../helpers/sasl2.ts';
import { canonical, childOf, childrenOf, conditionOf, type Element } from '../helpers/xml.ts';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ config: { limits: { sessionsPerAccount: 3 } } });
});
afterAll(async () => {
  await server.close();
});

interface Bound {
  readonly connection: Connection;
  readonly success: Element;
  readonly resource: string;
}

async function bind(user: User, content = '', device?: string): Promise<Bound> {
  const children = `<bind xmlns='${BIND2}'>${content}</bind>`;
  const login = device === undefined ? { children } : { children, device };
  const { connection, outcome } = await logIn(server, user, login);
  const [, resource = ''] = /^[^/]*\/(.*)$/.exec(identifierOf(outcome)) ?? [];
  return { connection, success: outcome, resource };
}

test('§4.1: what can be bound with is listed', async () => {
  const { connection } = await secured(server);
  const [, listed = ''] =
    /<bind xmlns='urn:xmpp:bind:0'><inline>(.*?)<\/inline>/.exec(connection.received) ?? [];
  for (const feature of ['urn:xmpp:sm:3', 'urn:xmpp:carbons:2', 'urn:xmpp:csi:0'])
    expect(listed).toContain(`<feature var='${feature}'/>`);
  connection.destroy();
});

test('§4.2: the resource is there when success is, and the features name no other way to bind', async () => {
  const user = server.user();
  const { connection, success, resource } = await bind(user, '<tag>Test</tag>');
  expect(resource).toMatch(/^Test\/.{8,}/);
  expect(childOf(success, 'bound', BIND2)).toBeDefined();
  const features = await connection.element('features');
  expect(childOf(features, 'bind')).toBeUndefined();
  connection.send("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect((await connection.element('iq')).attrs).toMatchObject({ type: 'result', id: 'p' });
  connection.destroy();
});

describe('§4.2.1, the resource', () => {
  test('is another for each log-in without a device', async () => {
    const user = server.user();
    const [one, other] = [await bind(user), await bind(user)];
    expect(one.resource).not.toBe(other.resource);
    for (const { connection } of [one, other]) connection.destroy();
  });

  test('stays the same for a device, does not show its id, and ends its earlier session', async () => {
    const user = server.user();
    const device = newDevice();
    const before = await bind(user, '<tag>Test</tag>', device);
    await before.connection.element('features');
    const after = await bind(user, '<tag>Test</tag>', device);
    expect(after.resource).toBe(before.resource);
    expect(after.resource).not.toContain(device.slice(0, 8));
    expect(conditionOf(await before.connection.streamError())).toBe('conflict');
    const renamed = await bind(user, '<tag>Test 2</tag>', device);
    expect(renamed.resource).not.toBe(before.resource);
    await after.connection.element('features');
    expect(conditionOf(await after.connection.streamError())).toBe('conflict');
    renamed.connection.destroy();
  });

  test('says nothing of a device to somebody who has the same one under another account', async () => {
    const device = newDevice();
    const one = await bind(server.user(), '', device);
    const other = await bind(server.user(), '', device);
    expect(one.resource).not.toBe(other.resource);
    for (const { connection } of [one, other]) connection.destroy();
  });

  test.each([
    ['characters that no resource has', '&#x9;&#x200E;\u0001x'.replace('\u0001', '')],
    ['more than a resource can hold', 'x'.repeat(2000)],
  ])('leaves a tag out that has %s', async (_what, tag) => {
    const { connection, success } = await bind(server.user(), `<tag>${tag}</tag>`);
    expect(childOf(success, 'bound', BIND2)).toBeDefined();
    connection.destroy();
  });
});

test('one session too many is said, and the log-in holds', async () => {
  const user = server.user();
  const others = [await bind(user), await bind(user), await bind(user)];
  const { connection, success } = await bind(user);
  expect(success.name).toBe('success');
  expect(identifierOf(success)).toBe(user.bare);
  expect(canonical(childOf(success, 'failed', BIND2)!)).toContain('resource-constraint');
  for (const each of [...others, { connection }]) each.connection.destroy();
});

describe('XEP-0198 §9', () => {
  const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;

  async function managed(user: User): Promise<Bound & { readonly token: string }> {
    const bound = await bind(user, ENABLE);
    const enabled = childOf(childOf(bound.success, 'bound', BIND2)!, 'enabled', SM)!;
    await bound.connection.element('features');
    return { ...bound, token: enabled.attrs['id'] ?? '' };
  }

  test('stream management is on from success, and counts from there', async () => {
    const user = server.user();
    const { connection, token } = await managed(user);
    expect(token).not.toBe('');
    connection.send(`<message to='${user.bare}' type='headline'/><r xmlns='${SM}'/>`);
    expect((await connection.element('a')).attrs['h']).toBe('1');
    connection.destroy();
  });

  test('a session is resumed in the round trip of the log-in, no features follow, and what was missed does', async () => {
    const user = server.user();
    const friend = await Client.login(server, server.user(), { online: true });
    const { connection, token, success } = await managed(user);
    connection.send('<presence/>');
    await connection.element('presence');
    const jid = identifierOf(success);
    connection.destroy();
    friend.send(`<message to='${jid}' type='chat' id='m'><body>Hi</body></message>`);
    await friend.reached(user.bare);
    // `bind` beside it is ignored: XEP-0386 §4.2.
    const children = `<resume xmlns='${SM}' previd='${token}' h='1'/><bind xmlns='${BIND2}'/>`;
    const back = await logIn(server, user, { children });
    expect(childrenOf(back.outcome).map(({ name }) => name)).toEqual([
      'additional-data',
      'authorization-identifier',
      'resumed',
    ]);
    expect(identifierOf(back.outcome)).toBe(jid);
    expect((await back.connection.element('message')).attrs['id']).toBe('m');
    for (const each of [back.connection, friend.connection]) each.destroy();
  });

  test('what cannot be resumed is said, and what was to be bound is', async () => {
    const user = server.user();
    const children = `<resume xmlns='${SM}' previd='none' h='0'/><bind xmlns='${BIND2}'>${ENABLE}</bind>`;
    const { connection, outcome } = await logIn(server, user, { children });
    expect(childrenOf(outcome).map(({ name }) => name)).toEqual([
      'additional-data',
      'authorization-identifier',
      'failed',
      'bound',
    ]);
    expect(identifierOf(outcome)).toMatch(/\/.+/);
    await connection.element('features');
    connection.destroy();
  });

  test.each([
    ['no count', "previd='x'"],
    ['no token', "h='0'"],
    ['a count that is none', "previd='x' h='-1'"],
  ])('a request with %s fails, and the log-in holds', async (_what, attributes) => {
    const user = server.user();
    const children = `<resume xmlns='${SM}' ${attributes}/>`;
    const { connection, outcome } = await logIn(server, user, { children });
    expect(canonical(childOf(outcome, 'failed', SM)!)).toContain('bad-request');
    expect(identifierOf(outcome)).toBe(user.bare);
    connection.destroy();
  });

  test("nobody resumes another's session", async () => {
    const { connection, token } = await managed(server.user());
    connection.destroy();
    const thief = server.user();
    const { connection: other } = await secured(server);
    const children = `<resume xmlns='${SM}' previd='${token}' h='0'/>`;
    const login = { local: thief.local, password: thief.password, children };
    const outcome = await authenticate(other, login);
    expect(canonical(childOf(outcome, 'failed', SM)!)).toContain('item-not-found');
    other.destroy();
  });
});
