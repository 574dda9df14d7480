import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../util/log.ts';
import type { TimerHandle, Timers } from '../../util/clock.ts';
import type { StatementId } from '../storage.ts';
import { PackedUnit } from '../unit.ts';
import { openReader } from './database.ts';
import type { LinkEvents } from './link.ts';
import { openInlineServer } from './open.ts';
import { Outbox } from './outbox.ts';
import type { StoreServer } from './server.ts';
import * as wire from './wire.ts';

/** Time that stands still until the test moves it. */
class ManualTime implements Timers {
  ms = 0;
  #timers: { at: number; run: () => void; everyMs: number | undefined }[] = [];

  readonly clock = { now: () => this.ms, monotonicMs: () => this.ms };

  after(ms: number, run: () => void): TimerHandle {
    return this.#add({ at: this.ms + ms, run, everyMs: undefined });
  }

  every(ms: number, run: () => void): TimerHandle {
    return this.#add({ at: this.ms + ms, run, everyMs: ms });
  }

  advance(ms: number): void {
    const until = this.ms + ms;
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at);
      const next = this.#timers[0];
      if (next === undefined || next.at > until) break;
      this.ms = Math.max(this.ms, next.at);
      if (next.everyMs === undefined) this.#timers.shift();
      else next.at += next.everyMs;
      next.run();
    }
    this.ms = until;
  }

  #add(timer: { at: number; run: () => void; everyMs: number | undefined }): TimerHandle {
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }
}

const INSERT = 0 as StatementId;
const ONCE = 1 as StatementId;

const hello: wire.Hello = {
  version: wire.WIRE_VERSION,
  worker: 1,
  incarnation: 1,
  nonce: 'first',
  migrations: [
    {
      feature: 'test',
      version: 1,
      sql: ['CREATE TABLE log (body TEXT)', 'CREATE TABLE once (name TEXT PRIMARY KEY)'],
    },
  ],
  writes: [
    { name: 'insert', sql: 'INSERT INTO log VALUES (?)' },
    { name: 'once', sql: 'INSERT INTO once VALUES (?)' },
  ],
};

/** A client that does only what it is told to. */
class RawClient {
  readonly done: wire.Done[] = [];
  readonly outbox = new Outbox();
  welcome: wire.Welcome | undefined;
  refusal: wire.Refusal | undefined;
  open = true;
  readonly #server: LinkEvents;

  constructor(server: StoreServer, fields: Partial<wire.Hello> = {}) {
    const events: LinkEvents[] = [];
    server.accept((given) => {
      events.push(given);
      return {
        send: (frame) => this.#hear(frame),
        close: () => this.leave(),
        abort: () => this.leave(),
      };
    });
    this.#server = events[0] as LinkEvents;
    this.#server.frame(wire.encodeJson(wire.FRAME_HELLO, { ...hello, ...fields }));
  }

  /** A batch of one unit an entry; an entry that starts with '!' must be unique. */
  batch(...entries: string[]): Buffer {
    const unit = new PackedUnit([false, false]);
    for (const entry of entries) {
      unit.add(entry.startsWith('!') ? ONCE : INSERT, entry);
      this.outbox.add(unit);
      unit.clear();
    }
    return this.outbox.take()?.frame ?? Buffer.alloc(0);
  }

  send(frame: Buffer): void {
    this.#server.frame(frame);
  }

  leave(): void {
    if (!this.open) return;
    this.open = false;
    this.#server.closed('left');
  }

  #hear(frame: Buffer): void {
    if (frame[0] === wire.FRAME_DONE) this.done.push(wire.decodeDone(frame));
    else if (frame[0] === wire.FRAME_WELCOME) this.welcome = wire.decodeJson(frame) as wire.Welcome;
    else if (frame[0] === wire.FRAME_REFUSED) this.refusal = wire.decodeJson(frame) as wire.Refusal;
  }
}

let directory: string;
let path: string;
let time: ManualTime;
let server: StoreServer;

function start(): StoreServer {
  const ports = { clock: time.clock, timers: time, log: silentLog };
  return openInlineServer({ path, synchronous: 'FULL' }, ports);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xmppd-server-'));
  path = join(directory, 'xmppd.db');
  time = new ManualTime();
  server = start();
});
afterEach(() => {
  server.stop();
  rmSync(directory, { recursive: true });
});

function rows(): unknown[] {
  const db = openReader(path);
  try {
    return db.prepare('SELECT body FROM log ORDER BY rowid').pluck().all();
  } finally {
    db.close();
  }
}

test('a batch that arrives twice is applied once', () => {
  const client = new RawClient(server);
  const frame = client.batch('a', 'b');
  client.send(frame);
  client.send(frame);
  time.advance(10);
  client.send(frame);
  time.advance(10);
  expect(rows()).toEqual(['a', 'b']);
});

test('after a broken link the same Storage learns what is on disk, and its batch is not applied again', () => {
  const before = new RawClient(server);
  const frame = before.batch('a');
  before.send(frame);
  before.leave();
  const again = new RawClient(server);
  expect(again.welcome?.done).toBe(1);
  again.send(frame);
  time.advance(10);
  expect(rows()).toEqual(['a']);
});

test('what is on disk is known after the store was started again', () => {
  const before = new RawClient(server);
  const frame = before.batch('a');
  before.send(frame);
  time.advance(10);
  server.stop();
  server = start();
  const again = new RawClient(server);
  expect(again.welcome?.done).toBe(1);
  again.send(frame);
  time.advance(10);
  expect(rows()).toEqual(['a']);
});

test('failures that may not have been heard are told again, those acknowledged are not', () => {
  const before = new RawClient(server);
  before.send(before.batch('!x', '!x'));
  time.advance(10);
  expect(before.done.at(-1)?.failures).toMatchObject([{ batch: 1, index: 1, code: 'constraint' }]);
  before.leave();
  const again = new RawClient(server);
  expect(again.welcome?.failures).toMatchObject([{ batch: 1, index: 1, code: 'constraint' }]);
  before.outbox.complete(1, []);
  again.send(before.batch('a'));
  time.advance(10);
  again.leave();
  expect(new RawClient(server).welcome?.failures).toEqual([]);
});

test('another Storage of the same worker starts with batch 1, whatever was there before', () => {
  const before = new RawClient(server);
  before.send(before.batch('a'));
  before.leave();
  const after = new RawClient(server, { incarnation: 1, nonce: 'second' });
  expect(after.welcome?.done).toBe(0);
  after.send(after.batch('b'));
  time.advance(10);
  expect(rows()).toEqual(['a', 'b']);
});

test('a successor is let in when the last of its predecessor is on disk', () => {
  const before = new RawClient(server);
  const after = new RawClient(server, { incarnation: 2, nonce: 'second' });
  time.advance(100);
  expect(after.welcome).toBeUndefined();
  before.send(before.batch('late'));
  before.leave();
  expect(after.welcome?.done).toBe(0);
  expect(rows()).toEqual(['late']);
});

test('a predecessor that hangs is cut off after five seconds', () => {
  const before = new RawClient(server);
  const after = new RawClient(server, { incarnation: 2, nonce: 'second' });
  time.advance(5001);
  expect(before.open).toBe(false);
  expect(after.welcome?.done).toBe(0);
});

test('an older incarnation is refused', () => {
  new RawClient(server, { incarnation: 2, nonce: 'second' }).leave();
  const stale = new RawClient(server, { incarnation: 1 });
  expect(stale.refusal?.code).toBe('db-stale-worker');
  stale.send(stale.batch('a'));
  time.advance(10);
  expect(rows()).toEqual([]);
});

test('a gap in the numbers ends the connection', () => {
  const client = new RawClient(server);
  client.batch('lost');
  client.send(client.batch('a'));
  time.advance(10);
  expect(client.open).toBe(false);
  expect(rows()).toEqual([]);
});

test('another version of the protocol is refused', () => {
  expect(new RawClient(server, { version: 99 }).refusal?.code).toBe('db-wire-version');
});

test('bytes that are no batch end the connection of their sender alone', () => {
  const bad = new RawClient(server);
  const good = new RawClient(server, { worker: 2, nonce: 'other' });
  bad.send(Buffer.from([99]));
  expect(bad.open).toBe(false);
  good.send(good.batch('a'));
  time.advance(10);
  expect(rows()).toEqual(['a']);
});

test('a commit starts two milliseconds after the last one began, and takes all that came', () => {
  const one = new RawClient(server);
  const two = new RawClient(server, { worker: 2, nonce: 'other' });
  one.send(one.batch('a'));
  time.advance(0);
  expect(one.done.length).toBe(1);
  one.send(one.batch('b'));
  two.send(two.batch('c'));
  time.advance(1);
  expect(one.done.length).toBe(1);
  one.send(one.batch('d'));
  time.advance(1);
  expect(one.done.map(({ done }) => done)).toEqual([1, 3]);
  expect(two.done.map(({ done }) => done)).toEqual([1]);
});

test('512 waiting units do not wait for the two milliseconds', () => {
  const client = new RawClient(server);
  client.send(client.batch('a'));
  time.advance(0);
  client.send(client.batch(...Array.from({ length: 512 }, () => 'x')));
  time.advance(0);
  expect(client.done.map(({ done }) => done)).toEqual([1, 2]);
});
