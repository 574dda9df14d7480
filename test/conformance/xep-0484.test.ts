// XEP-0484: tokens instead of passwords. HT is draft-schmaus-kitten-sasl-ht.
import { TestServer, type User } from '../helpers/server.ts';
import {
  authenticate,
  authenticateXml,
  BIND2,
  failureIn,
  FAST,
  identifierOf,
  logIn,
  newDevice,
  SASL2,
  secured,
  tokenIn,
  tokenProof,
  type Sasl2Login,
} from '../helpers/sasl2.ts';
import { childOf, childrenOf, conditionOf, textOf } from '../helpers/xml.ts';

const EXPORTER = 'HT-SHA-256-EXPR';
const END_POINT = 'HT-SHA-256-ENDP';
const NONE = 'HT-SHA-256-NONE';

const DAY_MS = 86_400_000;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

const wanted = (mechanism: string): string =>
  `<request-token xmlns='${FAST}' mechanism='${mechanism}'/>`;

/** A device with a token. */
interface Device {
  readonly user: User;
  readonly device: string;
  readonly token: string;
}

async function deviceWith(
  mechanism: string,
  user = server.user(),
  device = newDevice(),
  on = server,
): Promise<Device> {
  const login = { device, children: wanted(mechanism) };
  const { connection, outcome } = await logIn(on, user, login);
  connection.destroy();
  return { user, device, token: tokenIn(outcome) ?? '' };
}

/** One log-in by token. @returns `success` or the condition of its failure, and a new token if there is one */
async function use(
  { user, device, token }: Device,
  mechanism: string,
  more: Partial<Sasl2Login> = {},
  on = server,
): Promise<{ result: string; next: string | undefined }> {
  const { connection, outcome } = await logIn(on, user, { mechanism, device, token, ...more });
  connection.destroy();
  return { result: failureIn(outcome) ?? outcome.name, next: tokenIn(outcome) };
}

describe('§3.1, what is offered', () => {
  test.each([
    ['TLSv1.3', [EXPORTER, END_POINT, NONE]],
    ['TLSv1.2', [END_POINT, NONE]],
  ] as const)('over %s', async (maxVersion, mechanisms) => {
    const { connection, features } = await secured(server, { maxVersion });
    const authentication = childOf(features, 'authentication', SASL2)!;
    const fast = childOf(childOf(authentication, 'inline', SASL2)!, 'fast', FAST)!;
    expect(childrenOf(fast).map(textOf)).toEqual(mechanisms);
    expect(fast.attrs['tls-0rtt']).toBeUndefined();
    connection.destroy();
  });
});

describe('§3.3, a token', () => {
  test('comes with its end to whoever asks for one and has proved himself', async () => {
    const login = { device: newDevice(), children: wanted(EXPORTER) };
    const { connection, outcome } = await logIn(server, server.user(), login);
    const { token, expiry } = childOf(outcome, 'token', FAST)!.attrs;
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Date.parse(expiry ?? '')).toBeGreaterThan(Date.now() + 20 * DAY_MS);
    connection.destroy();
  });

  test.each([
    ['that has no id', { children: wanted(NONE) }],
    ['whose id is none', { device: 'my-phone', children: wanted(NONE) }],
    ['for an unknown mechanism', { device: newDevice(), children: wanted('HT-MD5-NONE') }],
    ['for a mechanism of passwords', { device: newDevice(), children: wanted('PLAIN') }],
    ['that does not ask', { device: newDevice() }],
  ])('is not given to a device %s', async (_what, login) => {
    const { connection, outcome } = await logIn(server, server.user(), login);
    expect(outcome.name).toBe('success');
    expect(tokenIn(outcome)).toBeUndefined();
    connection.destroy();
  });
});

describe('§3.4, a log-in by token', () => {
  test.each([EXPORTER, END_POINT, NONE])('succeeds by %s, time and again', async (mechanism) => {
    const device = await deviceWith(mechanism);
    for (let i = 0; i < 3; i++)
      expect(await use(device, mechanism)).toEqual({ result: 'success', next: undefined });
  });

  test('is on line in one round trip', async () => {
    const { user, device, token } = await deviceWith(EXPORTER);
    const children = `<bind xmlns='${BIND2}'><tag>Test</tag></bind>`;
    const login = { mechanism: EXPORTER, device, token, children };
    const { connection, outcome } = await logIn(server, user, login);
    expect(identifierOf(outcome)).toMatch(new RegExp(`^${user.bare}/Test/`));
    connection.destroy();
  });

  test('by another mechanism than it was given for fails', async () => {
    const device = await deviceWith(EXPORTER);
    expect((await use(device, NONE)).result).toBe('not-authorized');
    expect((await use(device, END_POINT)).result).toBe('not-authorized');
    expect((await use(device, EXPORTER)).result).toBe('success');
  });

  test('that was stolen fails on another device, for another account, and without a device', async () => {
    const mine = await deviceWith(NONE);
    const other = await deviceWith(NONE);
    const tried = [
      { ...mine, device: other.device },
      { ...mine, device: newDevice() },
      { ...mine, user: other.user },
      { ...mine, token: other.token },
    ];
    for (const theft of tried) expect((await use(theft, NONE)).result).toBe('not-authorized');
    const { connection } = await secured(server);
    const login = { local: mine.user.local, mechanism: NONE, token: mine.token };
    expect(failureIn(await authenticate(connection, login))).toBe('not-authorized');
    connection.destroy();
  });

  test('that was bound to one connection is worth nothing on another', async () => {
    const { user, device, token } = await deviceWith(EXPORTER);
    const { connection: heard } = await secured(server);
    const { connection: replayed } = await secured(server);
    const channel = heard.tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    const login = { local: user.local, mechanism: EXPORTER, device, token };
    replayed.send(authenticateXml(login, tokenProof(user.local, token, channel)));
    expect(failureIn(await replayed.element())).toBe('not-authorized');
    for (const connection of [heard, replayed]) connection.destroy();
  });

  test('with a count that was there before is a replay', async () => {
    const device = await deviceWith(NONE);
    const counted = async (count: string): Promise<string> =>
      (await use(device, NONE, { fast: `count='${count}'` })).result;
    expect(await counted('1')).toBe('success');
    expect(await counted('1')).toBe('not-authorized');
    expect(await counted('7')).toBe('success');
    expect(await counted('6')).toBe('not-authorized');
    expect(await counted('8')).toBe('success');
  });

  test('with the same count at the same time succeeds once', async () => {
    const device = await deviceWith(NONE);
    const tries = Array.from({ length: 6 }, () => use(device, NONE, { fast: "count='3'" }));
    const results = (await Promise.all(tries)).map(({ result }) => result);
    expect(results.filter((result) => result === 'success')).toHaveLength(1);
  });

  test.each(['-1', '1.5', 'x', '', '99999999999999999999'])(
    'with a count of "%s" is malformed',
    async (count) => {
      const device = await deviceWith(NONE);
      const { result } = await use(device, NONE, { fast: `count='${count}'` });
      expect(result).toBe('malformed-request');
    },
  );

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a name alone', Buffer.from('alice')],
    ['a proof that is too short', Buffer.concat([Buffer.from('alice\0'), Buffer.alloc(31)])],
    ['a proof without a name', Buffer.concat([Buffer.from('\0'), Buffer.alloc(32)])],
  ])('that says %s is malformed', async (_what, initial) => {
    const { connection } = await secured(server);
    const login = { local: 'alice', mechanism: NONE, device: newDevice(), token: 'x' };
    connection.send(authenticateXml(login, initial));
    expect(failureIn(await connection.element())).toBe('malformed-request');
    connection.destroy();
  });
});

describe('§3.5, rotation', () => {
  let hasty: TestServer;

  beforeAll(async () => {
    hasty = await TestServer.start({ accounts: 4, config: { auth: { tokenRotationMs: 0 } } });
  });
  afterAll(async () => {
    await hasty.close();
  });

  test('the old token is good until the new one was used, then it is over', async () => {
    const first = await deviceWith(NONE, hasty.user(), newDevice(), hasty);
    const lost = await use(first, NONE, {}, hasty);
    expect(lost).toMatchObject({ result: 'success', next: expect.any(String) as string });
    const { result, next = '' } = await use(first, NONE, {}, hasty);
    expect(result).toBe('success');
    // What was given before and never used is over already.
    const stale = { ...first, token: lost.next ?? '' };
    expect((await use(stale, NONE, {}, hasty)).result).toBe('not-authorized');
    expect((await use({ ...first, token: next }, NONE, {}, hasty)).result).toBe('success');
    expect((await use(first, NONE, {}, hasty)).result).toBe('not-authorized');
  });
});

describe('§3.6, who wants to be forgotten', () => {
  test.each(['true', '1'])('logs in once more with invalidate="%s"', async (invalidate) => {
    const device = await deviceWith(NONE);
    const last = await use(device, NONE, { fast: `invalidate='${invalidate}'` });
    expect(last).toEqual({ result: 'success', next: undefined });
    expect((await use(device, NONE)).result).toBe('not-authorized');
  });

  test('may ask for a new one in the same breath', async () => {
    const device = await deviceWith(NONE);
    const more = { fast: "invalidate='true'", children: wanted(NONE) };
    const { next = '' } = await use(device, NONE, more);
    expect((await use({ ...device, token: next }, NONE)).result).toBe('success');
    expect((await use(device, NONE)).result).toBe('not-authorized');
  });
});

test('§4.2: a token that has expired says so', async () => {
  const brief = await TestServer.start({ accounts: 2, config: { auth: { tokenLifetimeMs: 50 } } });
  try {
    const device = await deviceWith(NONE, brief.user(), newDevice(), brief);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await use(device, NONE, {}, brief)).result).toBe('credentials-expired');
  } finally {
    await brief.close();
  }
});

test('an operator who wants no tokens offers none', async () => {
  const without = await TestServer.start({ accounts: 2, config: { auth: { tokenLifetimeMs: 0 } } });
  try {
    const { connection } = await secured(without);
    expect(connection.received).not.toContain(FAST);
    const device = await deviceWith(NONE, without.user(), newDevice(), without);
    expect(device.token).toBe('');
    connection.destroy();
  } finally {
    await without.close();
  }
});

describe('tokens end', () => {
  test('with the password that they were given for', async () => {
    const device = await deviceWith(NONE);
    await server.setPassword(device.user, 'another one');
    expect((await use(device, NONE)).result).toBe('not-authorized');
  });

  test('with the account, whose name inherits none', async () => {
    const device = await deviceWith(NONE, await server.makeUser('shortlived'));
    await server.removeUser(device.user);
    expect((await use(device, NONE)).result).toBe('not-authorized');
    await server.makeUser('shortlived');
    expect((await use(device, NONE)).result).toBe('not-authorized');
  });
});

test('tokens outlive a restart and a crash', async () => {
  const sturdy = await TestServer.start({ accounts: 2 });
  try {
    const device = await deviceWith(EXPORTER, sturdy.user(), newDevice(), sturdy);
    await sturdy.restart();
    expect((await use(device, EXPORTER, { fast: "count='5'" }, sturdy)).result).toBe('success');
    await sturdy.kill();
    await sturdy.run();
    const replay = await use(device, EXPORTER, { fast: "count='5'" }, sturdy);
    expect(replay.result).toBe('not-authorized');
    expect((await use(device, EXPORTER, { fast: "count='6'" }, sturdy)).result).toBe('success');
  } finally {
    await sturdy.close();
  }
});

describe('a device', () => {
  test('is listed with what it says of itself, and to administrators alone', async () => {
    const { user, device } = await deviceWith(NONE);
    const { devices } = await server.command('device list', { address: user.bare });
    expect(devices).toMatchObject([{ id: device, software: 'Test', device: 'Bench', tokens: 1 }]);
  });

  test.each([
    ['bound with its log-in', `<bind xmlns='${BIND2}'/>`, ''],
    [
      'bound as RFC 6120 has it',
      '',
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>",
    ],
  ])('that is revoked ends, with its session that was %s', async (_what, children, then) => {
    const { user, device, token } = await deviceWith(NONE);
    const login = { mechanism: NONE, device, token, children };
    const { connection } = await logIn(server, user, login);
    await connection.element('features');
    if (then !== '') {
      connection.send(then);
      await connection.element('iq');
    }
    const args = { address: user.bare, id: device.toUpperCase() };
    expect(await server.command('device revoke', args)).toMatchObject({ ended: 1 });
    expect(conditionOf(await connection.streamError())).toBe('not-authorized');
    expect((await use({ user, device, token }, NONE)).result).toBe('not-authorized');
    const { devices } = await server.command('device list', { address: user.bare });
    expect(devices).toEqual([]);
    await expect(server.command('device revoke', args)).rejects.toMatchObject({
      code: 'device-missing',
    });
  });

  test('beyond the fiftieth takes the place of the one not seen for longest', async () => {
    const first = await deviceWith(NONE);
    for (let i = 0; i < 50; i++) await deviceWith(NONE, first.user);
    expect((await use(first, NONE)).result).toBe('not-authorized');
    const { devices } = await server.command('device list', { address: first.user.bare });
    expect(devices).toHaveLength(50);
  });
});

test('an account that is disabled says so to whoever proves that it is his, and its tokens are void', async () => {
  const device = await deviceWith(NONE);
  const { user } = device;
  await server.command('user disable', { address: user.bare });
  expect((await use(device, NONE)).result).toBe('not-authorized');
  const { connection, outcome } = await logIn(server, user);
  expect(failureIn(outcome)).toBe('account-disabled');
  connection.destroy();
  await server.command('user enable', { address: user.bare });
  expect((await use(device, NONE)).result).toBe('not-authorized');
});
