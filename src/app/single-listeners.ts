// The listeners of a server that is one process: the same ports and limits as under a supervisor, without a hand-over.
import type { Socket } from 'node:net';
import type { Log } from '../util/log.ts';
import { AddressCounts, addressKey } from './supervisor/address-counts.ts';
import { type Listeners, type ListenerSettings, openListeners } from './supervisor/listeners.ts';

export interface SingleListenersOptions {
  readonly listeners: readonly ListenerSettings[];
  /** 0 is no limit. */
  readonly connectionsPerAddress: number;
  readonly log: Log;
  /** The socket is paused, unread, and half-open is allowed. */
  readonly onConnection: (socket: Socket, kind: string) => void;
}

/** @throws OperatorError `port-in-use`, `port-denied`, `address-invalid`, `listen-failed` */
export function openSingleListeners(options: SingleListenersOptions): Promise<Listeners> {
  const counts = new AddressCounts();
  const { connectionsPerAddress: limit, log, onConnection } = options;
  return openListeners(options.listeners, log, (socket, kind) => {
    if (limit > 0) {
      const address = addressKey(socket.remoteAddress ?? '');
      if (counts.get(address) >= limit) {
        socket.destroy();
        return;
      }
      counts.add(address, 1);
      socket.once('close', () => counts.add(address, -1));
    }
    onConnection(socket, kind);
  });
}
