import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SentQueue } from './sent-queue.js';

test('an acknowledgement covers what was sent since the one before', () => {
  const queue = new SentQueue();
  for (const tag of [7, 8, 9]) queue.push(tag);
  assert.deepEqual(queue.acknowledge(2), [7, 8]);
  assert.deepEqual(queue.acknowledge(2), []);
  assert.deepEqual(queue.acknowledge(3), [9]);
  assert.equal(queue.length, 0);
});

test('an acknowledgement of what was never sent is refused', () => {
  const queue = new SentQueue();
  queue.push(1);
  assert.equal(queue.acknowledge(2), undefined);
});

test('nothing is lost where acknowledged tags are cut off', () => {
  const queue = new SentQueue();
  let next = 0;
  for (let handled = 0; handled < 10_000; handled++) {
    queue.push(handled * 2);
    queue.push(handled * 2 + 1);
    for (const tag of queue.acknowledge(handled) ?? []) assert.equal(tag, next++);
  }
  assert.equal(next, 9_999);
  assert.equal(queue.length, 10_001);
});
