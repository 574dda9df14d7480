// Virtual time: every step of a run is an event here. The seed says how long each lane takes, and so what overtakes what.

/** Lets everything run that only waits for promises; a tick is asked for from a microtask, so all others come first. */
function settled() {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** A binary heap of events by time, then by order of posting. */
class Agenda {
  #heap = [];

  get length() {
    return this.#heap.length;
  }

  get first() {
    return this.#heap[0];
  }

  push(event) {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(event, heap[up])) break;
      heap[at] = heap[up];
      at = up;
    }
    heap[at] = event;
  }

  shift() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
      if (!before(heap[down], last)) break;
      heap[at] = heap[down];
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function before(a, b) {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export class Scheduler {
  #agenda = new Agenda();
  #order = 0;
  #lanes = new Map();
  #chance;
  #pace;
  nowMs = 0;
  /** How far the wall clock is from the monotonic one. */
  wallMs = 1_700_000_000_000;
  steps = 0;

  /** @param pace how slow lanes are: `hop` usual milliseconds of a step, `stall` how often a lane stands still, `stallMs` */
  constructor(chance, pace) {
    this.#chance = chance;
    this.#pace = pace;
  }

  /** The lanes are fast from here on: the run comes to rest. */
  calm() {
    this.#pace = { hop: 0.2, stall: 0, stallMs: 0 };
  }

  get clock() {
    return {
      now: () => Math.floor(this.wallMs + this.nowMs),
      monotonicMs: () => this.nowMs,
    };
  }

  at(time, run) {
    const event = { at: time, order: this.#order++, run };
    this.#agenda.push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** StepScheduler of the memory links, and every other queue: one lane keeps its order, lanes overtake each other. */
  post(lane, run) {
    const { hop, stall, stallMs } = this.#pace;
    const delay = this.#chance.hit(stall)
      ? this.#chance.real() * stallMs
      : this.#chance.real() * hop;
    const due = Math.max(this.nowMs + delay, this.#lanes.get(lane) ?? 0);
    this.#lanes.set(lane, due);
    this.at(due, run);
  }

  /** The Timers port of one process: nothing of it runs once `alive` says no. Equal waits keep their order. */
  timers(alive) {
    const last = new Map();
    const after = (ms, run) => {
      const jitter = this.#chance.real() * Math.min(ms === 0 ? this.#pace.hop : 2, 2);
      const due = Math.max(this.nowMs + ms + jitter, last.get(ms) ?? 0);
      last.set(ms, due);
      return this.at(due, () => void (alive() && run()));
    };
    const every = (ms, run) => {
      let handle;
      let over = false;
      const again = () => {
        handle = after(ms, () => {
          run();
          if (!over) again();
        });
      };
      again();
      return {
        cancel: () => {
          over = true;
          handle.cancel();
        },
      };
    };
    return { after, every };
  }

  /** Runs events until `done`, or for so long. @returns false when time ran out */
  async run(done, limitMs = Infinity) {
    const endMs = this.nowMs + limitMs;
    await settled();
    while (!done()) {
      const next = this.#agenda.first;
      if (next === undefined || next.at > endMs) {
        if (endMs !== Infinity) this.nowMs = endMs;
        return done();
      }
      this.#agenda.shift();
      if (next.run === undefined) continue;
      this.nowMs = next.at;
      this.steps++;
      next.run();
      await settled();
    }
    return true;
  }
}
