// What every storage back-end must do, whatever is below it. A back-end's test file calls `storageContract` with a way to
// open it.
import { InvariantError } from "../../src/util/errors.js";
import { utf8 } from "../../src/xml/bytes.js";
import { StorageError } from "../../src/storage/storage.js";
/** Tables that have what the contract needs: order, a constraint, every type. */
export const contractSchema = {
    migrations: [
        {
            feature: 'contract',
            version: 1,
            sql: [
                'CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER, body TEXT)',
                'CREATE TABLE names (name TEXT PRIMARY KEY)',
                'CREATE TABLE things (id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB)',
            ],
        },
    ],
    writes: [
        { name: 'event', sql: 'INSERT INTO events (owner, body) VALUES (?, ?)' },
        { name: 'name', sql: 'INSERT INTO names (name) VALUES (?)' },
        { name: 'thing', sql: 'INSERT INTO things (id, i, r, t, b) VALUES (?, ?, ?, ?, ?)' },
        { name: 'events.clear', sql: 'DELETE FROM events', frees: true },
    ],
    reads: [
        { name: 'events', sql: 'SELECT owner, body FROM events ORDER BY seq' },
        { name: 'events.count', sql: 'SELECT count(*) FROM events' },
        { name: 'names', sql: 'SELECT name FROM names ORDER BY name' },
        { name: 'thing', sql: 'SELECT i, r, t, b FROM things WHERE id = ?' },
        { name: 'thing.bytes', sql: 'SELECT b FROM things WHERE id = ?', bytes: true },
    ],
};
/** Every answer that a Storage gave. */
export class Answers {
    calls = [];
    failed = new Map();
    #waiting = [];
    #upTo = 0;
    constructor(storage) {
        storage.onDone((upTo, failed) => {
            this.calls.push(upTo);
            for (const [ticket, failure] of failed ?? [])
                this.failed.set(ticket, failure);
            this.#upTo = upTo;
            for (const { ticket, resolve } of this.#waiting)
                if (ticket <= upTo)
                    resolve();
        });
    }
    /** Resolves when the ticket is done. */
    until(ticket) {
        if (ticket <= this.#upTo)
            return Promise.resolve();
        return new Promise((resolve) => this.#waiting.push({ ticket, resolve }));
    }
}
/** Submits one unit of an event. */
export function event(storage, owner, body) {
    return storage.submit(storage.unit().add(storage.statement('event'), owner, body), owner);
}
/** Submits one unit of an event and a name; the name must be new. */
export function named(storage, owner, body, name) {
    const unit = storage.unit();
    unit.add(storage.statement('event'), owner, body).add(storage.statement('name'), name);
    return storage.submit(unit, owner);
}
export async function bodies(storage, after) {
    const rows = await storage.read(storage.query('events'), [], after);
    return rows.map((row) => row[1] ?? null);
}
export function storageContract(name, create) {
    describe(`storage on ${name}`, () => {
        let harness;
        let storage;
        beforeEach(async () => {
            harness = await create();
            storage = await harness.open(contractSchema);
        });
        afterEach(async () => {
            await storage.close();
            await harness.remove();
        });
        async function reopen(schema = contractSchema, maxWaitingUnits) {
            await storage.close();
            storage = await harness.open(schema, maxWaitingUnits === undefined ? undefined : { maxWaitingUnits });
        }
        test('units are committed in the order submitted, over many frames', async () => {
            const expected = Array.from({ length: 3000 }, (_, i) => `body ${i}`);
            let last = 0;
            for (const body of expected)
                last = event(storage, 1, body);
            expect(await bodies(storage, last)).toEqual(expected);
        });
        test('tickets grow by one and each is answered once, cumulatively', async () => {
            const answers = new Answers(storage);
            const tickets = [];
            for (let i = 0; i < 50; i++)
                tickets.push(event(storage, i, 'x'));
            await answers.until(50);
            const more = event(storage, 1, 'y');
            await answers.until(more);
            expect(tickets).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
            expect(answers.calls.at(-1)).toBe(51);
            expect([...answers.calls].sort((a, b) => a - b)).toEqual(answers.calls);
            expect(new Set(answers.calls).size).toBe(answers.calls.length);
            expect(answers.failed.size).toBe(0);
        });
        test('answers never come before submit has returned', async () => {
            let answered = false;
            storage.onDone(() => (answered = true));
            for (let i = 0; i < 2000; i++)
                event(storage, 1, 'x');
            expect(answered).toBe(false);
            const answers = new Answers(storage);
            await answers.until(2000);
            expect(answered).toBe(true);
        });
        test('a unit that breaks a constraint leaves nothing, and its neighbours are committed', async () => {
            const answers = new Answers(storage);
            named(storage, 1, 'first', 'taken');
            event(storage, 1, 'before');
            const bad = named(storage, 1, 'never', 'taken');
            const last = event(storage, 1, 'behind');
            await answers.until(last);
            expect(await bodies(storage, last)).toEqual(['first', 'before', 'behind']);
            expect([...answers.failed.keys()]).toEqual([bad]);
            expect(answers.failed.get(bad)?.code).toBe('constraint');
            expect(storage.state).toBe('ok');
        });
        test('a unit with too few parameters fails as a bug, alone', async () => {
            const answers = new Answers(storage);
            const bad = storage.submit(storage.unit().add(storage.statement('event'), 1), 1);
            const last = event(storage, 1, 'good');
            expect(await bodies(storage, last)).toEqual(['good']);
            await answers.until(last);
            expect(answers.failed.get(bad)?.code).toBe('bug');
            expect(answers.failed.size).toBe(1);
        });
        test('many failures in one commit are each named', async () => {
            const answers = new Answers(storage);
            const bad = [];
            let last = named(storage, 1, 'x', 'n');
            for (let i = 0; i < 40; i++) {
                bad.push(named(storage, 1, 'never', 'n'));
                last = event(storage, 1, 'x');
            }
            await answers.until(last);
            expect([...answers.failed.keys()].sort((a, b) => a - b)).toEqual(bad);
            expect(await storage.read(storage.query('events.count'), [], last)).toEqual([[41]]);
        });
        test('a read after a ticket sees that unit', async () => {
            for (let i = 1; i <= 30; i++) {
                const ticket = event(storage, 1, 'x');
                const rows = await storage.read(storage.query('events.count'), [], ticket);
                expect(rows[0]?.[0]).toBe(i);
            }
        });
        test('a read after a ticket that failed is answered', async () => {
            named(storage, 1, 'x', 'n');
            const bad = named(storage, 1, 'y', 'n');
            expect(await bodies(storage, bad)).toEqual(['x']);
        });
        test.each([
            ['zero and empty', 0, 0, '', Buffer.alloc(0)],
            ['32 bits', -(2 ** 31), 1.5, 'ascii', Buffer.from([0, 1, 255])],
            ['53 bits', 2 ** 53, -1e-300, 'grüße 🎈 \u0000 end', null],
            ['negative 53 bits', -(2 ** 53), 1e300, '漢'.repeat(5000), Buffer.alloc(100_000, 7)],
            ['a stamp', 1_764_000_000_000, 0.1, 'x'.repeat(300), Buffer.from('y'.repeat(450))],
        ])('values come back as they were: %s', async (_, i, r, t, b) => {
            const unit = storage.unit().add(storage.statement('thing'), 1, i, r, t, b);
            const ticket = storage.submit(unit, 1);
            const rows = await storage.read(storage.query('thing'), [1], ticket);
            expect(rows).toEqual([[i, r, t, b]]);
            const blob = rows[0]?.[3];
            if (b !== null) {
                expect(Buffer.isBuffer(blob)).toBe(true);
                expect(blob.buffer.byteLength).toBe(b.length);
            }
        });
        test('byte strings of the path are stored as their bytes and read in either form', async () => {
            for (const [id, value] of [
                'short',
                'ünïcode',
                'läng'.repeat(100),
                '<a/>'.repeat(99),
            ].entries()) {
                const bytes = utf8(value);
                const unit = storage.unit().start(storage.statement('thing')).int(id).int(0).int(0);
                const ticket = storage.submit(unit.nil().bytes(bytes), 1);
                expect(await storage.read(storage.query('thing.bytes'), [id], ticket)).toEqual([[bytes]]);
                const rows = await storage.read(storage.query('thing'), [id], ticket);
                expect(rows[0]?.[3]).toEqual(Buffer.from(value));
            }
        });
        test('submit empties the unit, and it can be used again', async () => {
            const unit = storage.unit();
            const statement = storage.statement('event');
            storage.submit(unit.add(statement, 1, 'a'), 1);
            expect(unit.empty).toBe(true);
            const ticket = storage.submit(unit.add(statement, 1, 'b'), 1);
            expect(await bodies(storage, ticket)).toEqual(['a', 'b']);
        });
        test('an empty unit is answered like any other', async () => {
            const answers = new Answers(storage);
            await answers.until(storage.submit(storage.unit(), 1));
            expect(answers.failed.size).toBe(0);
        });
        test('a unit larger than a frame is committed', async () => {
            const unit = storage.unit();
            for (let i = 0; i < 40; i++) {
                unit.add(storage.statement('thing'), i, 0, 0, 'x', Buffer.alloc(100_000, i));
            }
            const ticket = storage.submit(unit, 1);
            const rows = await storage.read(storage.query('thing'), [39], ticket);
            expect(rows[0]?.[3]).toEqual(Buffer.alloc(100_000, 39));
        });
        test('room is bounded: beyond it submit throws and the unit keeps its rows', async () => {
            await reopen(contractSchema, 10);
            const answers = new Answers(storage);
            expect(storage.room).toBe(10);
            for (let i = 0; i < 10; i++)
                event(storage, 1, `${i}`);
            expect(storage.room).toBe(0);
            const unit = storage.unit().add(storage.statement('event'), 1, 'late');
            expect(() => storage.submit(unit, 1)).toThrow(StorageError);
            expect(unit.empty).toBe(false);
            await answers.until(10);
            expect(storage.room).toBe(10);
            const ticket = storage.submit(unit, 1);
            expect(await storage.read(storage.query('events.count'), [], ticket)).toEqual([[11]]);
        });
        test('a read that fails is refused alone', async () => {
            const wrong = storage.read(storage.query('thing'), []);
            const right = storage.read(storage.query('names'), []);
            await expect(wrong).rejects.toMatchObject({ name: 'StorageError', code: 'query' });
            expect(await right).toEqual([]);
        });
        test('numbers that SQL does not have are refused where they are given', async () => {
            const unit = storage.unit().start(storage.statement('event'));
            expect(() => unit.int(NaN)).toThrow(InvariantError);
            await expect(storage.read(storage.query('thing'), [Infinity])).rejects.toThrow(InvariantError);
            expect(await storage.read(storage.query('names'), [])).toEqual([]);
        });
        test('names that the schema lacks are refused', () => {
            expect(() => storage.statement('nothing')).toThrow(InvariantError);
            expect(() => storage.query('nothing')).toThrow(InvariantError);
        });
        test('close waits for what was submitted, then refuses', async () => {
            const answers = new Answers(storage);
            let last = 0;
            for (let i = 0; i < 1000; i++)
                last = event(storage, 1, `${i}`);
            await storage.close();
            expect(answers.calls.at(-1)).toBe(last);
            expect(() => event(storage, 1, 'late')).toThrow(StorageError);
            await expect(storage.read(storage.query('names'), [])).rejects.toMatchObject({
                code: 'closed',
            });
            await reopen();
            expect((await bodies(storage)).length).toBe(1000);
        });
        test('a new version of a feature is made once, and old rows stay', async () => {
            event(storage, 1, 'old');
            const next = {
                ...contractSchema,
                migrations: [
                    ...contractSchema.migrations,
                    {
                        feature: 'contract',
                        version: 2,
                        sql: ["ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'message'"],
                    },
                ],
                reads: [
                    ...contractSchema.reads,
                    { name: 'kinds', sql: 'SELECT body, kind FROM events ORDER BY seq' },
                ],
            };
            await reopen(next);
            await reopen(next);
            expect(await storage.read(storage.query('kinds'), [])).toEqual([['old', 'message']]);
            await storage.close();
            await expect(harness.open(contractSchema)).rejects.toMatchObject({ code: 'db-newer' });
        });
        test('a step that fails leaves nothing of itself', async () => {
            await storage.close();
            const broken = {
                ...contractSchema,
                migrations: [
                    ...contractSchema.migrations,
                    { feature: 'other', version: 1, sql: ['CREATE TABLE half (a)', 'CREATE NONSENSE'] },
                ],
            };
            await expect(harness.open(broken)).rejects.toMatchObject({ code: 'db-migration' });
            const mended = {
                ...contractSchema,
                migrations: [
                    ...contractSchema.migrations,
                    { feature: 'other', version: 1, sql: ['CREATE TABLE half (a)'] },
                ],
            };
            storage = await harness.open(mended);
        });
        test('a statement that does not fit the tables is named at open', async () => {
            await storage.close();
            const wrong = { name: 'wrong.one', sql: 'INSERT INTO nowhere VALUES (?)' };
            const writes = { ...contractSchema, writes: [wrong] };
            await expect(harness.open(writes)).rejects.toThrow(/wrong\.one/);
            const reads = { ...contractSchema, reads: [{ name: 'wrong.two', sql: 'SELECT nothing' }] };
            await expect(harness.open(reads)).rejects.toThrow(/wrong\.two/);
        });
    });
}
