import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatMessage, Durations, Ledger } from './ledger.js';

/**
 * Sends messages in lane 0 to receiver 0 and lets those with the given places arrive, in that order.
 * @param {number} sent
 * @param {number[]} arrivals
 * @param {(text: string) => string} [change]
 */
function deliver(sent, arrivals, change = (text) => text) {
  const ledger = new Ledger(1);
  const messages = Array.from({ length: sent }, () =>
    chatMessage('u1@bench.local', ledger.prefix + ledger.send(0, 0, 0)),
  );
  for (const place of arrivals) {
    const text = change(messages[place] ?? '');
    const head = text.indexOf('>') + 1;
    ledger.arrive(ledger.numberOf(text, 0, head), 0, text, head, text.length);
  }
  const { lost, doubled, outOfOrder, corrupt } = ledger;
  return { lost, doubled, outOfOrder, corrupt };
}

test('messages that all arrive once and in order are booked without a fault', () => {
  assert.deepEqual(deliver(3, [0, 1, 2]), { lost: 0, doubled: 0, outOfOrder: 0, corrupt: 0 });
});

test('a message that does not arrive is lost', () => {
  assert.deepEqual(deliver(3, [0, 2]), { lost: 1, doubled: 0, outOfOrder: 0, corrupt: 0 });
});

test('a message that arrives twice is doubled', () => {
  assert.deepEqual(deliver(3, [0, 1, 1, 2]), { lost: 0, doubled: 1, outOfOrder: 0, corrupt: 0 });
});

test('a message that overtakes another makes one out of order', () => {
  assert.deepEqual(deliver(3, [1, 0, 2]), { lost: 0, doubled: 0, outOfOrder: 1, corrupt: 0 });
});

test('a changed body is corrupt', () => {
  const change = (/** @type {string} */ text) => text.replace('station', 'stadium');
  assert.deepEqual(deliver(1, [0], change), { lost: 0, doubled: 0, outOfOrder: 0, corrupt: 1 });
});

test('a message that reaches another receiver is corrupt and stays lost', () => {
  const ledger = new Ledger(1);
  const text = chatMessage('u1@bench.local', ledger.prefix + ledger.send(0, 0, 0));
  const head = text.indexOf('>') + 1;
  ledger.arrive(ledger.numberOf(text, 0, head), 5, text, head, text.length);
  assert.equal(ledger.corrupt, 1);
  assert.equal(ledger.lost, 1);
});

test('a message of another run is not ours', () => {
  const ledger = new Ledger(1);
  ledger.send(0, 0, 0);
  const text = chatMessage('u1@bench.local', 'other-0');
  assert.equal(ledger.numberOf(text, 0, text.length), -1);
});

test('the books grow without forgetting', () => {
  const ledger = new Ledger(1);
  for (let i = 0; i < 200_000; i++) ledger.send(0, 0, i);
  assert.equal(ledger.sentAt(0), 0);
  assert.equal(ledger.sentAt(150_000), 150_000);
});

test('percentiles are those of all durations', () => {
  const durations = new Durations();
  for (let ms = 1000; ms >= 1; ms--) durations.add(ms);
  assert.deepEqual(durations.percentiles([50, 99, 100]), [501, 991, 1000]);
});
