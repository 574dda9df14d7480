import type { EndReason } from '../session/session-port.ts';
import { silentLog } from '../util/log.ts';
import { MemoryGuard, SHEDDING_STAGES } from './memory-guard.ts';

class FakeSession {
  readonly connected: boolean;
  readonly queuedBytes: number;
  ended: EndReason | undefined;

  constructor(connected: boolean, queuedBytes: number) {
    this.connected = connected;
    this.queuedBytes = queuedBytes;
  }

  end(reason: EndReason): void {
    this.ended = reason;
  }
}

class FakeStream {
  readonly loggedIn: boolean;
  refused = false;

  constructor(loggedIn: boolean) {
    this.loggedIn = loggedIn;
  }

  noRoom(): void {
    this.refused = true;
  }
}

function guarded(sessions: readonly FakeSession[] = [], streams: readonly FakeStream[] = []) {
  const state = { budget: 100, resident: 50, emptied: 0, collected: 0, nowMs: 0 };
  const guard = new MemoryGuard({
    budgetBytes: () => state.budget,
    residentBytes: () => state.resident,
    collect: () => {
      state.collected += 1;
    },
    emptyCaches: () => {
      state.emptied += 1;
      return 0;
    },
    sessions: () => sessions.filter(({ ended }) => ended === undefined),
    streams: () => streams,
    clock: { now: () => 0, monotonicMs: () => state.nowMs },
    timers: {
      after: () => ({ cancel: () => undefined }),
      every: () => ({ cancel: () => undefined }),
    },
    log: silentLog,
  });
  return { state, guard };
}

test('below the budget, or without one, nothing is shed', () => {
  const { state, guard } = guarded();
  guard.look();
  state.budget = 0;
  state.resident = 1e12;
  guard.look();
  expect(guard.stage).toBe(0);
  expect(state.emptied).toBe(0);
});

test('each look beyond the budget goes one stage further, in the order of the table', () => {
  const hibernating = new FakeSession(false, 10);
  const idle = new FakeSession(true, 0);
  const slow = new FakeSession(true, 10);
  const fresh = new FakeStream(false);
  const known = new FakeStream(true);
  const { state, guard } = guarded([hibernating, idle, slow], [fresh, known]);
  state.resident = 101;
  guard.look();
  expect([state.emptied, state.collected, guard.full, fresh.refused]).toEqual([1, 1, false, false]);
  guard.look();
  expect([guard.full, fresh.refused, known.refused]).toEqual([true, true, false]);
  expect(hibernating.ended).toBeUndefined();
  guard.look();
  expect([hibernating.ended, slow.ended]).toEqual(['resource-constraint', undefined]);
  guard.look();
  expect([slow.ended, idle.ended]).toEqual(['resource-constraint', undefined]);
  guard.look();
  expect(guard.stage).toBe(SHEDDING_STAGES.length);
  expect(guard.shedSessions).toBe(2);
});

test('of many hibernating sessions those with the longest queues go first', () => {
  const sessions = Array.from({ length: 500 }, (_, n) => new FakeSession(false, n));
  const { state, guard } = guarded(sessions);
  state.resident = 101;
  for (let n = 0; n < 3; n += 1) guard.look();
  expect(
    sessions.filter(({ ended }) => ended !== undefined).map((each) => each.queuedBytes),
  ).toEqual(Array.from({ length: 200 }, (_, n) => 300 + n));
});

test('shedding ends clearly below the budget and not before', () => {
  const { state, guard } = guarded();
  state.resident = 101;
  guard.look();
  state.resident = 95;
  guard.look();
  expect(guard.stage).toBe(1);
  state.resident = 89;
  guard.look();
  expect(guard.stage).toBe(0);
});

test('garbage is not collected at every look', () => {
  const { state, guard } = guarded();
  state.resident = 101;
  guard.look();
  guard.look();
  expect(state.collected).toBe(1);
  state.nowMs = 10_000;
  guard.look();
  expect(state.collected).toBe(2);
});
