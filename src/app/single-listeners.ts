// The listeners of a server that is one process: the same ports and limits as under a supervisor, without a hand-over.
import type { Socket } from 'node:net';
import { readProxied } from '../transport/proxied.ts';
import type { Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { AddressCounts, addressKey } from './supervisor/address-counts.ts';
import { type Listeners, type ListenerSettings, openListeners } from './supervisor/listeners.ts';

export interface SingleListenersOptions {
  readonly listeners: readonly ListenerSettings[];
  /** 0 is no limit; asked for each connection. */
  readonly connectionsPerAddress: () => number;
  /** No memory for one more. */
  readonly isFull: () => boolean;
  readonly timers: Timers;
  readonly log: Log;
  /** The socket is paused, unread, and half-open is allowed. */
  readonly onConnection: (socket: Socket, kind: string) => void;
}

/** @throws OperatorError `port-in-use`, `port-denied`, `address-invalid`, `listen-failed` */
export function openSingleListeners(options: SingleListenersOptions): Promise<Listeners> {
  const counts = new AddressCounts();
  const { connectionsPerAddress, isFull, timers, log, onConnection } = options;
  const take = (socket: Socket, kind: string, from: string): void => {
    const limit = connectionsPerAddress();
    const address = addressKey(from);
    if (limit > 0 && counts.get(address) >= limit) {
      socket.destroy();
      return;
    }
    counts.add(address, 1);
    socket.once('close', () => counts.add(address, -1));
    onConnection(socket, kind);
  };
  return openListeners(options.listeners, log, (socket, kind, proxied) => {
    if (isFull()) {
      socket.destroy();
    } else if (!proxied) {
      take(socket, kind, socket.remoteAddress ?? '');
    } else {
      readProxied(socket, timers, {
        onClient: (client, address) => take(client, kind, address),
        onRefused: (reason) => log.debug({ kind, reason }, 'no PROXY header'),
      });
    }
  });
}
