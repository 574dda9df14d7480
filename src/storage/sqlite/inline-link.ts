// Links to a writer in the caller's own thread: for the simulation and for tests that step time by hand.
import type { Timers } from '../../util/clock.ts';
import type { Dial, Link, LinkEvents } from './link.ts';
import type { StoreServer } from './server.ts';

/** Frames cross in order, in a later turn; `abort` of either end is the crash of the connection. */
export function inlineDial(timers: Timers, server: StoreServer): Dial {
  return (clientEvents) => {
    let open = true;
    let serverEvents: LinkEvents | undefined;
    const queue: (() => void)[] = [];
    const later = (step: () => void): void => {
      queue.push(step);
      if (queue.length > 1) return;
      timers.after(0, () => {
        for (const due of queue.splice(0)) due();
      });
    };
    const end = (): void => {
      if (!open) return;
      open = false;
      serverEvents?.closed('closed');
      clientEvents.closed('closed');
    };
    const side = (target: () => LinkEvents | undefined): Link => ({
      send(frame) {
        const copy = Buffer.from(frame);
        later(() => {
          if (open) target()?.frame(copy);
        });
      },
      close: () => later(end),
      abort: end,
    });
    server.accept((events) => {
      serverEvents = events;
      return side(() => clientEvents);
    });
    return Promise.resolve(side(() => serverEvents));
  };
}
