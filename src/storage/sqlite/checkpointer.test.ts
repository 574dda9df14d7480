import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpointer } from './checkpointer.ts';
import { openCheckpointer, openReader, openWriter, resetLog } from './database.ts';
import type { Connection } from './database.ts';

const policy = { passivePages: 10, passiveAfterMs: 1000, resetPages: 40, restPages: 5 };

let directory: string;
let path: string;
let writer: Connection;
let nowMs: number;
let checkpointer: Checkpointer;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-checkpoint-'));
  path = join(directory, 'xmppd.db');
  writer = openWriter(path, 'FULL');
  writer.exec('CREATE TABLE t (b BLOB)');
  nowMs = 0;
  const clock = { now: () => nowMs, monotonicMs: () => nowMs };
  checkpointer = new Checkpointer(openCheckpointer(path, 'FULL'), clock, policy);
});
afterEach(() => {
  checkpointer.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

function pages(count: number): void {
  writer.prepare('INSERT INTO t VALUES (zeroblob(?))').run(count * 4096);
}

const pending = (): unknown => writer.pragma('wal_checkpoint(NOOP)');

test('few pages wait, and not for ever', () => {
  checkpointer.look();
  expect(pending()).toEqual([expect.objectContaining({ checkpointed: 0 })]);
  nowMs = 1001;
  checkpointer.look();
  const [state] = pending() as { log: number; checkpointed: number }[];
  expect(state?.checkpointed).toBe(state?.log);
});

test('many pages are moved at once, and the next commit starts the log over', () => {
  pages(12);
  expect(checkpointer.look().resetDue).toBe(false);
  pages(1);
  expect(checkpointer.look().walBytes).toBeLessThan(10 * 4120);
});

test('a large log asks for its reset, after which it is small', () => {
  pages(50);
  expect(checkpointer.look().resetDue).toBe(true);
  resetLog(writer);
  pages(1);
  expect(checkpointer.look().walBytes).toBeLessThan(10 * 4120);
});

test('a long read prevents the reset and is not waited for', () => {
  pages(1);
  const reader = openReader(path);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM t').get();
  pages(50);
  expect(checkpointer.look().resetDue).toBe(false);
  reader.exec('COMMIT');
  nowMs = 5001;
  expect(checkpointer.look().resetDue).toBe(true);
  reader.close();
});

test('a reset that a read prevents is given up soon and tells so', () => {
  pages(1);
  const reader = openReader(path);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM t').get();
  pages(1);
  expect(resetLog(writer)).toBe(false);
  reader.exec('COMMIT');
  expect(resetLog(writer)).toBe(true);
  reader.close();
});
