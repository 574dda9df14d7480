// A module that has promised an answer is not waited for without end.
import type { Timers } from '../util/clock.ts';

export interface Outcomes<T> {
  readonly done: (value: T) => void;
  readonly failed: (error: unknown) => void;
  readonly late: () => void;
}

/** Calls exactly one of the outcomes, once. What the promise comes to after `late` concerns nobody any more. */
export function inTime<T>(
  timers: Timers,
  limitMs: number,
  promise: Promise<T>,
  { done, failed, late }: Outcomes<T>,
): void {
  let isLate = false;
  const timer = timers.after(limitMs, () => {
    isLate = true;
    late();
  });
  const unlessLate =
    <V>(act: (value: V) => void) =>
    (value: V): void => {
      if (isLate) return;
      timer.cancel();
      act(value);
    };
  promise.then(unlessLate(done), unlessLate(failed));
}
