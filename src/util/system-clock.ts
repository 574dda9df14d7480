// The real ports: system time, libuv timers, OpenSSL's random generator.
import { randomBytes } from 'node:crypto';
import type { Clock, Random, TimerHandle, Timers } from './clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  id: () => randomBytes(16).toString('base64url'),
};

export const systemTimers: Timers = {
  after(ms, run): TimerHandle {
    const timer = setTimeout(run, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms, run): TimerHandle {
    const timer = setInterval(run, ms).unref();
    return { cancel: () => clearInterval(timer) };
  },
};
