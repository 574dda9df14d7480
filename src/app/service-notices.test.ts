import { serviceEnvironment } from '../config/service-environment.ts';
import type { Log } from '../util/log.ts';
import { silentLog } from '../util/log.ts';
import { ServiceNotices } from './service-notices.ts';

function noticesWith(environment: Record<string, string>, log: Log = silentLog) {
  const said: (readonly string[])[] = [];
  const state = { healthy: true, beat: (): void => undefined, everyMs: 0, cancelled: false };
  const waiting: ((error?: Error) => void)[] = [];
  const notices = new ServiceNotices({
    environment: serviceEnvironment(environment, 42),
    notify: (assignments, done) => {
      said.push(assignments);
      waiting.push(done);
    },
    healthy: () => state.healthy,
    monotonicMicroseconds: () => 1_234_567n,
    timers: {
      after: () => ({ cancel: () => undefined }),
      every: (ms, run) => {
        state.everyMs = ms;
        state.beat = run;
        return { cancel: () => (state.cancelled = true) };
      },
    },
    log,
  });
  return { notices, said, state, done: (error?: Error) => waiting.shift()?.(error) };
}

const SOCKET = { NOTIFY_SOCKET: '/run/notify' };

test('without a socket nothing is said', () => {
  const { notices, said } = noticesWith({});
  notices.ready('x');
  notices.reloading();
  notices.stopping();
  expect(said).toEqual([]);
});

test('one notice at a time, in order', () => {
  const { notices, said, done } = noticesWith(SOCKET);
  notices.ready('serving');
  notices.reloading();
  notices.reloaded('serving');
  expect(said).toEqual([['READY=1', 'STATUS=serving']]);
  done();
  expect(said[1]).toEqual(['RELOADING=1', 'MONOTONIC_USEC=1234567']);
  done();
  expect(said[2]).toEqual(['READY=1', 'STATUS=serving']);
});

test('signs of life come at half the time, while the server is healthy and no longer', () => {
  const { notices, said, state, done } = noticesWith({ ...SOCKET, WATCHDOG_USEC: '10000000' });
  notices.ready('x');
  done();
  expect(state.everyMs).toBe(5000);
  state.beat();
  done();
  expect(said.at(-1)).toEqual(['WATCHDOG=1']);
  state.healthy = false;
  state.beat();
  expect(said).toHaveLength(2);
  notices.stopping();
  expect(state.cancelled).toBe(true);
});

test('a watchdog of another process is not ours', () => {
  expect(
    serviceEnvironment({ WATCHDOG_USEC: '10', WATCHDOG_PID: '7' }, 42).watchdogMs,
  ).toBeUndefined();
  expect(serviceEnvironment({ WATCHDOG_USEC: '2000', WATCHDOG_PID: '42' }, 42).watchdogMs).toBe(2);
});

test('a systemd that does not answer is complained of once, and what waits is bounded', () => {
  const complaints: string[] = [];
  const log: Log = { ...silentLog, warn: (_fields, message) => complaints.push(message) };
  const { notices, said, done } = noticesWith(SOCKET, log);
  for (let n = 0; n < 100; n += 1) notices.reloading();
  for (let n = 0; n < 100; n += 1) done(new TypeError('nobody there'));
  expect(complaints).toHaveLength(1);
  expect(said).toHaveLength(17);
});
