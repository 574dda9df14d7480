import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../config/index.ts';
import type { Domain } from '../protocol/jid.ts';
import { systemTimers } from '../util/system-clock.ts';
import { watchCertificates } from './certificate-watch.ts';

const LOOK_MS = 20;
const directory = mkdtempSync(join(tmpdir(), 'xmppd-watch-'));
const file = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

const host = (name: string): Settings['hosts'][number] => ({
  domain: name as Domain,
  certificate: file(`${name}.crt`),
  key: file(`${name}.key`),
  clientAuthority: undefined,
  anonymous: false,
  given: true,
});

const aWhile = () => new Promise((resolve) => setTimeout(resolve, 10 * LOOK_MS));

test('a file that is written or replaced is told of once; one that was just named is not', async () => {
  for (const name of ['a.crt', 'a.key', 'b.crt', 'b.key']) writeFileSync(file(name), name);
  let hosts = [host('a')];
  let changes = 0;
  const watch = watchCertificates({
    hosts: () => hosts,
    onChange: () => {
      changes += 1;
    },
    timers: systemTimers,
    lookMs: LOOK_MS,
  });
  await aWhile();
  expect(changes).toBe(0);
  writeFileSync(file('a.crt'), 'longer than before');
  await aWhile();
  expect(changes).toBe(1);
  writeFileSync(file('new'), 'a.key');
  renameSync(file('new'), file('a.key'));
  await aWhile();
  expect(changes).toBe(2);
  hosts = [host('a'), host('b')];
  await aWhile();
  expect(changes).toBe(2);
  rmSync(file('b.key'));
  await aWhile();
  expect(changes).toBe(3);
  watch.cancel();
  writeFileSync(file('a.crt'), 'x');
  await aWhile();
  expect(changes).toBe(3);
});
