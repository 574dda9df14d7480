import { connect } from 'node:net';
import { once } from 'node:events';
import { silentLog } from '../util/log.ts';
import { openMonitor, type Monitor } from './monitor.ts';

const state = { healthy: true, ready: false, gathered: 0, broken: false };
let monitor: Monitor;
let base: string;

beforeAll(async () => {
  monitor = await openMonitor('127.0.0.1:0', {
    metrics: async () => {
      state.gathered += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (state.broken) throw new TypeError('no figures');
      return 'xmppd_up 1\n';
    },
    healthy: () => state.healthy,
    ready: () => state.ready,
    log: silentLog,
  });
  base = `http://127.0.0.1:${monitor.port.toString()}`;
});
afterAll(() => monitor.close());

test('health and readiness are told by the status', async () => {
  expect((await fetch(`${base}/health`)).status).toBe(200);
  expect((await fetch(`${base}/ready`)).status).toBe(503);
  state.ready = true;
  const answer = await fetch(`${base}/ready?verbose`);
  expect([answer.status, await answer.text()]).toEqual([200, 'ready\n']);
});

test('scrapes at the same time share one gathering', async () => {
  const before = state.gathered;
  const answers = await Promise.all([fetch(`${base}/metrics`), fetch(`${base}/metrics`)]);
  for (const answer of answers) {
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('xmppd_up 1\n');
  }
  expect(state.gathered).toBe(before + 1);
});

test('figures that cannot be had are an error of the server', async () => {
  state.broken = true;
  expect((await fetch(`${base}/metrics`)).status).toBe(500);
  state.broken = false;
  expect((await fetch(`${base}/metrics`)).status).toBe(200);
});

test('nothing else is answered', async () => {
  expect((await fetch(`${base}/`)).status).toBe(404);
  expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a request with a header beyond the limit is refused', async () => {
  const socket = connect(monitor.port, '127.0.0.1');
  socket.write(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 431 /);
  socket.destroy();
});

test('a port in use is named', async () => {
  const parts = { metrics: () => Promise.resolve(''), healthy: () => true, ready: () => true };
  await expect(
    openMonitor(`127.0.0.1:${monitor.port.toString()}`, { ...parts, log: silentLog }),
  ).rejects.toMatchObject({ code: 'port-in-use' });
});
