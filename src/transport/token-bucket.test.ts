import { TokenBucket } from './token-bucket.ts';

test('a burst passes at once, what exceeds it waits for the rate', () => {
  const bucket = new TokenBucket(100, 1000, 0);
  expect(bucket.take(1000, 0)).toBe(0);
  expect(bucket.take(50, 0)).toBe(500);
  expect(bucket.take(0, 500)).toBe(0);
});

test('an idle stream does not save up more than its burst', () => {
  const bucket = new TokenBucket(100, 200, 0);
  expect(bucket.take(200, 1_000_000)).toBe(0);
  expect(bucket.take(100, 1_000_000)).toBe(1000);
});

test('a rate of zero never waits', () => {
  expect(new TokenBucket(0, 0, 0).take(1e9, 0)).toBe(0);
});
