import { pbkdf2Sync } from 'node:crypto';
import { Hashing } from './hashing.ts';

const SALT = Buffer.from('salt');

test('the example of RFC 6070 comes out', async () => {
  const hashing = new Hashing({ concurrency: 1, maxQueued: 1 });
  const key = await hashing.pbkdf2('password', SALT, 4096, 'SHA-1');
  expect(key.toString('hex')).toBe('4b007901b765489abead49d926f721d065a429c1');
});

test('a password is taken as UTF-8', async () => {
  const hashing = new Hashing({ concurrency: 1, maxQueued: 1 });
  const expected = pbkdf2Sync(Buffer.from('pässwörd', 'utf8'), SALT, 2, 32, 'sha256');
  expect(await hashing.pbkdf2('pässwörd', SALT, 2, 'SHA-256')).toEqual(expected);
});

test('no more than `concurrency` run at once, and what is beyond the queue is refused', async () => {
  const hashing = new Hashing({ concurrency: 2, maxQueued: 1 });
  const jobs = [1, 2, 3].map(() => hashing.pbkdf2('x', SALT, 1000, 'SHA-1'));
  expect([hashing.running, hashing.queued]).toEqual([2, 1]);
  await expect(hashing.pbkdf2('x', SALT, 1000, 'SHA-1')).rejects.toMatchObject({
    name: 'HashingRefusal',
  });
  await Promise.all(jobs);
  expect([hashing.running, hashing.queued]).toEqual([0, 0]);
});

test('what nobody waits for any more is not computed', async () => {
  const hashing = new Hashing({ concurrency: 1, maxQueued: 2 });
  const wanted = { aborted: false };
  const first = hashing.pbkdf2('x', SALT, 1000, 'SHA-1');
  const dropped = hashing.pbkdf2('x', SALT, 2 ** 31 - 1, 'SHA-1', wanted);
  const last = hashing.pbkdf2('x', SALT, 1000, 'SHA-1');
  wanted.aborted = true;
  await expect(dropped).rejects.toMatchObject({ name: 'HashingRefusal' });
  expect(await last).toEqual(await first);
});

test('arguments that are refused at once do not cost a place', async () => {
  const hashing = new Hashing({ concurrency: 1, maxQueued: 1 });
  await expect(hashing.pbkdf2('x', SALT, 0, 'SHA-1')).rejects.toThrow();
  await expect(hashing.pbkdf2('x', SALT, 1, 'SHA-1')).resolves.toHaveLength(20);
});
