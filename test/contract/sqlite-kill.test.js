// The store process dies and comes back under a working client: nothing lost, nothing twice, order kept.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage } from "../../src/storage/sqlite/open.js";
import { silentLog } from "../../src/util/log.js";
import { systemClock, systemTimers } from "../../src/util/system-clock.js";
import { Answers, bodies, contractSchema, event, named } from "./storage.js";
import { startStore } from "./store-child.js";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let directory;
let path;
let socket;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'xmppd-kill-'));
    path = join(directory, 'xmppd.db');
    socket = join(directory, 'store.sock');
});
afterEach(() => rmSync(directory, { recursive: true }));
function open(worker, incarnation = 1) {
    const mode = { kind: 'socket', path: socket, worker, incarnation };
    const ports = { clock: systemClock, timers: systemTimers, log: silentLog };
    return openStorage({ ...ports, path, schema: contractSchema, mode });
}
test('kill -9 of the store under load: every unit once, in order, failures told once', async () => {
    let store = await startStore(path, socket);
    const storage = await open(1);
    const answers = new Answers(storage);
    const expected = [];
    const failing = new Set();
    let stop = false;
    named(storage, 1, 'named', 'taken');
    expected.push('named');
    const load = (async () => {
        for (let i = 0; !stop; i++) {
            for (let n = 0; n < 20 && storage.room > 0; n++) {
                if (i % 50 === 7 && n === 3) {
                    failing.add(named(storage, 1, 'never', 'taken'));
                }
                else {
                    const body = `${i}.${n}`;
                    event(storage, 1, body);
                    expected.push(body);
                }
            }
            await pause(1);
        }
    })();
    let inFlightAtKill = 0;
    for (let kill = 0; kill < 6; kill++) {
        await pause(60 + kill * 13);
        const { submitted, done } = storage.stats();
        inFlightAtKill += submitted - done;
        expect(await store.end('SIGKILL')).toBeNull();
        store = await startStore(path, socket);
        while (storage.stats().reconnects <= kill)
            await pause(5);
    }
    stop = true;
    await load;
    const last = event(storage, 1, 'last');
    expected.push('last');
    await answers.until(last);
    // The kills fell where they hurt: units were on their way.
    expect(inFlightAtKill).toBeGreaterThan(0);
    expect(await bodies(storage, last)).toEqual(expected);
    expect(new Set(answers.failed.keys())).toEqual(failing);
    await storage.close();
    expect(await store.end('SIGTERM')).toBe(0);
});
test('what was answered before a kill is in the database after it', async () => {
    const store = await startStore(path, socket);
    const storage = await open(1);
    const answers = new Answers(storage);
    let last = 0;
    for (let i = 0; i < 700; i++)
        last = event(storage, 1, `${i}`);
    await answers.until(last);
    await store.end('SIGKILL');
    const again = await startStore(path, socket);
    expect((await bodies(storage)).length).toBe(700);
    await storage.close();
    await again.end('SIGTERM');
});
test('two workers write beside each other, and each keeps its order', async () => {
    const store = await startStore(path, socket);
    const [one, two] = await Promise.all([open(1), open(2)]);
    let lastOne = 0;
    let lastTwo = 0;
    for (let i = 0; i < 1000; i++) {
        lastOne = event(one, 1, `${i}`);
        lastTwo = event(two, 2, `${i}`);
        if (i % 100 === 0)
            await pause(1);
    }
    await one.read(one.query('names'), [], lastOne);
    const rows = await two.read(two.query('events'), [], lastTwo);
    for (const owner of [1, 2]) {
        const mine = rows.filter((row) => row[0] === owner).map((row) => Number(row[1]));
        expect(mine).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    }
    await Promise.all([one.close(), two.close()]);
    await store.end('SIGTERM');
});
test('SIGTERM: the store commits what had arrived and exits 0; clients go on with its successor', async () => {
    const store = await startStore(path, socket);
    const storage = await open(1);
    const before = event(storage, 1, 'before');
    await pause(5);
    expect(await store.end('SIGTERM')).toBe(0);
    event(storage, 1, 'between');
    const again = await startStore(path, socket);
    const last = event(storage, 1, 'behind');
    expect(await bodies(storage, last)).toEqual(['before', 'between', 'behind']);
    expect(before).toBe(1);
    await storage.close();
    await again.end('SIGTERM');
});
test('a store that cannot have the database says why and exits 3', async () => {
    const store = await startStore(path, socket);
    await expect(startStore(path, join(directory, 'other.sock'))).rejects.toThrow(/with 3.*db-locked/s);
    await store.end('SIGTERM');
});
test('the lock of a killed store is free at once', async () => {
    const store = await startStore(path, socket);
    await store.end('SIGKILL');
    const again = await startStore(path, socket);
    expect(await again.end('SIGTERM')).toBe(0);
});
