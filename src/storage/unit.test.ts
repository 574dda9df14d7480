import { InvariantError } from '../util/errors.ts';
import { utf8 } from '../xml/bytes.ts';
import { PackedReader } from './packed.ts';
import type { StatementId, Value } from './storage.ts';
import { PackedUnit } from './unit.ts';

const KEEP = 0 as StatementId;
const DROP = 1 as StatementId;

function packed(): PackedUnit {
  return new PackedUnit([false, true]);
}

function decode(unit: PackedUnit): [number, Value[]][] {
  const reader = new PackedReader();
  reader.reset(unit.buffer.subarray(0, unit.length), 0);
  const out: [number, Value[]][] = [];
  while (reader.at < unit.length) {
    const statement = reader.u16();
    const values = Array.from({ length: reader.u8() }, () => reader.value('own'));
    out.push([statement, values]);
  }
  return out;
}

test('statements and values come out as they went in', () => {
  const values: Value[] = [
    0,
    -1,
    2 ** 31,
    2 ** 53,
    0.5,
    '',
    'ascii',
    'ä'.repeat(40),
    null,
    Buffer.from('b'),
  ];
  const unit = packed()
    .add(KEEP, ...values)
    .add(DROP)
    .add(DROP, 7);
  expect(decode(unit)).toEqual([
    [KEEP, values],
    [DROP, []],
    [DROP, [7]],
  ]);
});

test('-0 stays a number and lone surrogates become U+FFFD', () => {
  expect(decode(packed().add(KEEP, -0, '\ud800'))).toEqual([[KEEP, [0, '\ufffd']]]);
});

test('byte strings keep every byte', () => {
  const bytes = utf8('grüße 🎈'.repeat(20));
  expect(decode(packed().start(KEEP).bytes(bytes).bytes(utf8('é')))).toEqual([
    [KEEP, [Buffer.from('grüße 🎈'.repeat(20)), Buffer.from('é')]],
  ]);
});

test('a unit frees only while nothing else is in it', () => {
  const unit = packed().add(DROP);
  expect(unit.onlyFrees).toBe(true);
  unit.add(KEEP);
  expect(unit.onlyFrees).toBe(false);
  unit.clear();
  expect(unit.onlyFrees).toBe(true);
});

test('mistakes of the caller are refused', () => {
  expect(() => packed().int(1)).toThrow(InvariantError);
  expect(() => packed().add(9 as StatementId)).toThrow(InvariantError);
  expect(() => packed().add(KEEP, NaN)).toThrow(InvariantError);
  const full = packed().start(KEEP);
  for (let i = 0; i < 255; i++) full.int(i);
  expect(() => full.int(255)).toThrow(InvariantError);
  expect(() =>
    packed()
      .start(KEEP)
      .blob(Buffer.alloc(17 * 2 ** 20)),
  ).toThrow(InvariantError);
});

test('a unit that was large gives its memory back', () => {
  const unit = packed().add(KEEP, 'x'.repeat(200_000));
  unit.clear();
  expect(unit.buffer.length).toBeLessThan(64 * 1024);
});

test('nothing is kept by reference', () => {
  const blob = Buffer.from('before');
  const unit = packed().add(KEEP, blob);
  blob.fill(0);
  expect(decode(unit)).toEqual([[KEEP, [Buffer.from('before')]]]);
});

test('a late number is asked for when the unit is completed, and its neighbours stay as they are', () => {
  let next = 7;
  const unit = packed()
    .start(KEEP)
    .int(1)
    .late(() => next++)
    .text('behind');
  next = 3_481_600_000_000_000;
  unit.complete();
  expect(decode(unit)).toEqual([[KEEP, [1, 3_481_600_000_000_000, 'behind']]]);
});
