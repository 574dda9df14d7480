import fc from 'fast-check';
import { InvariantError } from '../../util/errors.ts';
import { ascii, type Bytes } from '../../xml/bytes.ts';
import type { FrameNo, Incoming, LinkHandler, Links } from '../link.ts';
import type { TimerHandle, Timers } from '../../util/clock.ts';
import { MemoryNetwork, type StepScheduler } from './memory-network.ts';

const WORKERS = 3;

/** Picks among the lanes that have a step by the numbers it is given. */
class Lanes implements StepScheduler {
  readonly #lanes = new Map<string, (() => void)[]>();

  post(lane: string, run: () => void): void {
    const steps = this.#lanes.get(lane);
    if (steps === undefined) this.#lanes.set(lane, [run]);
    else steps.push(run);
  }

  step(choice: number): boolean {
    const names = [...this.#lanes.keys()];
    const name = names[choice % names.length];
    if (name === undefined) return false;
    const steps = this.#lanes.get(name) ?? [];
    const run = steps.shift();
    if (steps.length === 0) this.#lanes.delete(name);
    run?.();
    return true;
  }

  drain(): void {
    for (let choice = 0; this.step(choice); choice += 7) {
      if (choice > 7 * 100_000) throw new InvariantError('the network never comes to rest');
    }
  }
}

/** Timers that fire when told. */
class ManualTimers implements Timers {
  readonly #due = new Set<() => void>();

  after(_ms: number, run: () => void): TimerHandle {
    this.#due.add(run);
    return { cancel: () => void this.#due.delete(run) };
  }

  every(_ms: number, run: () => void): TimerHandle {
    const again = (): void => {
      this.#due.add(again);
      run();
    };
    this.#due.add(again);
    return { cancel: () => void this.#due.delete(again) };
  }

  fire(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const run of due) run();
  }
}

interface Sent {
  readonly to: number;
  readonly name: string;
  readonly sender: Worker;
  settled: boolean;
  dropped: boolean;
  poison: boolean;
  seenBy: Set<Worker>;
}

/** One process: notes what its links say and checks the promises as they are made. */
class Worker implements LinkHandler {
  readonly world: World;
  readonly slot: number;
  readonly epoch: number;
  readonly bornBeside: readonly Worker[];
  readonly sent = new Map<string, Sent>();
  readonly owed: Incoming[] = [];
  readonly announcedBy = new Set<string>();
  readonly lastOrder = new Map<Worker, number>();
  readonly doneUpTo = new Map<number, number>();
  readonly peers: string[] = [];
  links!: Links;
  alive = true;
  ready = false;

  constructor(world: World, slot: number, epoch: number) {
    this.world = world;
    this.slot = slot;
    this.epoch = epoch;
    this.bornBeside = world.workers.filter((other): other is Worker => other?.alive === true);
  }

  get name(): string {
    return `${this.slot}.${this.epoch}`;
  }

  send(to: number): void {
    const name = `${this.name}>${to}#${this.sent.size}`;
    const no = this.links.send(to, ascii(name));
    const sent = {
      to,
      name,
      sender: this,
      settled: false,
      dropped: false,
      poison: false,
      seenBy: new Set<Worker>(),
    };
    this.sent.set(`${to}:${no}`, sent);
    this.world.sent.set(name, sent);
  }

  settleOne(choice: number): void {
    const [frame] = this.owed.splice(choice % Math.max(1, this.owed.length), 1);
    if (frame === undefined) return;
    const sent = this.world.sent.get(frame.payload);
    if (sent !== undefined) sent.settled = true;
    this.links.settle(frame.from, frame.no);
  }

  onFrame(frame: Incoming): void {
    if (frame.payload === this.world.fatal) {
      this.world.kill(this.slot);
      return;
    }
    expect(this.ready).toBe(true);
    const sent = this.world.sent.get(frame.payload) as Sent;
    expect(sent.to).toBe(this.slot);
    const order = Number(frame.payload.split('#')[1]);
    expect(order).toBeGreaterThan(this.lastOrder.get(sent.sender) ?? -1);
    this.lastOrder.set(sent.sender, order);
    expect(sent.seenBy.has(this)).toBe(false);
    // Seen by a predecessor means marked; marked means that there was a predecessor while it was sent.
    if (sent.seenBy.size > 0) expect(frame.again).toBe(true);
    if (frame.again) expect(this.world.generations[this.slot]).toBeGreaterThan(1);
    sent.seenBy.add(this);
    this.owed.push(frame);
  }

  onDone(to: number, upTo: FrameNo, exceptions: readonly FrameNo[]): void {
    expect(upTo).toBeGreaterThanOrEqual(this.doneUpTo.get(to) ?? 0);
    this.doneUpTo.set(to, upTo);
    const open = new Set(exceptions);
    const falselyDone: string[] = [];
    for (let no = 1; no <= upTo; no += 1) {
      const sent = this.sent.get(`${to}:${no}`) as Sent;
      if (!open.has(no) && !sent.settled && !sent.dropped && !sent.poison)
        falselyDone.push(sent.name);
    }
    expect(falselyDone).toEqual([]);
    this.lastOpen.set(to, [...exceptions]);
  }

  readonly lastOpen = new Map<number, FrameNo[]>();

  onPeer(worker: number, state: 'up' | 'down', epoch: number): void {
    this.peers.push(`${worker}.${epoch} ${state}`);
  }

  *announce(to: number): Iterable<Bytes> {
    yield ascii(`held by ${this.name} for ${to}`);
    yield ascii(this.name);
  }

  onAnnounced(_from: number, payload: Bytes): void {
    this.announcedBy.add(payload);
  }

  onReady(): void {
    expect(this.ready).toBe(false);
    this.ready = true;
    for (const other of this.bornBeside) {
      if (other.alive) expect(this.announcedBy).toContain(other.name);
    }
  }

  onPoison(to: number, no: FrameNo): void {
    const sent = this.sent.get(`${to}:${no}`) as Sent;
    expect(sent.poison).toBe(false);
    // Two processes of the slot are dead, and more than one of them had been given it.
    expect(this.world.generations[to]).toBeGreaterThan(1);
    sent.poison = true;
  }

  onDropped(to: number, no: FrameNo): void {
    (this.sent.get(`${to}:${no}`) as Sent).dropped = true;
  }
}

class World {
  readonly lanes = new Lanes();
  readonly timers = new ManualTimers();
  readonly workers: (Worker | undefined)[] = [];
  readonly generations: number[] = new Array<number>(WORKERS).fill(0);
  readonly sent = new Map<string, Sent>();
  readonly network: MemoryNetwork;
  /** Ends the process that handles it. */
  fatal = '';

  constructor(limits = {}) {
    this.network = new MemoryNetwork({
      workers: WORKERS,
      scheduler: this.lanes,
      timers: this.timers,
      limits,
    });
    for (let slot = 0; slot < WORKERS; slot += 1) this.start(slot);
  }

  start(slot: number): Worker {
    const epoch = (this.generations[slot] ?? 0) + 1;
    this.generations[slot] = epoch;
    const worker = new Worker(this, slot, epoch);
    this.workers[slot] = worker;
    worker.links = this.network.open(slot, epoch, worker);
    return worker;
  }

  kill(slot: number): void {
    const worker = this.workers[slot];
    if (worker !== undefined) worker.alive = false;
    this.network.kill(slot);
  }

  at(slot: number): Worker {
    return this.workers[slot] as Worker;
  }

  settleAll(): void {
    for (let settled = 1; settled > 0;) {
      settled = 0;
      this.lanes.drain();
      for (const worker of this.workers) {
        for (; worker?.alive === true && worker.owed.length > 0; settled += 1) worker.settleOne(0);
      }
    }
  }
}

test('whatever dies between any two steps, living workers lose nothing, keep order and learn of no false done', () => {
  const action = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.nat(1_000), fc.nat(1_000));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400, size: 'max' }), (actions) => {
      const world = new World();
      for (const [kind, a, b] of actions) {
        const worker = world.at(a % WORKERS);
        if (kind < 22) {
          if (worker.alive) worker.send((worker.slot + 1 + (b % (WORKERS - 1))) % WORKERS);
        } else if (kind < 40) {
          if (worker.alive) worker.settleOne(b);
        } else if (kind < 43) {
          if (worker.alive) world.kill(worker.slot);
        } else if (kind < 49) {
          if (!worker.alive) world.start(worker.slot);
        } else if (kind < 51) {
          world.network.cut(a % WORKERS, (a + 1) % WORKERS);
        } else {
          world.lanes.step(b);
        }
      }
      for (const worker of [...world.workers]) {
        if (worker?.alive === false) world.start(worker.slot);
      }
      world.settleAll();
      for (const worker of world.workers as Worker[]) {
        expect(worker.ready).toBe(true);
        for (const [key, sent] of worker.sent) {
          expect(sent.dropped).toBe(false);
          if (sent.poison) continue;
          expect(sent.settled).toBe(true);
          const [to, no] = key.split(':').map(Number) as [number, number];
          expect(worker.doneUpTo.get(to)).toBeGreaterThanOrEqual(no);
          expect(worker.lastOpen.get(to)).toEqual([]);
          expect(worker.links.room(to)).toBe(16 * 1024 * 1024);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('frames not done go to the new process marked again, those done do not, and new ones follow unmarked', () => {
  const world = new World();
  world.lanes.drain();
  const [sender, first] = [world.at(0), world.at(1)];
  for (let i = 0; i < 4; i += 1) sender.send(1);
  world.lanes.drain();
  first.settleOne(1);
  first.settleOne(2);
  world.lanes.drain();
  expect(sender.lastOpen.get(1)).toEqual([1, 3]);
  world.kill(1);
  world.lanes.drain();
  sender.send(1);
  const second = world.start(1);
  const got: string[] = [];
  for (let left = 3; left > 0; left -= 1) {
    world.lanes.drain();
    got.push(...second.owed.map(({ payload, again }) => `${payload} ${again}`));
    second.settleOne(0);
  }
  expect(got).toEqual(['0.1>1#0 true', '0.1>1#2 true', '0.1>1#4 false']);
  expect(sender.peers).toEqual(expect.arrayContaining(['1.1 up', '1.1 down', '1.2 up']));
});

test('a new process owns nothing while a live worker has not announced', () => {
  const world = new World();
  world.lanes.drain();
  world.kill(1);
  world.lanes.drain();
  const second = world.start(1);
  expect(second.ready).toBe(false);
  world.at(0).send(1);
  world.lanes.drain();
  expect(second.ready).toBe(true);
  expect([...second.announcedBy]).toEqual(expect.arrayContaining(['0.1', '2.1']));
});

test('a slot without a process for too long gives its frames back, and later ones at once', () => {
  const world = new World();
  world.lanes.drain();
  const sender = world.at(0);
  sender.send(1);
  world.lanes.drain();
  world.kill(1);
  world.lanes.drain();
  sender.send(1);
  world.lanes.drain();
  expect([...sender.sent.values()].map(({ dropped }) => dropped)).toEqual([false, false]);
  world.timers.fire();
  sender.send(1);
  world.lanes.drain();
  expect([...sender.sent.values()].map(({ dropped }) => dropped)).toEqual([true, true, true]);
  expect(sender.links.room(1)).toBe(16 * 1024 * 1024);
  const second = world.start(1);
  world.lanes.drain();
  sender.send(1);
  world.settleAll();
  expect(second.lastOrder.get(sender)).toBe(3);
  expect(sender.doneUpTo.get(1)).toBe(4);
});

test('room falls with what is not done, and what is sent beyond twice the bound comes back', () => {
  const world = new World({ maxBytes: 200 });
  world.lanes.drain();
  const sender = world.at(0);
  for (let i = 0; i < 20; i += 1) sender.send(1);
  expect(sender.links.room(1)).toBe(0);
  world.settleAll();
  const dropped = [...sender.sent.values()].map((sent) => sent.dropped);
  expect(dropped.slice(0, 9)).not.toContain(true);
  expect(dropped.slice(-9)).not.toContain(false);
  expect(sender.links.room(1)).toBe(200);
});

test('a frame settled twice is a bug that is named', () => {
  const world = new World();
  world.lanes.drain();
  world.at(0).send(1);
  world.at(0).send(1);
  world.lanes.drain();
  const receiver = world.at(1);
  const frame = receiver.owed[1] as Incoming;
  receiver.links.settle(0, frame.no);
  expect(() => receiver.links.settle(0, frame.no)).toThrow('settled twice');
});

test('what a dead sender is owed is settled without effect on its successor', () => {
  const world = new World();
  world.lanes.drain();
  world.at(0).send(1);
  world.lanes.drain();
  world.kill(0);
  const successor = world.start(0);
  world.lanes.drain();
  successor.send(1);
  world.lanes.drain();
  const [old, fresh] = world.at(1).owed;
  world.at(1).links.settle(0, (old as Incoming).no);
  world.lanes.drain();
  expect(successor.doneUpTo.get(1)).toBeUndefined();
  expect((fresh as Incoming).no).toBeGreaterThan((old as Incoming).no);
});

test('a close waits for done in both directions and then ends', async () => {
  const world = new World();
  world.lanes.drain();
  world.at(0).send(1);
  world.at(1).send(0);
  let closed = false;
  const closing = world
    .at(0)
    .links.close()
    .then(() => (closed = true));
  world.lanes.drain();
  await Promise.resolve();
  expect(closed).toBe(false);
  world.at(1).settleOne(0);
  world.lanes.drain();
  world.at(0).settleOne(0);
  world.lanes.drain();
  await closing;
  expect(world.at(1).doneUpTo.get(0)).toBe(1);
  expect(world.at(0).doneUpTo.get(1)).toBe(1);
});

test('a frame that ends two processes is given back, and those around it arrive once, in order', () => {
  const world = new World();
  world.lanes.drain();
  const sender = world.at(0);
  world.fatal = '0.1>1#2';
  for (let i = 0; i < 5; i += 1) sender.send(1);
  world.lanes.drain();
  expect(world.at(1).alive).toBe(false);
  sender.send(1);
  const second = world.start(1);
  world.settleAll();
  expect(second.alive).toBe(false);
  const third = world.start(1);
  world.settleAll();
  expect(third.alive).toBe(true);
  const sent = [...sender.sent.values()];
  expect(sent.filter(({ poison }) => poison).map(({ name }) => name)).toEqual([world.fatal]);
  expect(sent.filter(({ settled }) => settled)).toHaveLength(5);
  expect(sender.links.room(1)).toBe(16 * 1024 * 1024);
});

test('a frame that a process lives on with, open as it stays, does not hold up the others for ever', () => {
  const world = new World();
  world.lanes.drain();
  const sender = world.at(0);
  sender.send(1);
  world.lanes.drain();
  world.kill(1);
  world.lanes.drain();
  const second = world.start(1);
  sender.send(1);
  world.lanes.drain();
  expect(second.owed).toHaveLength(1);
  for (let times = 0; times < 2; times += 1) {
    world.timers.fire();
    world.lanes.drain();
  }
  expect(second.owed.map(({ payload }) => payload)).toEqual(['0.1>1#0', '0.1>1#1']);
});
