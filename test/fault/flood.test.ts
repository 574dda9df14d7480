// Floods are slowed by the shapers of their own streams: all of it arrives, later; others do not notice.
import { Client, settled } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';

const PER_SECOND = 100;
const BURST = 100;
const BYTES_PER_SECOND = 100_000;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    accounts: 10,
    config: {
      limits: {
        connectionsPerAddress: 0,
        stanzasPerSecond: PER_SECOND,
        burstStanzas: BURST,
        bytesPerSecond: BYTES_PER_SECOND,
        burstBytes: BYTES_PER_SECOND,
      },
    },
  });
});
afterAll(async () => {
  await server.close();
});

/** @returns the time until the last of them has arrived, and the slowest of a good pair's messages meanwhile */
async function flood(count: number, body: string): Promise<{ tookMs: number; slowestMs: number }> {
  const flooder = await Client.login(server, server.user(), { resource: 'f' });
  const target = await Client.login(server, server.user(), { online: true });
  const alice = await Client.login(server, server.user(), { resource: 'a' });
  const bob = await Client.login(server, server.user(), { online: true });
  const began = Date.now();
  for (let n = 0; n < count; n++)
    flooder.send(
      `<message to='${target.jid}' type='headline' id='${n}'><body>${body}</body></message>`,
    );
  let slowestMs = 0;
  for (let n = 0; n < 20; n++) {
    const sent = Date.now();
    alice.send(`<message to='${bob.jid}' type='headline' id='${n}'/>`);
    expect((await bob.next()).attrs['id']).toBe(`${n}`);
    slowestMs = Math.max(slowestMs, Date.now() - sent);
  }
  for (let n = 0; n < count; n++) expect((await target.next()).attrs['id']).toBe(`${n}`);
  const tookMs = Date.now() - began;
  expect(await settled(target, flooder)).toEqual([]);
  return { tookMs, slowestMs };
}

test('a flood of stanzas is slowed to the rate, not closed', async () => {
  const { tookMs, slowestMs } = await flood(BURST + 2 * PER_SECOND, 'x');
  expect(tookMs).toBeGreaterThan(1500);
  expect(tookMs).toBeLessThan(6000);
  expect(slowestMs).toBeLessThan(500);
});

test('a flood of bytes is slowed to the rate, not closed', async () => {
  const { tookMs, slowestMs } = await flood(6, 'x'.repeat(BYTES_PER_SECOND / 2));
  expect(tookMs).toBeGreaterThan(1200);
  expect(tookMs).toBeLessThan(6000);
  expect(slowestMs).toBeLessThan(500);
});
