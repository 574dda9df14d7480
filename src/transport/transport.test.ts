import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Bytes } from '../xml/bytes.ts';
import { ReadGate } from './read-gate.ts';
import { Transport, type TransportUser } from './transport.ts';
import { WriteTick } from './write-tick.ts';

const KIB = 1024;

/** Keeps what came; is crowded and relieved as told. */
class User implements TransportUser {
  received = '';
  chunks = 0;
  calls: string[] = [];
  onChunk: (chunk: Buffer) => void = () => undefined;

  onData(chunk: Buffer): void {
    this.received += chunk.latin1Slice();
    this.chunks++;
    this.onChunk(chunk);
  }

  onCrowded(): void {
    this.calls.push('crowded');
  }

  onRelieved(): void {
    this.calls.push('relieved');
  }

  onClosed(): void {
    this.calls.push('closed');
  }
}

let server: Server;
let peer: Socket;
let user: User;
let gate: ReadGate;
let transport: Transport;

beforeEach(async () => {
  server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await accepted;
  user = new User();
  gate = new ReadGate();
  const tick = new WriteTick((error) => {
    throw error;
  });
  transport = new Transport(socket, user, { tick, gate, writeBufferBytes: 4096 * KIB });
  transport.start();
});

afterEach(() => {
  peer.destroy();
  transport.destroy();
  server.close();
});

async function until(done: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > endMs) throw new RangeError('it did not happen within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const pause = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

test('whoever is answered at length is crowded within the turn, and relieved when it has read', async () => {
  peer.pause();
  user.onChunk = () => {
    for (let i = 0; i < 100 && user.calls.length === 0; i++)
      transport.write('x'.repeat(16 * KIB) as Bytes);
  };
  peer.write('a');
  await until(() => user.calls.length > 0);
  expect(user.calls[0]).toBe('crowded');
  peer.resume();
  await until(() => user.calls.includes('relieved'));
  expect(user.calls).toEqual(['crowded', 'relieved']);
});

test('nothing is handled while the gate is shut, and nothing is lost', async () => {
  gate.close();
  peer.write('first');
  await pause(50);
  expect(user.received).toBe('');
  gate.open();
  await until(() => user.received === 'first');
  gate.close();
  peer.write(' second');
  await pause(50);
  peer.write(' third');
  await pause(50);
  expect(user.received).toBe('first');
  gate.open();
  await until(() => user.received === 'first second third');
  expect(transport.receivedBytes).toBe('first second third'.length);
});

test('a flood is read in portions, and completely', async () => {
  let portion = 0;
  let largest = 0;
  user.onChunk = (chunk) => {
    portion += chunk.length;
    largest = Math.max(largest, portion);
    if (portion === chunk.length) setImmediate(() => (portion = 0));
  };
  const flood = 'y'.repeat(2048 * KIB);
  peer.write(flood);
  await until(() => user.received.length === flood.length);
  expect(largest).toBeLessThanOrEqual(192 * KIB);
});
