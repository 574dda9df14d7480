import { keysOf } from './credentials.ts';
import {
  BOUND,
  ITERATIONS,
  TLS,
  challengeOf,
  makeLogin,
  scram,
  stepOf,
  type Login,
} from './testing/login-fixture.ts';
import { ScramClient, type ClientOptions } from './scram-client.ts';

const HASHES = [
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-512', 'sha512'],
] as const;

function client(options: Partial<ClientOptions> = {}): ScramClient {
  return new ScramClient({ username: 'alice', password: 'secret', digest: 'sha1', ...options });
}

async function withAlice(...policy: Parameters<typeof makeLogin>): Promise<Login> {
  const login = makeLogin(...policy);
  await login.add('alice', 'secret');
  return login;
}

describe('published examples', () => {
  test.each([
    {
      rfc: 'RFC 5802 §5',
      hash: 'SHA-1',
      nonce: '3rfcNHYJY1ZVvWVs7j',
      salt: 'QSXCR+Q6sek8bf92',
      first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      challenge: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      last: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      end: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    },
    {
      rfc: 'RFC 7677 §3',
      hash: 'SHA-256',
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
      first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      challenge:
        'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      last: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      end: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    },
  ] as const)('the exchange of $rfc comes out', async (example) => {
    const random = { bytes: (n: number) => Buffer.alloc(n), id: () => example.nonce };
    const login = makeLogin({ downgradeProtection: false }, random);
    const salt = Buffer.from(example.salt, 'base64');
    const salted = await login.hashing.pbkdf2('pencil', salt, 4096, example.hash);
    login.source.accounts.set('user@localhost', {
      keys: { [example.hash]: { salt, iterations: 4096, ...keysOf(salted, example.hash) } },
    });
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start(`SCRAM-${example.hash}`, Buffer.from(example.first));
    expect(challenge).toEqual({ kind: 'challenge', data: Buffer.from(example.challenge) });
    expect(exchange.respond(Buffer.from(example.last))).toMatchObject({
      kind: 'success',
      data: Buffer.from(example.end),
      local: 'user',
      domain: 'localhost',
      mechanism: `SCRAM-${example.hash}`,
    });
  });
});

describe('a right password', () => {
  test.each(HASHES)('logs in by SCRAM-%s, and the server proves itself', async (hash, digest) => {
    const login = await withAlice();
    const alice = client({ digest });
    const [, end] = await scram(login, alice, `SCRAM-${hash}`);
    expect(end).toMatchObject({ kind: 'success', local: 'alice', domain: 'localhost' });
    expect(end).toMatchObject({ data: Buffer.from(alice.serverFinal) });
  });

  test.each(
    HASHES.flatMap(([hash, digest]) => [
      { hash, digest, type: 'tls-exporter', channel: BOUND.binding.tlsExporter! },
      { hash, digest, type: 'tls-server-end-point', channel: BOUND.binding.tlsServerEndPoint! },
    ]),
  )('logs in by SCRAM-$hash-PLUS bound to $type', async ({ hash, digest, type, channel }) => {
    const login = await withAlice();
    const alice = client({ digest, channel, gs2Header: `p=${type},,` });
    const [, end] = await scram(login, alice, `SCRAM-${hash}-PLUS`, BOUND);
    expect(end).toMatchObject({ kind: 'success', mechanism: `SCRAM-${hash}-PLUS` });
  });

  test('is checked without waiting for anything', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', client().first());
    const last = client().last(challengeOf(challenge));
    expect(exchange.respond(last)).toMatchObject({ kind: 'success' });
  });

  test('is asked for by an empty challenge if the client sent no initial response', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    expect(exchange.start('SCRAM-SHA-1', undefined)).toEqual({
      kind: 'challenge',
      data: Buffer.alloc(0),
    });
    const alice = client();
    const challenge = await exchange.respond(alice.first());
    expect(exchange.respond(alice.last(challengeOf(challenge)))).toMatchObject({ kind: 'success' });
  });

  test.each([
    ['a name in capitals', 'ALICE'],
    ['a name in full width', 'ａｌｉｃｅ'],
    ['the bare JID', 'alice@localhost'],
  ])('logs in under %s', async (_what, username) => {
    const [, end] = await scram(await withAlice(), client({ username }), 'SCRAM-SHA-1');
    expect(end).toMatchObject({ kind: 'success', local: 'alice' });
  });

  test('logs in under a name with an escaped equals sign', async () => {
    const login = makeLogin();
    await login.add('a=b', 'secret');
    const [, end] = await scram(login, client({ username: 'a=b' }), 'SCRAM-SHA-1');
    expect(end).toMatchObject({ kind: 'success', local: 'a=b' });
  });

  test.each([
    ['full-width letters', 'ｐａｓｓ１'],
    ['a ligature', 'oﬃce ﬁle'],
    ['a combining accent', 'cafe\u0301'],
  ])('logs in when it has %s', async (_what, password) => {
    const login = makeLogin();
    await login.add('alice', password);
    const [, end] = await scram(login, client({ password }), 'SCRAM-SHA-1');
    expect(end).toMatchObject({ kind: 'success' });
    // The same characters in their compatibility form are the same password.
    const folded = client({ password: password.normalize('NFKC') });
    expect((await scram(login, folded, 'SCRAM-SHA-1'))[1]).toMatchObject({ kind: 'success' });
  });

  test('logs in when the client binds nothing though it could', async () => {
    const [, end] = await scram(await withAlice(), client(), 'SCRAM-SHA-1', BOUND);
    expect(end).toMatchObject({ kind: 'success' });
  });

  test('logs in with an extension in both messages', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const alice = client({ nonce: 'abc,x=y' });
    const challenge = await exchange.start('SCRAM-SHA-1', alice.first());
    const last = alice.last(challengeOf(challenge), (unsigned) => `${unsigned},z=more`);
    expect(exchange.respond(last)).toMatchObject({ kind: 'success' });
  });

  test('of a disabled account is told so, after the proof', async () => {
    const login = await withAlice();
    login.source.accounts.get('alice@localhost')!.disabled = true;
    const [, right] = await scram(login, client(), 'SCRAM-SHA-1');
    const [, wrong] = await scram(login, client({ password: 'x' }), 'SCRAM-SHA-1');
    expect(right).toEqual({ kind: 'failure', condition: 'account-disabled' });
    expect(wrong).toEqual({ kind: 'failure', condition: 'not-authorized' });
  });
});

describe('authorization identity', () => {
  test.each(['alice@localhost', 'Alice@LOCALHOST'])('%s is oneself', async (authzid) => {
    const alice = client({ gs2Header: `n,a=${authzid},` });
    const [, end] = await scram(await withAlice(), alice, 'SCRAM-SHA-1');
    expect(end).toMatchObject({ kind: 'success' });
  });

  test.each(['bob@localhost', 'alice@example.org', 'alice', 'alice@localhost/r', 'a@@b'])(
    '%s is not',
    async (authzid) => {
      const alice = client({ gs2Header: `n,a=${authzid},` });
      const steps = await scram(await withAlice(), alice, 'SCRAM-SHA-1');
      expect(steps).toEqual([{ kind: 'failure', condition: 'invalid-authzid' }]);
    },
  );
});

describe('channel binding', () => {
  const supported = {
    kind: 'failure',
    condition: 'not-authorized',
    text: 'server-does-support-channel-binding',
    misfit: true,
  };

  test('a client that saw no -PLUS where one was offered is refused', async () => {
    const alice = client({ gs2Header: 'y,,' });
    expect(await scram(await withAlice(), alice, 'SCRAM-SHA-1', BOUND)).toEqual([supported]);
  });

  test.each([
    ['the stream has nothing to bind to', {}, TLS],
    ['no -PLUS is configured', { mechanisms: ['SCRAM-SHA-1'] }, BOUND],
  ])('it is welcome where %s', async (_what, policy, context) => {
    const alice = client({ gs2Header: 'y,,' });
    const [, end] = await scram(await withAlice(policy), alice, 'SCRAM-SHA-1', context);
    expect(end).toMatchObject({ kind: 'success' });
  });

  test('a type that the stream does not have is refused', async () => {
    const context = { ...BOUND, binding: { tlsServerEndPoint: Buffer.alloc(32) } };
    for (const type of ['tls-exporter', 'tls-unique']) {
      const alice = client({ gs2Header: `p=${type},,` });
      expect(await scram(await withAlice(), alice, 'SCRAM-SHA-1-PLUS', context)).toMatchObject([
        { condition: 'not-authorized', text: 'unsupported-channel-binding-type' },
      ]);
    }
  });

  test.each([
    ['SCRAM-SHA-1-PLUS without a binding', 'SCRAM-SHA-1-PLUS', 'n,,'],
    ['a binding under SCRAM-SHA-1', 'SCRAM-SHA-1', 'p=tls-exporter,,'],
  ])('%s is malformed', async (_what, mechanism, gs2Header) => {
    const steps = await scram(await withAlice(), client({ gs2Header }), mechanism, BOUND);
    expect(steps).toMatchObject([{ kind: 'failure', condition: 'malformed-request' }]);
  });

  test('a proof bound to another channel is refused', async () => {
    const alice = client({ gs2Header: 'p=tls-exporter,,', channel: Buffer.alloc(32, 9) });
    const [, end] = await scram(await withAlice(), alice, 'SCRAM-SHA-1-PLUS', BOUND);
    expect(end).toEqual({ kind: 'failure', condition: 'not-authorized' });
  });

  test('a header that differs from the first one is refused', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', client().first());
    const last = client().last(challengeOf(challenge), (unsigned) =>
      unsigned.replace('biws', 'eSws'),
    );
    expect(await stepOf(login.time, exchange.respond(last))).toMatchObject({
      condition: 'not-authorized',
    });
  });
});

describe('what is refused', () => {
  test('a wrong password', async () => {
    const [, end] = await scram(await withAlice(), client({ password: 'x' }), 'SCRAM-SHA-1');
    expect(end).toEqual({ kind: 'failure', condition: 'not-authorized' });
  });

  test('a nonce that is not the one of the challenge', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    const challenge = await exchange.start('SCRAM-SHA-1', client().first());
    const last = client().last(challengeOf(challenge), (unsigned) => `${unsigned}x`);
    expect(await stepOf(login.time, exchange.respond(last))).toMatchObject({
      condition: 'not-authorized',
    });
  });

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0x6e, 0x2c, 0x2c, 0x6e, 0x3d, 0xff])],
    ['an empty message', Buffer.alloc(0)],
    ['a mandatory extension', Buffer.from('n,,m=x,n=alice,r=abc')],
    ['a message of many kilobytes', Buffer.from(`n,,n=alice,r=${'a'.repeat(9000)}`)],
  ])('%s first', async (_what, message) => {
    const login = await withAlice();
    expect(await login.authenticator.begin(TLS).start('SCRAM-SHA-1', message)).toEqual({
      kind: 'failure',
      condition: 'malformed-request',
    });
  });

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0xff])],
    ['an empty message', Buffer.alloc(0)],
    ['a proof of another length', Buffer.from('c=biws,r=x,p=AAAA')],
  ])('%s last', async (_what, message) => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    await exchange.start('SCRAM-SHA-1', client().first());
    expect(exchange.respond(message)).toEqual({ kind: 'failure', condition: 'malformed-request' });
  });

  test.each(['a@example.org', 'alice@localhost/r', 'a b', 'x/alice', '@', 'a\u0000'])(
    'the name %j, which no account can have',
    async (username) => {
      const login = await withAlice();
      const steps = await scram(login, client({ username }), 'SCRAM-SHA-1');
      expect(steps.at(-1)?.kind).toBe('failure');
      expect(login.source.asked).toEqual([]);
    },
  );

  test('a storage that fails is a temporary failure, with its cause for the log', async () => {
    const login = await withAlice();
    login.source.fault = new RangeError('disk');
    expect(await scram(login, client(), 'SCRAM-SHA-1')).toEqual([
      { kind: 'failure', condition: 'temporary-auth-failure', cause: login.source.fault },
    ]);
  });
});

describe('an account that does not exist', () => {
  async function challengeTo(
    login: Login,
    username: string,
    digest: 'sha1' | 'sha256' = 'sha1',
  ): Promise<string> {
    const mechanism = digest === 'sha1' ? 'SCRAM-SHA-1' : 'SCRAM-SHA-256';
    const step = await login.authenticator
      .begin(TLS)
      .start(mechanism, client({ username, digest }).first());
    return step.kind === 'challenge' ? step.data.toString() : '';
  }
  const saltOf = (challenge: string): string => /,s=([^,]+),/.exec(challenge)?.[1] ?? '';

  test.each(HASHES)(
    'gets by SCRAM-%s the same steps as one with another password',
    async (hash, digest) => {
      const shapes: unknown[] = [];
      for (const username of ['alice', 'nobody']) {
        const login = await withAlice();
        const guess = client({ username, digest, password: 'guess' });
        const before = login.time.now();
        const steps = await scram(login, guess, `SCRAM-${hash}`);
        const [challenge] = steps;
        const text = challenge?.kind === 'challenge' ? challengeOf(challenge).toString() : '';
        shapes.push({
          kinds: steps.map((step) => Object.keys(step)),
          challenge: text.replace(/r=[^,]+/, 'r').replace(/s=[^,]+/, 's'),
          lengths: [text.length, Buffer.from(saltOf(text), 'base64').length],
          end: steps[1],
          asked: login.source.asked.length,
          waited: login.time.now() - before,
        });
      }
      expect(shapes[0]).toEqual(shapes[1]);
      expect(shapes[0]).toMatchObject({
        challenge: expect.stringContaining(`r,s,i=${ITERATIONS},h=`) as string,
      });
    },
  );

  test('keeps its salt, under each spelling of its name, and over a restart', async () => {
    const salts = new Set<string>();
    for (const name of ['nobody', 'NOBODY', 'nobody@localhost']) {
      salts.add(saltOf(await challengeTo(makeLogin(), name)));
    }
    expect(salts.size).toBe(1);
  });

  test('has a salt of its own for each name, hash and secret', async () => {
    const salts = [
      await challengeTo(makeLogin(), 'nobody'),
      await challengeTo(makeLogin(), 'no-one'),
      await challengeTo(makeLogin(), 'nobody', 'sha256'),
      await challengeTo(makeLogin({ secret: Buffer.alloc(32, 8) }), 'nobody'),
    ].map(saltOf);
    expect(new Set(salts).size).toBe(4);
  });

  test('is what an account without keys for the hash looks like', async () => {
    const login = await withAlice();
    delete login.source.accounts.get('alice@localhost')!.keys['SHA-512'];
    const [first, end] = await scram(login, client({ digest: 'sha512' }), 'SCRAM-SHA-512');
    expect(first?.kind).toBe('challenge');
    expect(end).toEqual({ kind: 'failure', condition: 'not-authorized' });
  });
});
