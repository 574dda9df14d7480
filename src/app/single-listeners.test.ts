import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../util/log.ts';
import { systemTimers } from '../util/system-clock.ts';
import { openSingleListeners } from './single-listeners.ts';

const listener = { kind: 'c2s', addresses: ['127.0.0.1'], port: 0 };
const unlimited = { connectionsPerAddress: () => 0, isFull: () => false, timers: systemTimers };

test('a connection comes unread with its kind, and one address gets no more than its limit', async () => {
  const taken: Socket[] = [];
  const kinds: string[] = [];
  const listeners = await openSingleListeners({
    listeners: [listener],
    ...unlimited,
    connectionsPerAddress: () => 1,
    log: silentLog,
    onConnection: (socket, kind) => {
      taken.push(socket);
      kinds.push(kind);
    },
  });
  const port = listeners.bound[0]?.port ?? 0;
  const first = connect(port, '127.0.0.1');
  first.write('early');
  await once(first, 'connect');
  const refused = connect(port, '127.0.0.1');
  await once(refused.resume(), 'close');
  expect(kinds).toEqual(['c2s']);
  const data = once(taken[0] as Socket, 'data');
  taken[0]?.resume();
  expect(String((await data)[0])).toBe('early');
  taken[0]?.destroy();
  await sleep(20);
  const second = connect(port, '127.0.0.1');
  await once(second, 'connect');
  await sleep(20);
  expect(kinds).toEqual(['c2s', 'c2s']);
  for (const socket of [first, second, ...taken]) socket.destroy();
  listeners.close();
});

test('when one of several ports is in use none stays open', async () => {
  const options = { ...unlimited, log: silentLog, onConnection: (): void => undefined };
  const holder = await openSingleListeners({ ...options, listeners: [listener] });
  const port = holder.bound[0]?.port ?? 0;
  const free = await openSingleListeners({ ...options, listeners: [listener] });
  const freed = free.bound[0]?.port ?? 0;
  free.close();
  await expect(
    openSingleListeners({
      ...options,
      listeners: [
        { ...listener, port: freed },
        { ...listener, port },
      ],
    }),
  ).rejects.toMatchObject({ code: 'port-in-use' });
  const again = await openSingleListeners({
    ...options,
    listeners: [{ ...listener, port: freed }],
  });
  again.close();
  holder.close();
});

test('on every interface, both families answer on one port', async () => {
  const listeners = await openSingleListeners({
    listeners: [{ kind: 'c2s', addresses: ['::', '0.0.0.0'], port: 0 }],
    ...unlimited,
    log: silentLog,
    onConnection: (socket) => socket.destroy(),
  });
  expect(new Set(listeners.bound.map(({ port }) => port)).size).toBe(1);
  listeners.close();
});
