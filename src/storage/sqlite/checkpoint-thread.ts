// Thread entry: checkpoints on request.
import { parentPort, workerData } from 'node:worker_threads';
import { InvariantError } from '../../util/errors.ts';
import { systemClock } from '../../util/system-clock.ts';
import { Checkpointer } from './checkpointer.ts';
import type { CheckpointMessage, CheckpointThreadOptions } from './checkpoints.ts';
import { messageOf, openCheckpointer } from './database.ts';

const port = parentPort;
if (port === null) throw new InvariantError('this file is the entry of a thread');
const { path, synchronous } = workerData as CheckpointThreadOptions;
const checkpointer = new Checkpointer(openCheckpointer(path, synchronous), systemClock);

function look(): CheckpointMessage {
  try {
    return checkpointer.look();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

port.on('message', (message: 'look' | 'close') => {
  if (message === 'look') {
    port.postMessage(look());
    return;
  }
  checkpointer.close();
  port.close();
});
