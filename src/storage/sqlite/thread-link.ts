// Links to a writer in a thread of this process.
import { Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { entryUrl } from '../../util/entry.ts';
import type { Dial, Link, LinkEvents } from './link.ts';
import type { WriterOptions } from './server.ts';

interface Port {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
}

/** Sends a frame's bytes: a copy whose memory moves over, since the sender may need the frame again. */
export function postFrame(port: Port, frame: Buffer): void {
  const bytes = new Uint8Array(frame);
  port.postMessage(bytes, [bytes.buffer]);
}

function received(message: unknown): Buffer {
  const bytes = message as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Starts the writer's thread; the link closes when the thread has exited. */
export function threadDial(options: WriterOptions): Dial {
  return (events) =>
    new Promise((resolve) => {
      let reason = 'the thread ended';
      const worker = new Worker(entryUrl('storage/sqlite/writer-thread'), { workerData: options });
      worker.on('message', (message) => events.frame(received(message)));
      worker.on('error', (error: Error) => {
        reason = error.stack ?? error.message;
      });
      worker.on('exit', () => events.closed(reason));
      resolve({
        send: (frame) => postFrame(worker, frame),
        // The thread ends by itself when it has written and answered everything; it learns of it by an empty message.
        close: () => worker.postMessage(undefined),
        abort: () => void worker.terminate(),
      });
    });
}

/** The thread's own end. */
export function parentLink(port: MessagePort, events: LinkEvents): Link {
  let closed = false;
  const close = (reason: string): void => {
    if (closed) return;
    closed = true;
    events.closed(reason);
  };
  port.on('message', (message) => {
    if (message === undefined) close('the client left');
    else events.frame(received(message));
  });
  return {
    send: (frame) => postFrame(port, frame),
    close: () => close('closed here'),
    abort: () => close('aborted here'),
  };
}
