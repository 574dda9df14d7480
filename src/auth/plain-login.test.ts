import { HashingRefusal } from './hashing.ts';
import { TLS, makeLogin, plain, scram, stepOf, type Login } from './testing/login-fixture.ts';
import { ScramClient } from './scram-client.ts';

async function withAlice(password = 'secret'): Promise<Login> {
  const login = makeLogin();
  await login.add('alice', password);
  return login;
}

const NOT_AUTHORIZED = { kind: 'failure', condition: 'not-authorized' };

describe('a right password', () => {
  test.each([
    ['the localpart', ['', 'alice', 'secret']],
    ['the localpart in capitals', ['', 'Alice', 'secret']],
    ['the bare JID', ['', 'alice@localhost', 'secret']],
    ['oneself as authorization identity', ['alice@localhost', 'alice', 'secret']],
  ])('logs in under %s', async (_what, message) => {
    expect(await plain(await withAlice(), message)).toMatchObject({
      kind: 'success',
      local: 'alice',
      domain: 'localhost',
      mechanism: 'PLAIN',
    });
  });

  test.each([
    ['full-width letters', 'ｐａｓｓ１', 'pass1'],
    ['a ligature', 'oﬃce ﬁle', 'office file'],
    ['no-break space', 'a\u00a0b', 'a b'],
  ])('with %s is the same as its plain spelling', async (_what, password, spelling) => {
    const login = await withAlice(password);
    expect(await plain(login, ['', 'alice', password])).toMatchObject({ kind: 'success' });
    expect(await plain(login, ['', 'alice', spelling])).toMatchObject({ kind: 'success' });
  });

  test('may come after an empty challenge', async () => {
    const login = await withAlice();
    const exchange = login.authenticator.begin(TLS);
    expect(exchange.start('PLAIN', undefined)).toMatchObject({ kind: 'challenge' });
    const step = exchange.respond(Buffer.from('\0alice\0secret'));
    expect(await stepOf(login.time, step)).toMatchObject({ kind: 'success' });
  });

  test('is checked against the strongest hash that there is', async () => {
    for (const missing of ['SHA-512', 'SHA-256'] as const) {
      const login = await withAlice();
      delete login.source.accounts.get('alice@localhost')!.keys[missing];
      expect(await plain(login, ['', 'alice', 'secret'])).toMatchObject({ kind: 'success' });
    }
  });

  test('of a disabled account is told so, and a wrong one is not', async () => {
    const login = await withAlice();
    login.source.accounts.get('alice@localhost')!.disabled = true;
    expect(await plain(login, ['', 'alice', 'secret'])).toMatchObject({
      condition: 'account-disabled',
    });
    expect(await plain(login, ['', 'alice', 'wrong'])).toEqual(NOT_AUTHORIZED);
  });
});

describe('what is refused', () => {
  test.each([
    ['another password', ['', 'alice', 'Secret']],
    ['an unknown user', ['', 'nobody', 'secret']],
    ['a user of another domain', ['', 'alice@example.org', 'secret']],
    ['a name that no account can have', ['', 'a b', 'secret']],
    ['a password that no preparation allows', ['', 'alice', 'a\u0007b']],
  ])('%s', async (_what, message) => {
    expect(await plain(await withAlice(), message)).toEqual(NOT_AUTHORIZED);
  });

  test.each([
    ['somebody else', 'bob@localhost'],
    ['oneself elsewhere', 'alice@example.org'],
    ['no address', '@@'],
    ['a full JID', 'alice@localhost/r'],
  ])('to act as %s, whatever the password', async (_what, authzid) => {
    for (const password of ['secret', 'wrong']) {
      expect(await plain(await withAlice(), [authzid, 'alice', password])).toEqual({
        kind: 'failure',
        condition: 'invalid-authzid',
      });
    }
  });

  test.each([
    ['nothing', ''],
    ['no NUL', 'alice'],
    ['one NUL', 'alice\0secret'],
    ['three NULs', '\0alice\0sec\0ret'],
    ['a NUL at the end', '\0alice\0secret\0'],
    ['no name', '\0\0secret'],
    ['no password', '\0alice\0'],
  ])('%s', async (_what, message) => {
    expect(await plain(await withAlice(), [message])).toEqual({
      kind: 'failure',
      condition: 'malformed-request',
    });
  });

  test.each([
    ['an overlong form', [0xc1, 0xa1]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a lone byte', [0xff]],
  ])('UTF-8 with %s', async (_what, bytes) => {
    const message = Buffer.concat([Buffer.from('\0alice\0secret'), Buffer.from(bytes)]);
    expect(await makeLogin().authenticator.begin(TLS).start('PLAIN', message)).toMatchObject({
      condition: 'malformed-request',
    });
  });

  test('too many at once, for now', async () => {
    const login = await withAlice();
    const flood = Array.from({ length: 12 }, () =>
      login.authenticator.begin(TLS).start('PLAIN', Buffer.from('\0alice\0secret')),
    );
    const ends = await Promise.all(flood.map((step) => stepOf(login.time, step)));
    expect(ends.filter((end) => end.kind === 'success')).toHaveLength(11);
    expect(ends.at(-1)).toEqual({
      kind: 'failure',
      condition: 'temporary-auth-failure',
      text: 'overloaded',
    });
  });

  test('a storage that fails is a temporary failure', async () => {
    const login = await withAlice();
    login.source.fault = new RangeError('disk');
    expect(await plain(login, ['', 'alice', 'secret'])).toMatchObject({
      condition: 'temporary-auth-failure',
      cause: login.source.fault,
    });
  });
});

describe('an account that does not exist', () => {
  test('costs one look-up and the derivation of the same hash, and waits as long', async () => {
    const seen: unknown[] = [];
    for (const name of ['alice', 'nobody']) {
      const login = await withAlice();
      const derive = login.hashing.pbkdf2.bind(login.hashing);
      const derived: unknown[] = [];
      login.hashing.pbkdf2 = (password, salt, iterations, hash, wanted) => {
        derived.push([password, salt.length, iterations, hash]);
        return derive(password, salt, iterations, hash, wanted);
      };
      const before = login.time.now();
      const end = await plain(login, ['', name, 'guess']);
      seen.push({ end, derived, asked: login.source.asked.length });
      expect(login.time.now() - before).toBeGreaterThanOrEqual(1000);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toMatchObject({
      end: NOT_AUTHORIZED,
      derived: [['guess', 16, 4096, 'SHA-512']],
    });
  });
});

test('an attempt that is gone before its turn is not computed', async () => {
  const login = await withAlice();
  const refused: unknown[] = [];
  const derive = login.hashing.pbkdf2.bind(login.hashing);
  login.hashing.pbkdf2 = (...job) =>
    derive(...job).catch((error: unknown) => {
      refused.push(error);
      throw error;
    });
  const first = login.authenticator.begin(TLS).start('PLAIN', Buffer.from('\0alice\0secret'));
  const gone = login.authenticator.begin(TLS);
  const step = gone.start('PLAIN', Buffer.from('\0alice\0secret'));
  await Promise.resolve();
  await Promise.resolve();
  gone.abort();
  expect(await stepOf(login.time, step)).toEqual({ kind: 'failure', condition: 'aborted' });
  expect(await stepOf(login.time, first)).toMatchObject({ kind: 'success' });
  expect(refused).toEqual([expect.any(HashingRefusal)]);
});

test('an account made for PLAIN is good for SCRAM with the same spelling', async () => {
  const login = await withAlice('ﬁ');
  const client = new ScramClient({ username: 'alice', password: 'ﬁ', digest: 'sha256' });
  expect((await scram(login, client, 'SCRAM-SHA-256'))[1]).toMatchObject({ kind: 'success' });
});
