import fc from 'fast-check';
import { InvariantError } from '../util/errors.ts';
import { localPlacement } from './local.ts';
import { homeOf, SlotPlacement } from './slots.ts';

const addresses = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `user${i}@example.org`);

test('with one process every home is here', () => {
  expect(localPlacement.locate('romeo@example.net')).toBe('here');
});

test('all workers agree on the home of an address', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 16 }), (address, workers) => {
      const home = homeOf(address, workers);
      for (let self = 0; self < workers; self += 1) {
        const place = new SlotPlacement(self, workers, 8);
        expect(place.locate(address)).toBe(self === home ? 'here' : home);
        expect(place.locate(address)).toBe(self === home ? 'here' : home);
      }
    }),
  );
});

test('similar addresses spread evenly over the slots', () => {
  for (const workers of [2, 3, 7]) {
    const counts = new Array<number>(workers).fill(0);
    for (const address of addresses(10_000)) {
      const home = homeOf(address, workers);
      counts[home] = (counts[home] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000 / workers)).toBeLessThan(400);
  }
});

test('a slot more moves only the addresses it wins', () => {
  for (const address of addresses(2_000)) {
    const after = homeOf(address, 4);
    if (after !== 3) expect(homeOf(address, 3)).toBe(after);
  }
});

test('answers stay right while the cache turns over', () => {
  const place = new SlotPlacement(0, 3, 64);
  for (let round = 0; round < 2; round += 1) {
    for (const address of addresses(500)) {
      const home = homeOf(address, 3);
      expect(place.locate(address)).toBe(home === 0 ? 'here' : home);
    }
  }
});

test('a slot outside the workers is refused', () => {
  expect(() => new SlotPlacement(2, 2)).toThrow(InvariantError);
});
