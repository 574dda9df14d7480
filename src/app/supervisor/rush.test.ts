import { Rush } from './rush.ts';

function looks(rush: Rush, count: number): number {
  return Array.from({ length: count }, () => rush.over()).filter(Boolean).length;
}

function come(rush: Rush, connections: number): void {
  for (let at = 0; at < connections; at += 1) rush.add();
}

test('a rush is over once, when nobody has come for some looks', () => {
  const rush = new Rush();
  come(rush, 500);
  expect(looks(rush, 8)).toBe(0);
  expect(looks(rush, 100)).toBe(1);
});

test('while connections come it is not over', () => {
  const rush = new Rush();
  come(rush, 1000);
  for (let at = 0; at < 20; at += 1) {
    expect(looks(rush, 5)).toBe(0);
    rush.add();
  }
});

test('a few connections are no rush, until they are many', () => {
  const rush = new Rush();
  come(rush, 499);
  expect(looks(rush, 100)).toBe(0);
  come(rush, 1);
  expect(looks(rush, 100)).toBe(1);
});

test('after one rush another counts anew', () => {
  const rush = new Rush();
  come(rush, 600);
  looks(rush, 100);
  come(rush, 499);
  expect(looks(rush, 100)).toBe(0);
});
