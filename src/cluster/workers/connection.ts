// One Unix socket between two workers: gathers writes, stops at a full socket, cuts what comes into messages.
import type { Socket } from 'node:net';
import type { LinkPeer } from '../link-peer.ts';
import { type WireHello, type WireListener, WireReader, WireWriter } from './wire.ts';

/** One write; more waits in the link, where it is bounded, until the socket has drained. */
const WRITE_BYTES = 128 * 1024;

export interface ConnectionOwner {
  /** @returns the link the connection belongs to from now on, or undefined when it is to be closed */
  onHello(connection: Connection, hello: WireHello): LinkPeer | undefined;
  onClose(connection: Connection): void;
}

export class Connection implements WireListener {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #writer = new WireWriter();
  readonly #reader = new WireReader(this);
  #peer: LinkPeer | undefined;
  #blocked = false;
  #closed = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    socket.on('drain', () => {
      this.#blocked = false;
      this.pump();
    });
    // A broken connection of a living pair is dialled again; the link resumes by numbers.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#gone());
  }

  /** The link this connection belongs to, once its hello was accepted. */
  get peer(): LinkPeer | undefined {
    return this.#peer;
  }

  sendHello(hello: WireHello): void {
    this.#writer.hello(hello);
    this.#write();
  }

  onHello(hello: WireHello): LinkPeer | undefined {
    this.#peer = this.#owner.onHello(this, hello);
    if (this.#peer === undefined) this.destroy();
    return this.#peer;
  }

  /** Writes what the link has to say, as far as the socket takes it. */
  pump(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#closed) return;
    for (let more = true; more && !this.#blocked;) {
      more = peer.collect(this.#writer, WRITE_BYTES);
      this.#write();
    }
  }

  /** Ends after what was written; the owner is not told. */
  end(): void {
    this.#closed = true;
    this.#reader.stop();
    this.#socket.end(() => this.#socket.destroy());
  }

  /** Closes at once; the owner is not told. */
  destroy(): void {
    this.#closed = true;
    this.#reader.stop();
    this.#socket.destroy();
  }

  #write(): void {
    const bytes = this.#writer.take();
    if (bytes.length > 0 && !this.#socket.write(bytes, 'latin1')) this.#blocked = true;
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.onClose(this);
  }
}
