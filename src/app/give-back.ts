// What a start leaves behind: parsed sources, the young generation at its largest, code of modules that ran once. V8
// returns it after minutes of work, or never to a process that idles.
import { Session } from 'node:inspector';
import type { Timers } from '../util/clock.ts';

/** A start is not held up by a collection that does not report. */
const LIMIT_MS = 2000;

/**
 * Collects garbage as for a machine that is short of memory: the only way that also makes the young generation small
 * again, which then grows with the load. Holds the process up for some 20 ms after a start.
 */
export async function giveBack(timers: Timers): Promise<void> {
  const session = new Session();
  session.connect();
  await new Promise<void>((resolve) => {
    // The timer also holds the session, which would be garbage to the very collection that it waits for.
    const limit = timers.after(LIMIT_MS, () => {
      resolve();
    });
    session.post('HeapProfiler.collectGarbage', () => {
      limit.cancel();
      // Not here: the session is locked while it calls back, and would wait for itself.
      timers.after(0, resolve);
    });
  });
  session.disconnect();
}
