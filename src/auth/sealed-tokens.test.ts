import { systemRandom } from '../util/system-clock.ts';
import { SealedTokens, type Token } from './sealed-tokens.ts';

const SECRET = Buffer.alloc(32, 1);
const TOKEN: Token = {
  secret: 'abc',
  mechanism: 2,
  issuedAt: 1_764_000_000_000,
  expiresAt: 1_765_000_000_000,
  count: 7,
};

const sealedBy = (secret: Buffer): SealedTokens => new SealedTokens(secret, systemRandom);

test('a sealed token is what it was, for the server that sealed it, also after a restart', () => {
  const sealed = sealedBy(SECRET).seal(TOKEN, 'alice');
  expect(sealedBy(Buffer.from(SECRET)).open(sealed, 'alice')).toEqual(TOKEN);
});

test('it is another text each time, and has nothing of the token in it', () => {
  const sealer = sealedBy(SECRET);
  const [one, other] = [sealer.seal(TOKEN, 'alice'), sealer.seal(TOKEN, 'alice')];
  expect(one.equals(other)).toBe(false);
  expect(one.includes('abc')).toBe(false);
});

test.each([
  ['in the row of somebody else', SECRET, 'bob', (bytes: Buffer) => bytes],
  ['on a server with another secret', Buffer.alloc(32, 2), 'alice', (bytes: Buffer) => bytes],
  ['cut short', SECRET, 'alice', (bytes: Buffer) => bytes.subarray(0, 40)],
  ['that is empty', SECRET, 'alice', () => Buffer.alloc(0)],
  [
    'with one bit changed',
    SECRET,
    'alice',
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
  ],
])('one %s does not open', (_what, secret, whose, edit) => {
  const sealed = sealedBy(SECRET).seal(TOKEN, 'alice');
  expect(sealedBy(secret).open(edit(sealed), whose)).toBeUndefined();
});
