// A load balancer before the server: connections from its address begin with a PROXY header, and count for their client.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { HEADER } from '../helpers/connection.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { within } from '../helpers/waiting.ts';

let server: TestServer;

beforeAll(async () => {
  const proxies = ['127.0.0.2', '2001:db8::/32'];
  server = await TestServer.start({
    accounts: 1,
    config: {
      listen: [
        { kind: 'c2s', address: '127.0.0.1', port: 0, proxies },
        { kind: 'c2s-tls', address: '127.0.0.1', port: 0, proxies },
      ],
      limits: { connectionsPerAddress: 2 },
      log: { level: 'debug' },
    },
  });
});
afterAll(async () => {
  await server.close();
});

function open(from: string, port = server.port): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  return socket;
}

async function heard(socket: Socket, pattern: RegExp): Promise<void> {
  let all = '';
  const came = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      all += chunk.toString('latin1');
      if (pattern.test(all)) resolve();
    });
    socket.once('close', () => reject(new TypeError(`closed after "${all}"`)));
  });
  await within(came, 8000, () => `${String(pattern)}, came ${all}`);
}

const line = (client: string): string => `PROXY TCP4 ${client} 127.0.0.1 4660 5222\r\n`;

function version2(...client: number[]): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1');
  return Buffer.concat([head, Buffer.from([...client, 127, 0, 0, 1, 0x12, 0x34, 0x14, 0x66])]);
}

test('both versions are taken off, in one piece with the stream or byte by byte', async () => {
  const whole = open('127.0.0.2');
  whole.write(line('203.0.113.1') + HEADER);
  await heard(whole, /<stream:features/);
  const drip = open('127.0.0.2');
  drip.setNoDelay(true);
  for (const byte of version2(203, 0, 113, 2)) {
    drip.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  drip.write(HEADER);
  await heard(drip, /<stream:features/);
  whole.destroy();
  drip.destroy();
});

test('TLS may begin right behind the header', async () => {
  const plain = open('127.0.0.2', server.tlsPort);
  await once(plain, 'connect');
  plain.write(version2(203, 0, 113, 3));
  const secure = connectTls({
    ...{ socket: plain, servername: HOST, rejectUnauthorized: false },
    ALPNProtocols: ['xmpp-client'],
  });
  await once(secure, 'secureConnect');
  secure.write(HEADER);
  await heard(secure, /<stream:features/);
  secure.destroy();
});

test('connections count for the client, and no longer for the balancer', async () => {
  const sockets = [1, 2, 3].map((n) => {
    const socket = open('127.0.0.2');
    socket.write(line(`198.51.100.${n.toString()}`) + HEADER);
    return socket;
  });
  for (const socket of sockets) await heard(socket, /<stream:features/);
  const second = open('127.0.0.2');
  second.write(line('198.51.100.1') + HEADER);
  await heard(second, /<stream:features/);
  const third = open('127.0.0.2');
  third.write(line('198.51.100.1') + HEADER);
  await within(once(third, 'close'), 8000, () => 'the third connection of one client to be closed');
  // What has gone makes room again.
  second.destroy();
  await new Promise((resolve) => setTimeout(resolve, 600));
  const fourth = open('127.0.0.2');
  fourth.write(line('198.51.100.1') + HEADER);
  await heard(fourth, /<stream:features/);
  for (const socket of [...sockets, fourth]) socket.destroy();
});

test('a balancer that sends no header is closed; others are not asked for one, nor believed', async () => {
  const mute = open('127.0.0.2');
  mute.write(HEADER);
  await within(once(mute, 'close'), 8000, () => 'a connection without its header to be closed');
  await server.logged(/no PROXY header/);
  const direct = open('127.0.0.1');
  direct.write(HEADER);
  await heard(direct, /<stream:features/);
  const liar = open('127.0.0.1');
  liar.write(line('203.0.113.9') + HEADER);
  await heard(liar, /<stream:error/);
  for (const socket of [direct, liar]) socket.destroy();
});

test('a balancer that sends nothing is closed in time', async () => {
  const silent = open('127.0.0.2');
  await within(once(silent, 'close'), 8000, () => 'a silent connection to be closed');
});
