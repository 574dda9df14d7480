import { packCredentials, unpackCredentials } from './accounts-store.ts';
import type { Credentials } from './credentials.ts';

const sample: Credentials = {
  keys: {
    'SHA-1': {
      salt: Buffer.alloc(16, 1),
      iterations: 4096,
      storedKey: Buffer.alloc(20, 2),
      serverKey: Buffer.alloc(20, 3),
    },
    'SHA-512': {
      salt: Buffer.alloc(12, 4),
      iterations: 4_000_000_000,
      storedKey: Buffer.alloc(64, 5),
      serverKey: Buffer.alloc(64, 6),
    },
  },
};

test('what is packed is what is unpacked', () => {
  expect(unpackCredentials(packCredentials(sample))).toEqual(sample);
});

test('the stored form is pinned', () => {
  const salt = '01'.repeat(16);
  const one = { keys: { 'SHA-1': sample.keys['SHA-1'] } } as Credentials;
  const expected = `01001000001000${salt}${'02'.repeat(20)}${'03'.repeat(20)}`;
  expect(packCredentials(one).toString('hex')).toBe(expected);
});

test('what is unpacked does not share memory with the row', () => {
  const packed = packCredentials(sample);
  const unpacked = unpackCredentials(packed);
  packed.fill(0);
  expect(unpacked).toEqual(sample);
});

test.each([
  ['of another version', Buffer.from([2])],
  ['that is empty', Buffer.alloc(0)],
  ['with an unknown hash', Buffer.concat([Buffer.from([1, 9]), Buffer.alloc(100)])],
  ['cut short in its header', packCredentials(sample).subarray(0, 4)],
  ['cut short in its keys', packCredentials(sample).subarray(0, -1)],
])('a BLOB %s is named to the operator', (_what, packed) => {
  expect(() => unpackCredentials(packed)).toThrow(
    expect.objectContaining({ name: 'OperatorError', code: 'credentials-unreadable' }),
  );
});
