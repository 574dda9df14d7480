// What a worker plays to itself while nobody is logged in (src/app/rehearsal).
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';

const DEBUG = { log: { level: 'debug', format: 'json' } };

const scratch = (): string[] => readdirSync(tmpdir()).filter((name) => /^xmppd-\w{6}$/.test(name));

test('a worker rehearses while nobody is logged in, and then serves its clients', async () => {
  const before = scratch();
  const server = await TestServer.start({ workers: 1, accounts: 1, config: DEBUG });
  await server.logged(/"rounds":100,"ms":\d+,"msg":"rehearsed"/);
  expect(scratch()).toEqual(before);
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
