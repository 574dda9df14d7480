// A worker beyond its memory budget: newcomers are refused, sleeping sessions end, nothing that was acknowledged is lost,
// and all is as before when there is room again.
import { Client } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { TestServer } from '../helpers/server.ts';
import { bodyOf } from '../helpers/xml.ts';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 4 });
});
afterAll(async () => {
  await server.close();
});

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new TypeError(`it never came to be that ${what}`);
}

async function stages(): Promise<readonly number[]> {
  return (await server.status()).workers.map(({ shedding }) => shedding);
}

test('load is shed in stages, and messages outlive the sessions that were to get them', async () => {
  const sender = await Client.login(server, server.user(), { managed: true, online: true });
  const user = server.user();
  const sleeper = await Client.login(server, user, { managed: true, online: true });
  sleeper.acknowledging = false;
  sleeper.cut();
  const bodies = Array.from({ length: 20 }, (_, n) => `message ${n.toString()}`);
  for (const body of bodies)
    sender.send(`<message to='${user.bare}' type='chat'><body>${body}</body></message>`);
  await sender.isAcknowledged();
  expect((await server.command('session count', {})).hibernating).toBe(1);

  server.rewrite({ limits: { connectionsPerAddress: 0, workerMemoryBytes: '1 MiB' } });
  await server.command('reload', {});
  await until('newcomers are refused', async () => (await stages()).every((stage) => stage >= 2));
  // The supervisor knows it from the next beat.
  await until('a connection is closed unread', async () => {
    const connection = await Connection.open(server).catch(() => undefined);
    if (connection === undefined) return true;
    connection.openStream();
    const first = await connection.next();
    connection.destroy();
    return first.kind !== 'header';
  });
  await until('sleeping sessions end', async () => {
    return (await server.command('session count', {})).hibernating === 0;
  });
  await until('all stages are in force', async () =>
    (await stages()).every((stage) => stage === 4),
  );
  // It owes the server nothing and the server owes it nothing: it may stay.
  expect(
    (await sender.ask(`<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>`)).attrs['type'],
  ).toBe('result');
  expect(server.log(true)).toBeDefined();

  server.rewrite({});
  await server.command('reload', {});
  await until('nothing is shed', async () => (await stages()).every((stage) => stage === 0));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const again = await Client.login(server, user, { managed: true });
  again.send('<presence/>');
  const got: string[] = [];
  while (got.length < bodies.length) {
    const body = bodyOf(await again.next());
    if (body !== undefined) got.push(body);
  }
  expect(got).toEqual(bodies);
}, 60_000);
