import type { TimerHandle, Timers } from '../util/clock.ts';
import { ascii } from '../xml/bytes.ts';
import { LAZY_DONE_MS, type LinkHandler } from './link.ts';
import type { LinkSink } from './link-sink.ts';
import { LinkState } from './link-state.ts';

/** Timers that fire when told. */
class ManualTimers implements Timers {
  readonly waits: number[] = [];
  #due: (() => void)[] = [];

  after(ms: number, run: () => void): TimerHandle {
    this.waits.push(ms);
    this.#due.push(run);
    return { cancel: () => void (this.#due = this.#due.filter((other) => other !== run)) };
  }

  every(ms: number, run: () => void): TimerHandle {
    return this.after(ms, run);
  }

  fire(): void {
    const due = this.#due;
    this.#due = [];
    for (const run of due) run();
  }
}

const HANDLER: LinkHandler = {
  onFrame: () => undefined,
  onDone: () => undefined,
  onPeer: () => undefined,
  announce: () => [],
  onAnnounced: () => undefined,
  onReady: () => undefined,
  onDropped: () => undefined,
  onPoison: () => undefined,
};

/** Slot 0's link to slot 1, which is up, has announced and is ready; what it says is noted. */
class Link {
  readonly timers = new ManualTimers();
  readonly said: string[] = [];
  wakeUps = 0;
  readonly state = new LinkState({
    self: 0,
    epoch: 1,
    workers: 2,
    handler: HANDLER,
    timers: this.timers,
    wake: () => void (this.wakeUps += 1),
    hangUp: () => undefined,
  });
  readonly peer = this.state.peer(1);
  private received = 0;

  constructor() {
    this.state.start([{ slot: 1, epoch: 1, up: true }]);
    this.peer.connect({
      slot: 1,
      epoch: 1,
      received: 0,
      toEpoch: 1,
      announced: true,
      ready: true,
    });
    this.peer.announced();
    this.collect();
    this.said.length = 0;
    this.wakeUps = 0;
    this.timers.waits.length = 0;
  }

  receive(bytes = 1): number {
    this.received += 1;
    this.peer.frame(this.received, false, ascii('x'.repeat(bytes)));
    return this.received;
  }

  collect(): void {
    this.peer.collect(this.sink, 1_000_000);
  }

  private readonly sink: LinkSink = {
    frame: (no) => void this.said.push(`frame ${no}`),
    done: (upTo, exceptions) => void this.said.push(`done ${[upTo, ...exceptions].join(' -')}`),
    announce: () => undefined,
    announced: () => undefined,
    ready: () => undefined,
    bye: () => undefined,
    byeOk: () => undefined,
  };
}

describe('a done that nobody waits for', () => {
  test('wakes nobody, and leaves in front of the next frame that goes that way', () => {
    const link = new Link();
    link.peer.settle(link.receive(), true);
    expect(link.wakeUps).toBe(0);
    link.peer.send(ascii('anything'));
    expect(link.wakeUps).toBe(1);
    link.collect();
    expect(link.said).toEqual(['done 1', 'frame 1']);
  });

  test('leaves by itself after a while, several at once, for which one timer was set', () => {
    const link = new Link();
    link.peer.settle(link.receive(), true);
    link.peer.settle(link.receive(), true);
    expect(link.timers.waits).toEqual([LAZY_DONE_MS]);
    expect(link.wakeUps).toBe(0);
    link.timers.fire();
    expect(link.wakeUps).toBe(1);
    link.collect();
    expect(link.said).toEqual(['done 2']);
  });

  test('leaves with one that somebody waits for', () => {
    const link = new Link();
    const [first, second] = [link.receive(), link.receive()];
    link.peer.settle(first, true);
    link.peer.settle(second);
    expect(link.wakeUps).toBe(1);
    link.collect();
    expect(link.said).toEqual(['done 2']);
    link.timers.fire();
    expect(link.wakeUps).toBe(1);
  });

  test.each([
    ['frames', 300, 1],
    ['bytes', 20, 10_000],
  ])('does not wait when its sender keeps many %s for it', (_what, frames, bytes) => {
    const link = new Link();
    for (let i = 0; i < frames; i += 1) link.peer.settle(link.receive(bytes), true);
    expect(link.wakeUps).toBe(1);
  });

  test('does not hold up a close', () => {
    const link = new Link();
    link.peer.settle(link.receive(), true);
    link.state.beginClose(() => undefined);
    expect(link.wakeUps).toBe(1);
    link.collect();
    link.peer.settle(link.receive(), true);
    link.collect();
    expect(link.said).toContain('done 2');
  });
});
