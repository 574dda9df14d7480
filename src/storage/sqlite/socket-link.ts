// Links over a Unix socket: each frame behind its length, u32 little-endian.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { writeU32 } from '../packed.ts';
import type { Dial, Link, LinkEvents } from './link.ts';
import { MAX_FRAME_BYTES } from './wire.ts';

const HEADER_BYTES = 4;

/** Cuts a byte stream into frames. */
class FrameCutter {
  readonly #deliver: (frame: Buffer) => void;
  readonly #header = Buffer.allocUnsafeSlow(HEADER_BYTES);
  #headerBytes = 0;
  #frame: Buffer | undefined;
  #frameBytes = 0;

  constructor(deliver: (frame: Buffer) => void) {
    this.#deliver = deliver;
  }

  /** @returns false for a length that is none of ours */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame === undefined) {
        const take = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + take);
        at += take;
        this.#headerBytes += take;
        if (this.#headerBytes < HEADER_BYTES) return true;
        const length = this.#header.readUInt32LE(0);
        if (length === 0 || length > MAX_FRAME_BYTES) return false;
        this.#headerBytes = 0;
        this.#frame = Buffer.allocUnsafeSlow(length);
        this.#frameBytes = 0;
      }
      const frame = this.#frame;
      const take = Math.min(frame.length - this.#frameBytes, chunk.length - at);
      chunk.copy(frame, this.#frameBytes, at, at + take);
      at += take;
      this.#frameBytes += take;
      if (this.#frameBytes === frame.length) {
        this.#frame = undefined;
        this.#deliver(frame);
      }
    }
    return true;
  }
}

/** The link of a connected socket. */
export function socketLink(socket: Socket, events: LinkEvents): Link {
  let closed = false;
  let reason = 'the other end closed the socket';
  const cutter = new FrameCutter((frame) => events.frame(frame));
  socket.on('data', (chunk: Buffer) => {
    if (cutter.push(chunk)) return;
    reason = 'bytes that are no frame';
    socket.destroy();
  });
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => {
    closed = true;
    events.closed(reason);
  });
  return {
    send(frame) {
      if (closed) return;
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      writeU32(header, 0, frame.length);
      socket.cork();
      socket.write(header);
      socket.write(frame);
      socket.uncork();
    },
    close() {
      if (closed) return;
      reason = 'closed here';
      // Half-open: what the peer sent before it noticed still arrives.
      socket.end();
    },
    abort() {
      reason = 'aborted here';
      socket.destroy();
    },
  };
}

/** Dials the store process. */
export function socketDial(path: string): Dial {
  return (events) =>
    new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socketLink(socket, events));
      });
    });
}
