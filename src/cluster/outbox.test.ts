import { ascii } from '../xml/bytes.ts';
import type { LinkSink } from './link-sink.ts';
import { Outbox } from './outbox.ts';

/** What was given, with `!` for what was marked. */
class Given {
  readonly numbers: string[] = [];

  readonly sink = {
    frame: (no: number, again: boolean) => this.numbers.push(again ? `${no}!` : String(no)),
  } as unknown as LinkSink;

  from(outbox: Outbox): string[] {
    outbox.take(this.sink, 1_000_000);
    return this.numbers.splice(0);
  }
}

/** Frames 1 to `frames` were given to a process that died. */
function bereaved(frames: number): { outbox: Outbox; given: Given } {
  const outbox = new Outbox();
  const given = new Given();
  for (let no = 1; no <= frames; no += 1) outbox.add(ascii(`f${no}`));
  given.from(outbox);
  dies(outbox);
  return { outbox, given };
}

function dies(outbox: Outbox): number | undefined {
  const culprit = outbox.died();
  outbox.restart();
  return culprit?.no;
}

describe('frames that a process died with', () => {
  test('go to its successor one at a time, each when the one before is done', () => {
    const { outbox, given } = bereaved(2);
    expect(given.from(outbox)).toEqual(['1!']);
    expect(given.from(outbox)).toEqual([]);
    outbox.done(1, []);
    expect(given.from(outbox)).toEqual(['2!']);
  });

  test('hold back what was never given', () => {
    const { outbox, given } = bereaved(1);
    outbox.add(ascii('new'));
    expect(given.from(outbox)).toEqual(['1!']);
    outbox.done(1, []);
    expect(given.from(outbox)).toEqual(['2']);
    expect(outbox.onProbation).toBe(false);
  });

  test('go faster when many have passed', () => {
    const { outbox, given } = bereaved(1000);
    let rounds = 0;
    for (let last = 0; last < 1000; rounds += 1) {
      last += given.from(outbox).length;
      outbox.done(last, []);
    }
    expect(rounds).toBeLessThan(250);
  });

  test('are all suspects again when more than one was under way at the next death', () => {
    const { outbox, given } = bereaved(100);
    let last = 0;
    while (last < 65) {
      last += given.from(outbox).length;
      outbox.done(last, []);
    }
    expect(given.from(outbox)).toHaveLength(2);
    expect(dies(outbox)).toBeUndefined();
    expect(given.from(outbox)).toHaveLength(1);
  });
});

describe('the frame that was alone under way at a second death', () => {
  test('is given up, and the next one goes', () => {
    const { outbox, given } = bereaved(3);
    given.from(outbox);
    outbox.done(1, []);
    given.from(outbox);
    expect(dies(outbox)).toBe(2);
    expect(given.from(outbox)).toEqual(['3!']);
    outbox.done(3, []);
    expect(outbox.empty).toBe(true);
  });

  test('is not blamed when the process died before it was given anything', () => {
    const { outbox, given } = bereaved(1);
    expect(dies(outbox)).toBeUndefined();
    expect(given.from(outbox)).toEqual(['1!']);
  });

  test('is not blamed once it was handled, but the second time', () => {
    const { outbox, given } = bereaved(1);
    for (const culprit of [undefined, 1]) {
      given.from(outbox);
      outbox.done(1, [1]);
      expect(dies(outbox)).toBe(culprit);
    }
    expect(outbox.empty).toBe(true);
  });

  test('goes once more on a new connection to the same process, and is blamed all the same', () => {
    const { outbox, given } = bereaved(2);
    given.from(outbox);
    outbox.resume(0);
    expect(given.from(outbox)).toEqual(['1!']);
    expect(dies(outbox)).toBe(1);
  });
});

describe('a frame that was handled and stays open', () => {
  test('lets the others pass after a while', () => {
    const { outbox, given } = bereaved(2);
    given.from(outbox);
    outbox.done(1, [1]);
    expect(outbox.tick()).toBe(false);
    given.from(outbox);
    expect(outbox.tick()).toBe(true);
    expect(given.from(outbox)).toEqual(['2!']);
    outbox.done(2, []);
    expect(outbox.empty).toBe(true);
  });

  test('of which nothing is heard keeps them waiting much longer, and not for ever', () => {
    const { outbox, given } = bereaved(2);
    given.from(outbox);
    let ticks = 1;
    while (!outbox.tick()) ticks += 1;
    expect(ticks).toBeGreaterThan(100);
    expect(given.from(outbox)).toEqual(['2!']);
  });
});
