import { RestartPolicy } from './restart-policy.ts';

test('the first end is answered at once, quick ends ever more slowly, each place by itself', () => {
  const policy = new RestartPolicy({ restarts: 100, windowMs: 60_000 });
  const waits = Array.from({ length: 9 }, (_, i) => policy.ended('worker 0', 50, i));
  expect(waits).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(policy.ended('worker 1', 50, 9)).toBe(0);
});

test('a process that was healthy is started again at once', () => {
  const policy = new RestartPolicy({ restarts: 100, windowMs: 60_000 });
  policy.ended('store', 10, 0);
  policy.ended('store', 10, 1);
  expect(policy.ended('store', 60_000, 60_001)).toBe(0);
});

test('more ends than allowed within the window give up, spread ends never', () => {
  const quick = new RestartPolicy({ restarts: 2, windowMs: 1_000 });
  expect([0, 1, 2].map((now) => quick.ended('worker 0', 20_000, now))).toEqual([0, 0, undefined]);
  const slow = new RestartPolicy({ restarts: 2, windowMs: 1_000 });
  for (let now = 0; now < 20_000; now += 600) {
    expect(slow.ended('worker 0', 20_000, now)).toBe(0);
  }
});
