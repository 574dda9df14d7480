// A disk that is full or broken: refusals with the right name, deletions still possible, and the way back.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage } from "../../src/storage/sqlite/open.js";
import { silentLog } from "../../src/util/log.js";
import { systemClock, systemTimers } from "../../src/util/system-clock.js";
import { Answers, contractSchema, event } from "./storage.js";
import { startStore } from "./store-child.js";
let directory;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'xmppd-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true }));
function open(mode, extra = {}) {
    const path = join(directory, 'disk', 'xmppd.db');
    const ports = { clock: systemClock, timers: systemTimers, log: silentLog };
    return openStorage({ ...ports, path, schema: contractSchema, mode, ...extra });
}
/** Writes until the first refusal; resolves with how many units were committed. */
async function fill(storage, answers) {
    const body = 'x'.repeat(20_000);
    for (let count = 0;; count++) {
        const ticket = event(storage, 1, body);
        await answers.until(ticket);
        if (answers.failed.has(ticket))
            return count;
    }
}
function becomes(storage, wanted) {
    if (storage.state === wanted)
        return Promise.resolve();
    return new Promise((resolve) => storage.onState((state) => state === wanted && resolve()));
}
async function count(storage) {
    return (await storage.read(storage.query('events.count'), []))[0]?.[0];
}
/** The same story for each way to be full. */
async function fullStory(storage, mend) {
    const answers = new Answers(storage);
    const written = await fill(storage, answers);
    expect(written).toBeGreaterThan(0);
    expect([...answers.failed.values()].map(({ code }) => code)).toEqual(['full']);
    expect(storage.state).toBe('failing');
    // Refused at once, and rows that were answered are still there.
    expect(() => event(storage, 1, 'more')).toThrow(expect.objectContaining({ name: 'StorageError', code: 'resource-constraint' }));
    expect(await count(storage)).toBe(written);
    // What frees is taken.
    const freed = storage.submit(storage.unit().add(storage.statement('events.clear')), 1);
    await answers.until(freed);
    expect(answers.failed.has(freed)).toBe(false);
    expect(await count(storage)).toBe(0);
    await mend();
    await becomes(storage, 'ok');
    const ticket = event(storage, 1, 'again');
    await answers.until(ticket);
    expect(answers.failed.has(ticket)).toBe(false);
    expect(await count(storage)).toBe(1);
}
test('a database that may not grow: full, deletions go through and mend it', async () => {
    mkdirSync(join(directory, 'disk'));
    const storage = await open({ kind: 'thread' }, { maxPages: 120 });
    await fullStory(storage, () => undefined);
    await storage.close();
});
const root = process.getuid?.() === 0;
(root ? test : test.skip)('a file system that is full: deletions go through in the reserve', async () => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
    try {
        const ballast = join(disk, 'ballast');
        writeFileSync(ballast, Buffer.alloc(1_500_000));
        const storage = await open({ kind: 'thread' });
        expect(existsSync(join(disk, 'xmppd.reserve'))).toBe(true);
        await fullStory(storage, () => {
            rmSync(ballast);
        });
        expect(existsSync(join(disk, 'xmppd.reserve'))).toBe(true);
        await storage.close();
    }
    finally {
        execFileSync('umount', [disk]);
    }
});
test('units of a batch that did not fit are each refused; order and earlier units hold', async () => {
    mkdirSync(join(directory, 'disk'));
    const storage = await open({ kind: 'thread' }, { maxPages: 120 });
    const answers = new Answers(storage);
    const first = event(storage, 1, 'small');
    await answers.until(first);
    let last = 0;
    for (let i = 0; i < 50; i++)
        last = event(storage, 1, 'x'.repeat(20_000));
    await answers.until(last);
    expect(answers.failed.size).toBe(50);
    expect(await count(storage)).toBe(1);
    await storage.close();
});
test('I/O errors: units fail as io, and writing goes on when the disk does', async () => {
    mkdirSync(join(directory, 'disk'));
    const socket = join(directory, 'store.sock');
    // A limit on file size makes the kernel refuse writes with EFBIG, which SQLite takes for a broken disk. Its signal is
    // caught so that it does not end the process.
    const store = await startStore(join(directory, 'disk', 'xmppd.db'), socket, {
        nodeArguments: ['--import', "data:text/javascript,process.on('SIGXFSZ',()=>{})"],
    });
    const limit = (bytes) => {
        execFileSync('prlimit', ['--pid', String(store.pid), `--fsize=${bytes}:`]);
    };
    const storage = await open({ kind: 'socket', path: socket, worker: 1, incarnation: 1 });
    const answers = new Answers(storage);
    const before = event(storage, 1, 'before');
    await answers.until(before);
    limit('4096');
    const broken = event(storage, 1, 'broken');
    await answers.until(broken);
    expect(answers.failed.get(broken)?.code).toBe('io');
    expect(storage.state).toBe('failing');
    expect(() => event(storage, 1, 'refused')).toThrow(/no writes/);
    limit('unlimited');
    await becomes(storage, 'ok');
    const after = event(storage, 1, 'after');
    await answers.until(after);
    expect(answers.failed.size).toBe(1);
    const rows = await storage.read(storage.query('events'), []);
    expect(rows.map((row) => row[1])).toEqual(['before', 'after']);
    await storage.close();
    expect(await store.end('SIGTERM')).toBe(0);
});
