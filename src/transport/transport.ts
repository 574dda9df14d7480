// One connection's bytes, in the clear or over TLS. Knows no XML. Handlers are shared: an idle connection costs no closure.
import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import type { Bytes } from '../xml/bytes.ts';
import { inheritPeerAddress, peerAddress } from './peer-address.ts';
import type { Gated, ReadGate } from './read-gate.ts';
import type { Flushable, WriteTick } from './write-tick.ts';

/** Whoever reads a connection. Calls come one at a time. */
export interface TransportUser {
  /** The buffer may be reused after the call. */
  onData(chunk: Buffer): void;
  /** The peer reads too slowly for what is written: nothing further of it is to be handled until `onRelieved`. */
  onCrowded(): void;
  onRelieved(): void;
  /** The connection is gone; nothing comes after it. `fin`: the peer ended it properly. */
  onClosed(fin: boolean): void;
}

export interface TransportParts {
  readonly tick: WriteTick;
  readonly gate: ReadGate;
  /** A peer that leaves more than this unread is cut (and may resume). */
  readonly writeBufferBytes: number;
}

/**
 * SECURITY: above this much unsent output a peer's own input is not handled either, not even the rest of a chunk that was
 * received: nobody can flood us with short requests for long replies.
 */
const REPLY_BUFFER_BYTES = 64 * 1024;

/** After so many bytes a connection lets the others read: libuv alone would give it two megabytes in a row. */
const TURN_BYTES = 64 * 1024;

/** Once we have ended our side, the peer has this long to end its own. */
const LINGER_MS = 5000;

interface Owned {
  transport?: Transport;
}

function onData(this: Socket & Owned, chunk: Buffer): void {
  this.transport?.received(chunk);
}
function onEnd(this: Socket & Owned): void {
  this.transport?.peerEnded();
}
function onClose(this: Socket & Owned): void {
  this.transport?.closed();
}
function onDrain(this: Socket & Owned): void {
  this.transport?.drained();
}
function onError(this: Socket & Owned): void {
  // 'close' follows and says all that matters: the peer is gone without a FIN.
  this.transport?.failed();
}
function onLinger(this: Socket & Owned): void {
  this.destroy();
}

export class Transport implements Flushable, Gated {
  private socket: Socket & Owned;
  private user: TransportUser | undefined;
  private readonly parts: TransportParts;
  private out: string = '';
  private queued = false;
  private ending = false;
  private fin = false;
  private error = false;
  /** Reasons for not reading: gate, and those of the user (shaper, slow peer, negotiation). Reads go on at zero. */
  private stops = 0;
  private slow = false;
  private turnBytes = 0;
  /** Bytes received since the connection was opened. */
  receivedBytes = 0;

  /** @param socket paused or fresh: no byte of it was read */
  constructor(socket: Socket, user: TransportUser, parts: TransportParts) {
    this.socket = socket;
    this.user = user;
    this.parts = parts;
    socket.setNoDelay(true);
    this.adopt(socket);
  }

  get remoteAddress(): string {
    return peerAddress(this.socket);
  }

  /** The TLS layer, once it is there. */
  get tls(): TLSSocket | undefined {
    return this.socket instanceof TLSSocket ? this.socket : undefined;
  }

  /** More is written than the peer has read for now; `onRelieved` comes when it has. */
  get crowded(): boolean {
    return this.slow;
  }

  get alive(): boolean {
    return this.user !== undefined && !this.socket.destroyed;
  }

  /** Begins to read. */
  start(): void {
    this.socket.resume();
  }

  /** Sent at the end of this turn of the event loop. */
  write(bytes: Bytes): void {
    if (this.ending) return;
    this.out += bytes;
    if (this.out.length > REPLY_BUFFER_BYTES) this.crowd();
    if (this.queued) return;
    this.queued = true;
    this.parts.tick.add(this);
  }

  flush(): void {
    this.queued = false;
    if (this.out === '' || this.socket.destroyed) return;
    const out = this.out;
    this.out = '';
    const unread = this.socket.writableLength;
    // SECURITY: bounded in bytes: the queue of a peer that does not read ends with its connection.
    if (unread > 0 && unread + out.length > this.parts.writeBufferBytes) {
      this.socket.destroy();
      return;
    }
    if (this.socket.write(out, 'latin1')) this.drained();
    else if (this.socket.writableLength > REPLY_BUFFER_BYTES) this.crowd();
  }

  /** Flushes, then ends our side; the peer gets a while to end its own. */
  end(): void {
    if (this.ending) return;
    this.flush();
    this.ending = true;
    this.socket.end();
    this.socket.setTimeout(LINGER_MS, onLinger);
    // What still comes is read and thrown away by the user, so that the peer's FIN is seen.
    if (this.stops > 0) this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Each call needs one `resumeReading`. */
  stopReading(): void {
    if (this.stops++ === 0) this.socket.pause();
  }

  resumeReading(): void {
    if (this.stops === 0 || --this.stops > 0) return;
    if (!this.socket.destroyed) this.socket.resume();
  }

  /**
   * Puts TLS below this transport (RFC 6120 §5.4.3.3); what was written before is sent in the clear first.
   * @param secured called when the handshake is done; it never is if the handshake fails (then the connection closes)
   */
  startTls(options: TlsOptions, secured: () => void): void {
    this.flush();
    const plain = this.socket;
    this.abandonListeners(plain);
    const secure = new TLSSocket(plain, { ...options, isServer: true });
    inheritPeerAddress(plain, secure);
    this.socket = secure;
    this.adopt(secure);
    secure.once('secure', secured);
  }

  received(chunk: Buffer): void {
    const { gate } = this.parts;
    if (gate.shut && this.user !== undefined && !this.ending) {
      // It came with the same poll as what shut the gate; it is given back unread.
      this.waitForGate();
      this.socket.unshift(chunk);
      return;
    }
    this.receivedBytes += chunk.length;
    this.user?.onData(chunk);
    if (this.user === undefined || this.ending) return;
    this.turnBytes += chunk.length;
    if (this.turnBytes >= TURN_BYTES) {
      this.turnBytes = 0;
      this.stopReading();
      this.parts.tick.yield(this);
    }
    if (gate.shut) this.waitForGate();
  }

  peerEnded(): void {
    this.fin = !this.error;
    // Half-open is of no use to a chat client: our side ends too.
    if (!this.ending) this.end();
  }

  failed(): void {
    this.error = true;
    this.fin = false;
  }

  closed(): void {
    const user = this.user;
    this.user = undefined;
    this.out = '';
    this.parts.gate.leave(this);
    user?.onClosed(this.fin);
  }

  drained(): void {
    if (!this.slow) return;
    this.slow = false;
    this.user?.onRelieved();
  }

  private crowd(): void {
    if (this.slow) return;
    this.slow = true;
    this.user?.onCrowded();
  }

  private waitForGate(): void {
    this.stopReading();
    this.parts.gate.wait(this);
  }

  private adopt(socket: Socket & Owned): void {
    socket.transport = this;
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('close', onClose);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    if (this.stops > 0) socket.pause();
  }

  private abandonListeners(socket: Socket): void {
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', onClose);
    socket.off('drain', onDrain);
    socket.off('error', onError);
    socket.on('error', onError);
  }
}
