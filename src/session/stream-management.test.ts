// XEP-0198 §4: counts are unsigned 32-bit numbers that go from 2^32 − 1 to 0.
import type { Bytes } from '../xml/bytes.ts';
import { StreamManagement } from './stream-management.ts';

const LAST = 2 ** 32 - 1;

test('h goes on at zero behind its highest value', () => {
  const management = new StreamManagement('', 0, () => undefined, LAST);
  expect(management.h).toBe(LAST);
  management.ledger.pay(management.ledger.take());
  expect(management.h).toBe(0);
  management.ledger.pay(management.ledger.take());
  expect(management.h).toBe(1);
});

test('what is sent again goes as the client reads, and what is new waits behind it', () => {
  const management = new StreamManagement('', 0, () => undefined);
  for (const n of [1, 2, 3, 4]) management.sent(`${n}` as Bytes, n);
  management.beginResend();
  const stream = { out: [] as string[], room: 2, write, crowded: false };
  function write(bytes: Bytes): void {
    if (bytes.startsWith('<r')) return;
    stream.out.push(bytes);
    stream.crowded = --stream.room <= 0;
  }
  const reads = (room: number): void => {
    Object.assign(stream, { room, crowded: false });
    management.resendTo(stream);
  };
  reads(2);
  expect(stream.out).toEqual(['1', '2']);
  expect(management.acknowledged(1, [])).toBe(true);
  expect(management.resending).toBe(true);
  management.sent('5' as Bytes, 5);
  reads(2);
  reads(9);
  expect(stream.out).toEqual(['1', '2', '3', '4', '5']);
  expect(management.resending).toBe(false);
});

test('what is acknowledged while it waits to be sent again is not sent', () => {
  const management = new StreamManagement('', 0, () => undefined);
  for (const n of [1, 2, 3]) management.sent(`${n}` as Bytes, n);
  management.beginResend();
  expect(management.acknowledged(2, [])).toBe(true);
  const out: string[] = [];
  management.resendTo({ write: (bytes) => out.push(bytes), crowded: false });
  expect(out.slice(0, -1)).toEqual(['3']);
});

test('acknowledgements are counted across zero, and none beyond what was sent is taken', () => {
  const management = new StreamManagement('', 0, () => undefined, 0, LAST - 1);
  for (const n of [1, 2, 3, 4]) management.sent(`<message id='${n}'/>` as Bytes, n);
  expect(management.sentCount).toBe(2);
  const proven: number[] = [];
  expect(management.acknowledged(0, proven)).toBe(true);
  expect(proven).toEqual([1, 2]);
  expect(management.acknowledged(3, proven)).toBe(false);
  expect(management.acknowledged(LAST, proven)).toBe(false);
  expect(management.acknowledged(2, proven)).toBe(true);
  expect(proven).toEqual([1, 2, 3, 4]);
  expect(management.unacknowledged.length).toBe(0);
});
