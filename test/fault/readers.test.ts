// Clients that do not read, or hardly write: what is kept for them is bounded, and nobody else notices.
import { readFileSync } from 'node:fs';
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { pause, within } from '../helpers/waiting.ts';
import { bodyOf } from '../helpers/xml.ts';

const READERS = 1000;
/** Of these, so many are sent more than systems take off the server's hands. */
const FLOODED = 50;
const BIG = 'x'.repeat(160_000);
/** What a system takes off a sender's hands for a receiver that does not read. */
const SOCKET_BUFFERS = 8_000_000;

let server: TestServer;
let good: [Client, Client];

beforeAll(async () => {
  server = await TestServer.start({
    accounts: READERS + 20,
    config: {
      limits: {
        connectionsPerAddress: 0,
        bytesPerSecond: 0,
        stanzasPerSecond: 0,
        writeBufferBytes: 65_536,
        unacknowledgedBytes: 67_108_864,
      },
    },
  });
  good = [
    await Client.login(server, server.user(), { online: true }),
    await Client.login(server, server.user(), { online: true }),
  ];
});
afterAll(async () => {
  await server.close();
});

async function connections(): Promise<number> {
  return (await server.status()).workers.reduce((sum, worker) => sum + worker.connections, 0);
}

async function until(what: string, done: () => Promise<boolean> | boolean): Promise<void> {
  const waiting = (async () => {
    while (!(await done())) await pause(20);
  })();
  await within(waiting, 20_000, () => `${what}\n${server.log()}`);
}

/** The good pair chats as ever. */
async function unharmed(): Promise<void> {
  const [alice, bob] = good;
  const began = Date.now();
  for (let n = 0; n < 20; n++) {
    alice.send(`<message to='${bob.jid}' type='headline'><body>${n}</body></message>`);
    expect(bodyOf(await bob.next())).toBe(`${n}`);
  }
  expect(Date.now() - began).toBeLessThan(2000);
}

/** CPU time of all processes of the server. */
function cpuMs(): number {
  return server.pids().reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

test('a slow reader is cut at the byte bound, and resumes with nothing lost', async () => {
  const [alice] = good;
  const slow = await Client.login(server, server.user(), { managed: true, online: true });
  const before = await connections();
  slow.connection.socket.pause();
  const count = Math.ceil(SOCKET_BUFFERS / BIG.length) + 20;
  for (let n = 0; n < count; n++)
    alice.send(`<message to='${slow.jid}' type='headline' id='${n}'><body>${BIG}</body></message>`);
  await until('the cut', async () => (await connections()) === before - 1);
  await unharmed();
  // It reads what was on its way, and counts it.
  const ids: (string | undefined)[] = [];
  slow.connection.socket.resume();
  await until('the end', () => slow.connection.socket.destroyed);
  for (const incoming of slow.connection.pending())
    if (incoming.kind === 'element') ids.push(incoming.element.attrs['id']);
  expect(ids.length).toBeLessThan(count);
  expect(await slow.resume()).toBeUndefined();
  while (ids.length < count) ids.push((await slow.next()).attrs['id']);
  expect(ids).toEqual(Array.from({ length: count }, (_, n) => `${n}`));
  await slow.close();
});

test('more than the byte bound is sent again to a slow reader while others write to it', async () => {
  const [alice] = good;
  const slow = await Client.login(server, server.user(), { managed: true, online: true });
  const ids: (string | undefined)[] = [];
  const wanted = Array.from({ length: 120 }, (_, n) => `${n}`);
  const message = (id: string | undefined, body: string): string =>
    `<message to='${slow.jid}' type='headline' id='${id ?? ''}'><body>${body}</body></message>`;
  slow.cut();
  for (const id of wanted.slice(0, 100)) alice.send(message(id, BIG));
  await alice.reached(good[1].bare);
  const before = await connections();
  expect(await slow.resume()).toBeUndefined();
  slow.connection.socket.pause();
  for (const id of wanted.slice(100)) {
    alice.send(message(id, 'new'));
    await pause(10);
  }
  await unharmed();
  expect(await connections()).toBe(before + 1);
  slow.connection.socket.resume();
  while (ids.length < wanted.length) ids.push((await slow.next()).attrs['id']);
  expect(ids).toEqual(wanted);
  await slow.close();
});

test(`${READERS} readers that do not read cost memory up to the bound`, async () => {
  const [alice] = good;
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => Client.login(server, server.user(), { online: true })),
  );
  for (const { connection } of readers) connection.socket.pause();
  const before = server.residentKib();
  const connected = await connections();
  let peak = before;
  const round = async (sent: readonly Client[]): Promise<void> => {
    for (const { jid } of sent)
      alice.send(`<message to='${jid}' type='headline'><body>${BIG}</body></message>`);
    await alice.reached(good[1].bare);
    peak = Math.max(peak, server.residentKib());
  };
  for (let n = 0; n < READERS; n += 100) await round(readers.slice(n, n + 100));
  const flooded = readers.slice(0, FLOODED);
  await until('the cut of those who got too much', async () => {
    await round(flooded);
    return (await connections()) <= connected - FLOODED;
  });
  await unharmed();
  // 64 KiB each would be 64 MB; what is read, parsed and collected meanwhile comes on top.
  expect(peak - before).toBeLessThan(150_000);
  for (const { connection } of readers) connection.destroy();
}, 60_000);

test('a flood of requests whose answers are never read is no longer read itself', async () => {
  const flooder = await Client.login(server, server.user());
  const before = server.residentKib();
  flooder.connection.socket.pause();
  const batch =
    `<iq type='get' id='1' to='${server.host}'><ping xmlns='urn:xmpp:ping'/></iq>`.repeat(2000);
  let sent = 0;
  // Until the server takes no more: then it waits here.
  for (; sent < 200 && flooder.connection.socket.writableLength < 4 * batch.length; sent++) {
    flooder.connection.send(batch);
    await pause(2);
  }
  expect(sent).toBeLessThan(200);
  await unharmed();
  expect(server.residentKib() - before).toBeLessThan(60_000);
  flooder.connection.destroy();
});

test('a stanza in drips of 16 bytes costs about what it costs in one piece', async () => {
  const [alice, bob] = good;
  const stanza = Buffer.from(
    `<message to='${bob.jid}' type='headline' id='drip'><body>${'y'.repeat(64 * 1024)}</body></message>`,
  );
  const before = cpuMs();
  for (let at = 0; at < stanza.length; at += 16) {
    alice.connection.send(stanza.subarray(at, at + 16));
    if (at % 1024 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await bob.next()).attrs['id']).toBe('drip');
  // Read anew at each drip it would be many seconds.
  expect(cpuMs() - before).toBeLessThan(1000);
});
