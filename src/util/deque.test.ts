import fc from 'fast-check';
import { Deque } from './deque.ts';

test('a deque gives back what an array would, in the same order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.constant('shift'))), (steps) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (typeof step === 'number') {
          deque.push(step);
          model.push(step);
        } else {
          expect(deque.shift()).toBe(model.shift());
        }
        expect(deque.length).toBe(model.length);
        expect(deque.first()).toBe(model[0]);
        expect([...deque]).toEqual(model);
      }
    }),
  );
});

test('a long queue that is drained while it grows keeps its order', () => {
  const deque = new Deque<number>();
  let next = 0;
  for (let i = 0; i < 5000; i++) {
    deque.push(i);
    if (i % 3 !== 0) expect(deque.shift()).toBe(next++);
  }
  while (deque.length > 0) expect(deque.shift()).toBe(next++);
  expect(next).toBe(5000);
});
