import type { XmppStream } from '../stream/xmpp-stream.ts';
import type { C2sParts } from './c2s-parts.ts';
import { Liveness } from './liveness.ts';

const HOUR_MS = 3_600_000;

function watched(settings: { idlePingMs: number; pingTimeoutMs: number; idleTimeoutMs: number }) {
  const said: string[] = [];
  const stream = {
    ended: false,
    elements: 0,
    midStanza: false,
    transport: { receivedBytes: 500 },
    fail: () => said.push('end'),
  };
  let watch: Liveness | undefined;
  let inMs = 0;
  const parts = {
    settings,
    clock: { monotonicMs: () => 0 },
    wheel: { add: (entry: Liveness, ms: number) => ([watch, inMs] = [entry, ms]) },
  };
  Liveness.watch(
    { probe: () => said.push('ping') },
    stream as unknown as XmppStream,
    parts as unknown as C2sParts,
  );
  return { said, stream, expire: (nowMs: number) => watch?.expire(nowMs), inMs: () => inMs };
}

test('a client that says nothing is asked after idlePingMs, counted from its session, and then given up', () => {
  const { said, expire, inMs } = watched({
    idlePingMs: 2000,
    pingTimeoutMs: 1000,
    idleTimeoutMs: 0,
  });
  expect(inMs()).toBe(2000);
  expect(expire(2000)).toBe(1000);
  expect(said).toEqual(['ping']);
  expect(expire(3000)).toBeUndefined();
  expect(said).toEqual(['ping', 'end']);
});

test('a wait longer than the wheel is not cut short by it', () => {
  const { said, expire } = watched({
    idlePingMs: 0,
    pingTimeoutMs: 1000,
    idleTimeoutMs: HOUR_MS,
  });
  expect(expire(1_023_000)).toBe(HOUR_MS - 1_023_000);
  expect(said).toEqual([]);
  expect(expire(HOUR_MS)).toBeUndefined();
  expect(said).toEqual(['end']);
});

test('where silence does not matter nobody is asked, until a reload makes it matter', () => {
  const settings = { idlePingMs: 0, pingTimeoutMs: 1000, idleTimeoutMs: 0 };
  const { said, expire, inMs } = watched(settings);
  let nowMs = inMs();
  for (let n = 0; n < 3; n += 1) nowMs += expire(nowMs) ?? 0;
  expect(said).toEqual([]);
  settings.idlePingMs = 2000;
  expect(expire(nowMs)).toBe(1000);
  expect(said).toEqual(['ping']);
});
