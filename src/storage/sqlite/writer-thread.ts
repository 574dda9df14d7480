// Thread entry: the writer for one Storage of the same process.
import { parentPort, workerData } from 'node:worker_threads';
import { InvariantError, OperatorError } from '../../util/errors.ts';
import { systemClock, systemTimers } from '../../util/system-clock.ts';
import { ThreadCheckpoints } from './checkpoints.ts';
import { lineLog } from './line-log.ts';
import { StoreServer } from './server.ts';
import type { WriterOptions } from './server.ts';
import { parentLink, postFrame } from './thread-link.ts';
import { encodeJson, FRAME_LOG, FRAME_REFUSED } from './wire.ts';

const port = parentPort;
if (port === null) throw new InvariantError('this file is the entry of a thread');
const options = workerData as WriterOptions;

function open(): StoreServer | undefined {
  try {
    return new StoreServer(options, {
      clock: systemClock,
      timers: systemTimers,
      log: lineLog((line) =>
        postFrame(port as NonNullable<typeof port>, encodeJson(FRAME_LOG, line)),
      ),
      soon: setImmediate,
      checkpoints: (listener) => new ThreadCheckpoints(options, listener),
    });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { code, message, hint } = error;
    postFrame(port as NonNullable<typeof port>, encodeJson(FRAME_REFUSED, { code, message, hint }));
    port?.close();
    return undefined;
  }
}

const server = open();
server?.accept((events) =>
  parentLink(port, {
    frame: (frame) => events.frame(frame),
    closed(reason) {
      events.closed(reason);
      server.stop();
      port.close();
    },
  }),
);
