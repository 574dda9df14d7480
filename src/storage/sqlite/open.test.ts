import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryUrl } from '../../util/entry.ts';
import { silentLog } from '../../util/log.ts';
import { systemClock, systemTimers } from '../../util/system-clock.ts';
import type { Schema, Storage } from '../storage.ts';
import { backupDatabase, checkDatabase } from './check.ts';
import { openStorage } from './open.ts';

const schema: Schema = {
  migrations: [{ feature: 'notes', version: 1, sql: ['CREATE TABLE notes (body TEXT NOT NULL)'] }],
  writes: [{ name: 'note', sql: 'INSERT INTO notes VALUES (?)' }],
  reads: [{ name: 'notes', sql: 'SELECT body FROM notes' }],
};

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-open-'));
  path = join(directory, 'xmppd.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(at = path): Promise<Storage> {
  const ports = { clock: systemClock, timers: systemTimers, log: silentLog };
  return openStorage({ ...ports, path: at, schema, mode: { kind: 'thread' } });
}

async function write(storage: Storage, body: string): Promise<void> {
  const ticket = storage.submit(storage.unit().add(storage.statement('note'), body), 0);
  await storage.read(storage.query('notes'), [], ticket);
}

test('a second opening is refused while the first lasts', async () => {
  const first = await open();
  await expect(open()).rejects.toMatchObject({ name: 'OperatorError', code: 'db-locked' });
  await first.close();
  await (await open()).close();
});

test('a database held by another process is refused, and free when that is killed', async () => {
  const script = `
    import(${JSON.stringify(entryUrl('storage/sqlite/driver').href)}).then(({ sqlite }) => {
      globalThis.held = new (sqlite())(process.argv[1]).exec('BEGIN EXCLUSIVE');
      console.log('held');
      setInterval(() => undefined, 1000);
    });`;
  const holder = spawn(process.execPath, ['-e', script, join(directory, 'xmppd.lock')]);
  await once(holder.stdout, 'data');
  await expect(open()).rejects.toMatchObject({ code: 'db-locked' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await open()).close();
});

test('a directory that is missing is named', async () => {
  await expect(open(join(directory, 'no', 'xmppd.db'))).rejects.toMatchObject({
    code: 'db-directory-missing',
  });
});

test('a file that is no database is named', async () => {
  writeFileSync(path, 'this is a text, and long enough to be looked at as one'.repeat(100));
  await expect(open()).rejects.toMatchObject({ code: 'db-not-a-database' });
});

test('nobody else may read the database', async () => {
  const storage = await open();
  await write(storage, 'secret');
  for (const end of ['', '-wal', '-shm']) expect(statSync(path + end).mode & 0o077).toBe(0);
  await storage.close();
});

test('closing moves the log into the database', async () => {
  const storage = await open();
  await write(storage, 'kept');
  await storage.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('a temporary database is gone after close', async () => {
  const storage = await open(':memory:');
  await write(storage, 'gone');
  await storage.close();
  const again = await open(':memory:');
  expect(await again.read(again.query('notes'), [])).toEqual([]);
  await again.close();
});

test('check tells versions and soundness beside a running server', async () => {
  const storage = await open();
  await write(storage, 'x');
  const report = checkDatabase(path);
  expect(report).toMatchObject({ sound: true, problems: [], journalMode: 'wal' });
  expect(report.schemaVersions.get('notes')).toBe(1);
  expect(report.walBytes).toBeGreaterThan(0);
  await storage.close();
});

test('check finds damage', async () => {
  const storage = await open();
  await write(storage, 'x'.repeat(50_000));
  await storage.close();
  const pages = Buffer.alloc(20_000, 0xee);
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const file = openSync(path, 'r+');
  writeSync(file, pages, 0, pages.length, 4096 * 2);
  closeSync(file);
  expect(checkDatabase(path).sound).toBe(false);
});

test('check of a file that is not there says so', () => {
  expect(() => checkDatabase(path)).toThrow(expect.objectContaining({ code: 'db-missing' }));
});

test('a backup is made while the server writes, is sound, and overwrites nothing', async () => {
  const storage = await open();
  for (let i = 0; i < 20; i++) await write(storage, 'x'.repeat(300_000));
  const target = join(directory, 'backup.db');
  const progress: number[] = [];
  let writing = true;
  const load = (async (): Promise<void> => {
    while (writing) await write(storage, 'meanwhile');
  })();
  await backupDatabase(path, target, (copied) => progress.push(copied));
  writing = false;
  await load;
  expect(progress.length).toBeGreaterThan(1);
  expect(checkDatabase(target).sound).toBe(true);
  await expect(backupDatabase(path, target)).rejects.toMatchObject({ code: 'db-backup-exists' });
  await storage.close();
  const copy = await open(target);
  expect((await copy.read(copy.query('notes'), [])).length).toBeGreaterThanOrEqual(20);
  await copy.close();
});
