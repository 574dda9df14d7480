import { parseJid } from '../protocol/jid.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { Wheel } from '../util/wheel.ts';
import { Session } from './session.ts';
import type { SessionHome } from './session-home.ts';
import { StreamManagement } from './stream-management.ts';

const HOME: SessionHome = {
  send: () => undefined,
  acknowledges: () => undefined,
  proven: () => undefined,
  leaving: () => undefined,
  hibernates: () => undefined,
  offer: () => undefined,
  store: () => undefined,
  ended: () => undefined,
};

describe('a session that can be resumed', () => {
  let wheel: Wheel;
  let session: Session;

  beforeEach(() => {
    wheel = new Wheel(systemClock, systemTimers, () => undefined);
    const limits = {
      unacknowledgedStanzas: 10,
      unacknowledgedBytes: 10_000,
      resumeTimeoutMs: 60_000,
    };
    const parts = { wheel, clock: systemClock, limits, onEnd: () => undefined };
    session = new Session(1, parseJid('ann@sim.example/a'), HOME, undefined, parts);
    session.enable(new StreamManagement('token', 60_000, () => session.settled()));
  });

  afterEach(() => {
    wheel.stop();
  });

  test('is given to another worker as it stands', () => {
    expect(session.snapshot()?.token).toBe('token');
  });

  // With a copy on disk and one that goes on, the one on disk comes back with an `h` of long ago.
  test('is not given to another worker once it waits on disk', () => {
    session.seal();
    expect(session.snapshot()).toBeUndefined();
  });
});
