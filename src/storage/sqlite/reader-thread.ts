// Thread entry: reads on a read-only connection.
import { parentPort, workerData } from 'node:worker_threads';
import { InvariantError, OperatorError } from '../../util/errors.ts';
import { openReader } from './database.ts';
import { PageSource } from './page-source.ts';
import type { ReaderMessage, ReaderThreadOptions } from './reader.ts';

const port = parentPort;
if (port === null) throw new InvariantError('this file is the entry of a thread');
const { path, queries } = workerData as ReaderThreadOptions;

function say(message: ReaderMessage): void {
  port?.postMessage(message);
}

try {
  const source = new PageSource(openReader(path), queries);
  port.on('message', (request: Uint8Array | undefined) => {
    if (request === undefined) {
      source.close();
      port.close();
      return;
    }
    const answer = source.answer(Buffer.from(request.buffer));
    port.postMessage(answer, [answer.buffer as ArrayBuffer]);
  });
  say('ready');
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  const { code, message, hint } = error;
  say({ code, message, hint });
}
