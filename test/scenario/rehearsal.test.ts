// What a worker plays to itself while nobody is logged in (src/app/rehearsal).
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';

const DEBUG = { log: { level: 'debug', format: 'json' } };

/** Directories that processes of this server left behind. */
function scratchOf(server: TestServer): string[] {
  const pids = server.pids();
  return readdirSync(tmpdir()).filter((name) =>
    pids.some((pid) => name.startsWith(`xmppd-rehearsal-${pid}-`)),
  );
}

test('a worker rehearses while nobody is logged in, and then serves its clients', async () => {
  const server = await TestServer.start({ workers: 1, accounts: 1, config: DEBUG });
  await server.logged(/"rounds":100,"ms":\d+,"msg":"rehearsed"/);
  expect(scratchOf(server)).toEqual([]);
  const client = await Client.login(server, server.user(), { online: true });
  expect(await client.drained()).toEqual([]);
  client.connection.end();
  await server.close();
});

test('a rehearsal ends when a client logs in', async () => {
  const server = await TestServer.start({ workers: 1, accounts: 1, config: DEBUG });
  const client = await Client.login(server, server.user(), { online: true });
  await server.logged(/"rounds":\d{1,2},"ms":\d+,"msg":"rehearsed"/);
  client.connection.end();
  await server.close();
});
