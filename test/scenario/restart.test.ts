// A graceful restart below a hundred clients in the middle of their conversations: everybody resumes, nothing is lost or doubled.
import { Client } from '../helpers/client.ts';
import { TestServer } from '../helpers/server.ts';
import { bodyOf } from '../helpers/xml.ts';

const CLIENTS = 100;
const BEFORE = 5;
const AFTER = 2;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: CLIENTS });
});
afterAll(async () => {
  await server.close();
});

test('a hundred clients resume after a restart: 0 lost, 0 doubled', async () => {
  const users = Array.from({ length: CLIENTS }, () => server.user());
  const clients = await Promise.all(
    users.map((user) => Client.login(server, user, { managed: true, online: true })),
  );
  const talk = (from: number, to: number): void => {
    for (const [at, client] of clients.entries()) {
      const peer = clients[at ^ 1] as Client;
      for (let n = from; n < to; n++)
        client.send(`<message to='${peer.bare}' type='chat' id='${n}'><body>${n}</body></message>`);
    }
  };
  // Half of them are in the middle of a conversation when the server stops, half have no connection.
  for (const client of clients.slice(CLIENTS / 2)) client.acknowledging = false;
  talk(0, BEFORE);
  const pids = server.pids();
  await server.restart();
  expect(server.pids().some((pid) => pids.includes(pid))).toBe(false);
  // RFC 6120 §4.4, XEP-0198 §5: no close tag, for it would tell a client that its session is over.
  for (const { connection } of clients) {
    expect(connection.received.endsWith('</stream:stream>')).toBe(false);
    expect(connection.received).not.toContain('stream:error');
  }
  for (const client of clients) client.acknowledging = true;
  const heard = clients.map(({ connection }) => connection);
  const failures = await Promise.all(clients.map((client) => client.resume()));
  expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
  talk(BEFORE, BEFORE + AFTER);
  const wanted = Array.from({ length: BEFORE + AFTER }, (_, n) => String(n));
  await Promise.all(
    clients.map(async (client, at) => {
      await client.isAcknowledged();
      await client.reached((clients[at ^ 1] as Client).bare);
    }),
  );
  for (const [at, client] of clients.entries()) {
    const old = (heard[at]?.pending() ?? []).flatMap((incoming) =>
      incoming.kind === 'element' ? [incoming.element] : [],
    );
    // What the old connection brought counts once: the client told the server so by its `h`.
    const all = [...old, ...(await client.drained())].flatMap((element) => bodyOf(element) ?? []);
    expect(all).toEqual(wanted);
  }
});
