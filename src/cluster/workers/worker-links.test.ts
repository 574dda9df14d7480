import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../util/log.ts';
import { systemTimers } from '../../util/system-clock.ts';
import { ascii, type Bytes } from '../../xml/bytes.ts';
import type { FrameNo, Incoming, LinkHandler, Links } from '../link.ts';
import type { LinkLimits } from '../link-peer.ts';
import type { Member } from '../membership.ts';
import type { ProtocolRange } from './wire.ts';
import { openWorkerLinks } from './worker-links.ts';

let directory = '';
let nodes: Node[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'links-'));
  nodes = [];
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.links.close()));
  rmSync(directory, { recursive: true });
});

interface Options {
  readonly limits?: Partial<LinkLimits>;
  readonly protocol?: ProtocolRange;
  readonly settles?: boolean;
  readonly holds?: readonly string[];
  readonly directory?: string;
}

/** One worker's end of the links, in this process. */
class Node implements LinkHandler {
  readonly slot: number;
  readonly epoch: number;
  readonly got: Incoming[] = [];
  readonly announcements: string[] = [];
  readonly notes: string[] = [];
  readonly options: Options;
  readonly dones: [number, number, FrameNo[]][] = [];
  links!: Links;
  tell: (member: Member) => void = () => undefined;
  ready = false;

  constructor(slot: number, epoch: number, options: Options) {
    this.slot = slot;
    this.epoch = epoch;
    this.options = options;
  }

  async open(members: Member[]): Promise<this> {
    this.links = await openWorkerLinks({
      self: this.slot,
      epoch: this.epoch,
      workers: 3,
      directory: this.options.directory ?? directory,
      membership: { members, onChange: (listener) => void (this.tell = listener) },
      handler: this,
      timers: systemTimers,
      log: silentLog,
      closeMs: 300,
      ...(this.options.limits ? { limits: this.options.limits } : {}),
      ...(this.options.protocol ? { protocol: this.options.protocol } : {}),
    });
    nodes.push(this);
    return this;
  }

  onFrame(frame: Incoming): void {
    this.got.push(frame);
    if (this.options.settles !== false) this.links.settle(frame.from, frame.no);
  }
  onDone(to: number, upTo: FrameNo, exceptions: readonly FrameNo[]): void {
    this.dones.push([to, upTo, [...exceptions]]);
  }
  onPeer(worker: number, state: string, epoch: number): void {
    this.notes.push(`${worker} ${state} ${epoch}`);
  }
  announce(to: number): Iterable<Bytes> {
    return (this.options.holds ?? []).map((what) => ascii(`${what} for ${to}`));
  }
  onAnnounced(_from: number, payload: Bytes): void {
    this.announcements.push(payload);
  }
  onReady(): void {
    this.ready = true;
  }
  onPoison(to: number, no: FrameNo): void {
    this.onDropped(to, no);
  }

  onDropped(to: number, no: FrameNo): void {
    this.notes.push(`dropped ${to} ${no}`);
  }
}

const up = (slot: number, epoch: number): Member => ({ slot, epoch, up: true });
const down = (slot: number, epoch: number): Member => ({ slot, epoch, up: false });

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !what(); i += 1) await sleep(5);
  expect(what()).toBe(true);
}

async function pair(options: Options = {}, other: Options = options): Promise<[Node, Node]> {
  const members = [up(0, 1), up(1, 1)];
  const both = [new Node(0, 1, options), new Node(1, 1, other)] as const;
  await Promise.all(both.map((node) => node.open(members)));
  return [...both];
}

test('frames of both directions arrive in order, whatever their size and bytes', async () => {
  const [a, b] = await pair();
  const payloads = [0, 1, 5, 2_047, 2_048, 70_000, 1_000_000, 3].map(
    (length) => Buffer.alloc(length, 'x\xff\x00', 'latin1').toString('latin1') as Bytes,
  );
  for (const payload of payloads) {
    a.links.send(1, payload);
    b.links.send(0, payload);
  }
  await until(() => a.got.length === payloads.length && b.got.length === payloads.length);
  for (const node of [a, b]) {
    expect(node.got.every((frame, i) => frame.payload === payloads[i])).toBe(true);
    expect(node.got.map((frame) => frame.no)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  }
  await until(() => a.dones.at(-1)?.[1] === payloads.length);
  expect(a.links.room(1)).toBe(16 * 1024 * 1024);
});

test('a link whose receiver does not settle runs out of room and gets it back by done', async () => {
  const [a, b] = await pair({ settles: false, limits: { maxBytes: 10_000 } });
  for (let i = 0; i < 10; i += 1) a.links.send(1, ascii('x'.repeat(1_000)));
  expect(a.links.room(1)).toBe(0);
  await until(() => b.got.length === 10);
  for (const no of [3, 1, 10, 2]) b.links.settle(0, no);
  await until(() => a.dones.length > 0);
  expect(a.dones.at(-1)).toEqual([1, 10, [4, 5, 6, 7, 8, 9]]);
  expect(a.links.room(1)).toBeGreaterThan(3_000);
  for (const no of [4, 5, 6, 7, 8, 9]) b.links.settle(0, no);
});

test('a connection that breaks between living workers loses and repeats nothing', async () => {
  // The dialling side meets a proxy under the other's name, which can be cut.
  const real = join(directory, 'real');
  const seen = join(directory, 'seen');
  const members = [up(0, 1), up(1, 1)];
  const a = await new Node(0, 1, { directory: real }).open(members);
  const cuttable = new Set<Socket>();
  const proxy = createServer((socket) => {
    const onward = connect(join(real, 'worker-0.1.sock'));
    pipeline(socket, onward, socket, () => undefined);
    cuttable.add(socket).add(onward);
  });
  mkdirSync(seen);
  await once(proxy.listen(join(seen, 'worker-0.1.sock')), 'listening');
  const b = await new Node(1, 1, { directory: seen }).open(members);
  await until(() => a.ready && b.ready);
  let cuts = 0;
  for (let round = 0; round < 20; round += 1) {
    for (let i = 0; i < 50; i += 1) {
      a.links.send(1, ascii(`${round * 50 + i} ${'x'.repeat(3_000)}`));
      b.links.send(0, ascii(`${round * 50 + i} `));
    }
    await sleep((round % 3) * 15);
    for (const socket of cuttable) {
      socket.destroy();
      cuts += 1;
    }
    cuttable.clear();
  }
  await until(() => a.got.length === 1_000 && b.got.length === 1_000);
  for (const node of [a, b]) {
    expect(node.got.every((frame, i) => frame.payload.startsWith(`${i} `) && !frame.again)).toBe(
      true,
    );
  }
  await until(() => a.dones.at(-1)?.[1] === 1_000 && b.dones.at(-1)?.[1] === 1_000);
  expect(cuts).toBeGreaterThan(4);
  expect(a.notes).toEqual(['1 up 1']);
  await Promise.all([a.links.close(), b.links.close()]);
  proxy.close();
});

test('a worker replaced gets announcements first, then what was not done, marked', async () => {
  const [a, b] = await pair({ settles: false, holds: ['romeo', 'juliet'] });
  for (const text of ['one', 'two', 'three']) a.links.send(1, ascii(text));
  await until(() => b.got.length === 3);
  b.links.settle(0, 2);
  await until(() => a.dones.at(-1)?.[1] === 2);
  a.tell(down(1, 1));
  a.links.send(1, ascii('four'));
  const successor = new Node(1, 2, {});
  await successor.open([up(0, 1), up(1, 2)]);
  a.tell(up(1, 2));
  await until(() => successor.got.length === 3);
  expect(successor.announcements).toEqual(['romeo for 1', 'juliet for 1']);
  expect(successor.got.map(({ payload, again }) => [payload, again])).toEqual([
    ['one', true],
    ['three', true],
    ['four', false],
  ]);
  await until(() => a.dones.at(-1)?.[2].length === 0);
  expect(a.notes).toEqual(['1 up 1', '1 down 1', '1 up 2']);
});

test('frames for a slot without a process come back after their time', async () => {
  const a = await new Node(0, 1, { limits: { parkMs: 50 } }).open([up(0, 1), down(1, 1)]);
  a.links.send(1, ascii('lost'));
  await until(() => a.notes.length > 0);
  expect(a.notes).toEqual(['dropped 1 1']);
});

test('a worker of the next protocol version and one of this version talk', async () => {
  const [a, b] = await pair(
    { protocol: { version: 2, minimum: 1 } },
    { protocol: { version: 1, minimum: 1 } },
  );
  a.links.send(1, ascii('hello'));
  await until(() => b.got.length === 1);
});

test('workers two versions apart do not own anything together', async () => {
  const [a, b] = await pair(
    { protocol: { version: 3, minimum: 2 } },
    { protocol: { version: 1, minimum: 1 } },
  );
  await sleep(100);
  expect([a.ready, b.ready]).toEqual([false, false]);
});

test('close waits for what was sent to be done', async () => {
  const [a, b] = await pair({ settles: false });
  await until(() => a.ready);
  a.links.send(1, ascii('last words'));
  let closed = false;
  const closing = a.links.close().then(() => (closed = true));
  await until(() => b.got.length === 1);
  expect(closed).toBe(false);
  b.links.settle(0, 1);
  await closing;
  expect(a.dones).toEqual([[1, 1, []]]);
  expect(a.notes).toEqual(['1 up 1']);
});

test('sockets of killed predecessors are cleared away', async () => {
  writeFileSync(join(directory, 'worker-0.1.sock'), '');
  const a = await new Node(0, 2, {}).open([up(0, 2)]);
  expect(a.ready).toBe(true);
});

test('a directory whose socket paths would be too long is refused with a hint', async () => {
  const node = new Node(0, 1, {});
  const keep = directory;
  directory = join(directory, 'x'.repeat(100));
  await expect(node.open([up(0, 1)])).rejects.toMatchObject({ code: 'socket-path-too-long' });
  directory = keep;
});
