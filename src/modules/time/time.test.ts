import { zoneOf } from './index.ts';

test('a zone ahead of UTC has a plus, one behind it a minus', () => {
  expect(zoneOf(0, -330)).toBe('+05:30');
  expect(zoneOf(0, 210)).toBe('-03:30');
  expect(zoneOf(0, 0)).toBe('+00:00');
});
