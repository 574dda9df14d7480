// Who is at the other end, where that is not the one who made the connection. Kept on the socket: few have it.
import type { Socket } from 'node:net';

const peer = Symbol('peer address');

interface Proxied {
  [peer]?: string;
}

/** The client behind a load balancer. */
export function setPeerAddress(socket: Socket, address: string): void {
  (socket as Socket & Proxied)[peer] = address;
}

/** The client's address; empty when the connection is gone. */
export function peerAddress(socket: Socket): string {
  return (socket as Socket & Proxied)[peer] ?? socket.remoteAddress ?? '';
}

/** A socket that is put over another one has the same client. */
export function inheritPeerAddress(from: Socket, to: Socket): void {
  const address = (from as Socket & Proxied)[peer];
  if (address !== undefined) setPeerAddress(to, address);
}
