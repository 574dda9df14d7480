import type { Authenticator } from './authenticator.ts';
import { makeCredentials, type ScramHash } from './credentials.ts';
import { Offers } from './offer.ts';
import { SaslExchange } from './sasl-exchange.ts';
import { systemRandom } from '../util/system-clock.ts';
import type { AuthContext } from './mechanisms.ts';
import {
  BOUND,
  TLS,
  challengeOf,
  makeLogin,
  scram,
  stepOf,
  type Login,
} from './testing/login-fixture.ts';
import { ScramClient } from './scram-client.ts';
import { settled } from './testing/manual-time.ts';

const CLEAR: AuthContext = { ...TLS, encrypted: false };

const bindingsOf = (authenticator: Authenticator, context: AuthContext): readonly string[] =>
  authenticator.offer(context).bindings;

describe('what is offered', () => {
  test.each([
    [
      'TLS with channels to bind to',
      BOUND,
      'SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN',
    ],
    ['TLS without', TLS, 'SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN'],
    ['no TLS', CLEAR, 'SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1'],
    [
      'no TLS, whatever the binding',
      { ...BOUND, encrypted: false },
      'SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1',
    ],
  ])('with %s', (_what, context, names) => {
    expect(makeLogin().authenticator.offer(context).mechanisms.join(' ')).toBe(names);
  });

  test('PLAIN without TLS, if the operator wants it', () => {
    const { authenticator } = makeLogin({ plainWithoutTls: true });
    expect(authenticator.offer(CLEAR).mechanisms).toContain('PLAIN');
  });

  test('only what is configured, in our order', () => {
    const { authenticator } = makeLogin({ mechanisms: ['PLAIN', 'SCRAM-SHA-1', 'X'] });
    expect(authenticator.offer(BOUND).mechanisms).toEqual(['SCRAM-SHA-1', 'PLAIN']);
  });

  test('the types of binding that the stream has', () => {
    const { authenticator } = makeLogin();
    expect(bindingsOf(authenticator, BOUND)).toEqual(['tls-exporter', 'tls-server-end-point']);
    expect(
      bindingsOf(authenticator, { ...TLS, binding: { tlsServerEndPoint: Buffer.alloc(32) } }),
    ).toEqual(['tls-server-end-point']);
    expect(bindingsOf(authenticator, TLS)).toEqual([]);
  });

  test('no types of binding where no -PLUS is offered', () => {
    const { authenticator } = makeLogin({ mechanisms: ['SCRAM-SHA-1'] });
    expect(bindingsOf(authenticator, BOUND)).toEqual([]);
  });
});

describe('a mechanism that cannot be had', () => {
  test.each([
    ['unknown', 'DIGEST-MD5', TLS, 'invalid-mechanism'],
    ['in lower case', 'plain', TLS, 'invalid-mechanism'],
    ['-PLUS without a channel', 'SCRAM-SHA-1-PLUS', TLS, 'invalid-mechanism'],
    ['not configured', 'SCRAM-SHA-256', TLS, 'invalid-mechanism'],
    ['PLAIN in the clear', 'PLAIN', CLEAR, 'encryption-required'],
  ])('%s is refused by name', (_what, name, context, condition) => {
    const { authenticator } = makeLogin({
      mechanisms: ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'PLAIN'],
    });
    expect(authenticator.begin(context).start(name, Buffer.from('\0a\0b'))).toEqual({
      kind: 'failure',
      condition,
    });
  });
});

const guess = (username = 'alice'): ScramClient =>
  new ScramClient({ username, password: 'guess', digest: 'sha1' });
const alice = (): ScramClient =>
  new ScramClient({ username: 'alice', password: 'secret', digest: 'sha1' });

async function withAlice(): Promise<Login> {
  const login = makeLogin();
  await login.add('alice', 'secret');
  return login;
}

/** How long an attempt took to be answered. */
async function timed(login: Login, client: ScramClient, context = TLS): Promise<[string, number]> {
  const before = login.time.now();
  const end = (await scram(login, client, 'SCRAM-SHA-1', context)).at(-1);
  // The fixture looks every 500 ms, and needs one look for the challenge.
  return [end?.kind ?? '', Math.round((login.time.now() - before) / 1000) * 1000];
}

describe('guessing', () => {
  test('the answer to a failure waits, longer each time', async () => {
    const login = await withAlice();
    const waits = [];
    for (let i = 0; i < 3; i++) waits.push((await timed(login, guess()))[1]);
    expect(waits[1]).toBeGreaterThan(waits[0]!);
    expect(waits[2]).toBeGreaterThan(waits[1]!);
  });

  test('to hang up instead of waiting does not help: the next attempt waits before its proof is checked', async () => {
    const login = await withAlice();
    const impatient = login.authenticator.begin(TLS);
    const challenge = await impatient.start('SCRAM-SHA-1', guess().first());
    const answer = impatient.respond(guess().last(challengeOf(challenge)));
    impatient.abort();
    await expect(answer).resolves.toMatchObject({ condition: 'aborted' });
    expect(login.time.pending).toBe(0);

    const next = login.authenticator.begin(TLS);
    const again = await next.start('SCRAM-SHA-1', alice().first());
    let end: unknown;
    void Promise.resolve(next.respond(alice().last(challengeOf(again)))).then(
      (step) => (end = step),
    );
    await login.time.pass(999);
    expect(end).toBeUndefined();
    await login.time.pass(1);
    expect(end).toMatchObject({ kind: 'success' });
  });

  test('others do not notice', async () => {
    const login = await withAlice();
    await login.add('bob', 'guess');
    await timed(login, guess());
    login.throttle.failed(TLS.peerAddress, 'alice@localhost');
    const elsewhere = { ...TLS, peerAddress: '198.51.100.1' };
    const exchange = login.authenticator.begin(elsewhere);
    const challenge = await exchange.start('SCRAM-SHA-1', guess('bob').first());
    expect(exchange.respond(guess('bob').last(challengeOf(challenge)))).toMatchObject({
      kind: 'success',
    });
  });

  test('the owner, at home, is not slowed by guesses from elsewhere, and abroad by 4 s at most', async () => {
    const login = await withAlice();
    await timed(login, alice());
    for (let i = 0; i < 20; i++) login.throttle.failed(`203.0.113.${i}`, 'alice@localhost');
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', alice().first());
    expect(exchange.respond(alice().last(challengeOf(challenge)))).toMatchObject({
      kind: 'success',
    });
    const [kind, waitedMs] = await timed(login, alice(), { ...TLS, peerAddress: '198.51.100.1' });
    expect(kind).toBe('success');
    expect(waitedMs).toBeLessThanOrEqual(5000);
  });

  test('PLAIN waits before anything is derived', async () => {
    const login = await withAlice();
    login.throttle.failed(TLS.peerAddress, undefined);
    const step = login.authenticator.begin(TLS).start('PLAIN', Buffer.from('\0alice\0secret'));
    await login.time.pass(999);
    expect(login.source.asked).toEqual([]);
    expect(await stepOf(login.time, step)).toMatchObject({ kind: 'success' });
  });

  test('attempts beyond those that may wait are refused for now', async () => {
    const login = await withAlice();
    login.throttle.failed(TLS.peerAddress, undefined);
    const message = Buffer.from('\0alice\0secret');
    for (let i = 0; i < 8; i++) void login.authenticator.begin(TLS).start('PLAIN', message);
    expect(await login.authenticator.begin(TLS).start('PLAIN', message)).toEqual({
      kind: 'failure',
      condition: 'temporary-auth-failure',
      text: 'too many attempts',
    });
  });
});

describe('feigned keys', () => {
  test.each([
    ['SCRAM-SHA-1', 'sha1'],
    ['PLAIN', undefined],
  ] as const)('let nobody in by %s, not even whoever knows them', async (mechanism, digest) => {
    const login = makeLogin();
    const { keys } = await makeCredentials('secret', login.hashing, systemRandom, 4096);
    const feigned = { of: (_local: string, _domain: string, hash: ScramHash) => keys[hash]! };
    const offers = new Offers(login.policy);
    const exchange = new SaslExchange({ ...login, random: systemRandom, feigned, offers }, TLS);
    const nobody = new ScramClient({ username: 'nobody', password: 'secret', digest: 'sha1' });
    const end = digest
      ? (await scram(login, nobody, mechanism, TLS, exchange)).at(-1)
      : await stepOf(login.time, exchange.start(mechanism, Buffer.from('\0nobody\0secret')));
    expect(end).toEqual({ kind: 'failure', condition: 'not-authorized' });
  });
});

describe('an exchange out of turn', () => {
  test('a response before a beginning is malformed', () => {
    const exchange = makeLogin().authenticator.begin(TLS);
    expect(exchange.respond(Buffer.alloc(0))).toMatchObject({ condition: 'malformed-request' });
  });

  test('a second beginning ends the first', async () => {
    const exchange = (await withAlice()).authenticator.begin(TLS);
    const first = exchange.start('SCRAM-SHA-1', alice().first());
    expect(exchange.start('SCRAM-SHA-1', alice().first())).toMatchObject({
      condition: 'malformed-request',
    });
    await expect(first).resolves.toMatchObject({ condition: 'aborted' });
  });

  test('nothing goes on after the end', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', alice().first());
    const last = alice().last(challengeOf(challenge));
    expect(exchange.respond(last)).toMatchObject({ kind: 'success' });
    expect(exchange.respond(last)).toMatchObject({ condition: 'malformed-request' });
  });

  test('after an abort a proof is not looked at', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', alice().first());
    exchange.abort();
    expect(exchange.respond(alice().last(challengeOf(challenge)))).toMatchObject({
      kind: 'failure',
    });
  });

  test('an abort during the look-up leaves nothing behind', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const step = exchange.start('SCRAM-SHA-1', alice().first());
    exchange.abort();
    await settled();
    await expect(step).resolves.toEqual({ kind: 'failure', condition: 'aborted' });
    expect(login.time.pending).toBe(0);
  });
});

describe('a new password', () => {
  test('gets keys for every hash, each under its own salt', async () => {
    const { keys } = await makeLogin().add('alice', 'secret');
    const salts = Object.values(keys).map((key) => key.salt.toString('hex'));
    expect(Object.keys(keys)).toEqual(['SHA-1', 'SHA-256', 'SHA-512']);
    expect(new Set(salts).size).toBe(3);
  });

  test('gets 10,000 iterations if nothing else is said', async () => {
    const { keys } = await makeCredentials('x', makeLogin().hashing, systemRandom);
    expect(Object.values(keys).map((key) => key.iterations)).toEqual([10_000, 10_000, 10_000]);
  });

  test('that is empty is refused', async () => {
    await expect(makeLogin().add('alice', '')).rejects.toMatchObject({ name: 'PasswordError' });
  });
});
