// What Prometheus, probes and `xmppd status` are told.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';

let server: TestServer;
let base: string;

beforeAll(async () => {
  server = await TestServer.start({
    accounts: 3,
    config: { http: { metrics: '127.0.0.1:0' } },
    environment: { XMPPD__LIMITS__SESSIONS_PER_ACCOUNT: '1' },
  });
  await server.logged(/metrics, health and readiness/);
  const [line = '{}'] = server.linesLike(/metrics, health and readiness/);
  base = `http://127.0.0.1:${String((JSON.parse(line) as { port: number }).port)}`;
});
afterAll(async () => {
  await server.close();
});

function sum(page: string, name: string): number {
  const values = page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...values].reduce((total, [, value]) => total + Number(value), 0);
}

test('a server that runs is healthy and ready', async () => {
  expect(await (await fetch(`${base}/health`)).text()).toBe('healthy\n');
  expect(await (await fetch(`${base}/ready`)).text()).toBe('ready\n');
});

test('metrics tell what all workers together have', async () => {
  const clients = await Promise.all(
    [server.user(), server.user()].map((user) => Client.login(server, user, { online: true })),
  );
  const page = await (await fetch(`${base}/metrics`)).text();
  const workers = (await server.status()).workers.length;
  expect(sum(page, 'xmppd_up')).toBe(1);
  expect(sum(page, 'xmppd_worker_up')).toBe(workers);
  expect(sum(page, 'xmppd_sessions_online')).toBe(2);
  expect(sum(page, 'xmppd_connections')).toBe(2);
  expect(sum(page, 'xmppd_resident_bytes')).toBeGreaterThan(workers * 2 ** 25);
  for (const line of page.trim().split('\n'))
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) .*|\w+(?:\{worker="\d+"\})? [\d.e+-]+)$/);
  for (const client of clients) await client.close();
});

test('the status is what is so, the sum of the store included', async () => {
  const user = server.user();
  const client = await Client.login(server, user, { online: true });
  const seen = async () => {
    for (;;) {
      const status = await server.status();
      if (status.workers.reduce((all, { sessions }) => all + sessions, 0) === 1) return status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const status = await seen();
  expect(status.state).toBe('running');
  expect(status.store).toMatchObject({ state: 'up', restarts: 0 });
  expect(status.store.pid === null).toBe(status.workers.length === 1);
  for (const worker of status.workers) {
    expect(worker).toMatchObject({ state: 'up', restarts: 0, shedding: 0 });
    expect(worker.residentBytes).toBeGreaterThan(2 ** 25);
  }
  const { output } = await server.cli('status');
  expect(output).toMatch(
    /worker 0: up, process \d+, .* MiB, event loop \d+ ms late, \d+ units waiting/,
  );
  expect(output).toMatch(/store: up, /);
  await client.close();
});

test('what a variable sets holds, and says so at a reload', async () => {
  const { output } = await server.cli('config', 'diff');
  // This command line has not the variable; the server that is asked has.
  expect(output).toContain('nothing differs');
});
