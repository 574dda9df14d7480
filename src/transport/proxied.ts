// A connection that comes through a load balancer: its header is taken off before anybody else reads a byte of it.
import type { Socket } from 'node:net';
import type { TimerHandle, Timers } from '../util/clock.ts';
import { setPeerAddress } from './peer-address.ts';
import { parseProxyHeader } from './proxy-header.ts';

/** A balancer sends its header at once. */
const HEADER_MS = 5000;

export interface ProxiedUser {
  /** The socket is paused again, what follows the header unread. @param address of the client, or of the balancer if that speaks for itself */
  onClient(socket: Socket, address: string): void;
  /** Closed: no header came in time, or something else did. */
  onRefused(reason: string): void;
}

/** @param socket paused, no byte of it read */
export function readProxied(socket: Socket, timers: Timers, user: ProxiedUser): void {
  new ProxiedSocket(socket, timers, user).begin();
}

class ProxiedSocket {
  private readonly socket: Socket;
  private readonly user: ProxiedUser;
  private readonly limit: TimerHandle;
  private received: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, timers: Timers, user: ProxiedUser) {
    this.socket = socket;
    this.user = user;
    this.limit = timers.after(HEADER_MS, () => this.refuse('no header came in time'));
  }

  begin(): void {
    const { socket } = this;
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', ignore);
    socket.on('close', this.onClose);
    socket.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const header = parseProxyHeader(this.received);
    if (header.state === 'wrong') this.refuse(header.reason);
    else if (header.state === 'complete') this.done(header.bytes, header.source);
  };

  private readonly onEnd = (): void => this.refuse('it ended before its header');

  private readonly onClose = (): void => this.letGo();

  private done(bytes: number, source: string | undefined): void {
    const { socket } = this;
    socket.pause();
    this.letGo();
    const rest = this.received.subarray(bytes);
    if (rest.length > 0) socket.unshift(rest);
    if (source !== undefined) setPeerAddress(socket, source);
    this.user.onClient(socket, source ?? socket.remoteAddress ?? '');
  }

  private refuse(reason: string): void {
    this.letGo();
    this.socket.destroy();
    this.user.onRefused(reason);
  }

  private letGo(): void {
    this.limit.cancel();
    this.socket.off('data', this.onData);
    this.socket.off('end', this.onEnd);
    this.socket.off('close', this.onClose);
  }
}

function ignore(): void {
  // 'close' follows.
}
