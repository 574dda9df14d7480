// Modules that promise and do not keep it: what their users see, and whom the log names.
import { DOMAIN, TestServer, type TestClient } from '../archive/testing/server.ts';
import type { Module } from '../host/module.ts';
import { silentLog, type Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';

const NS = 'urn:test:late';

let server: TestServer;
let alice: TestClient;
let bob: TestClient;
let logged: { fields: Record<string, unknown>; message: string }[];
/** Keeps what the module has promised last. */
let keep: () => void;
let isBroken: boolean;

const late: Module = {
  declaration: { name: 'late', summary: 'Promises.', xeps: [] },
  setup(host) {
    let isKept = false;
    const promise = <T>(value: T): Promise<T> =>
      new Promise((resolve) => {
        keep = () => {
          isKept = true;
          resolve(value);
        };
      });
    host.on('message.in', { order: 1, why: 'first' }, (stanza) =>
      stanza.id === 'slow' && stanza.type !== 'error' && !isKept
        ? { stop: true, later: promise(undefined) }
        : undefined,
    );
    host.iq('account', NS, 'late', (request) => {
      if (!isBroken) return promise(`<answer xmlns='${NS}'/>` as Bytes);
      request.committed(() => {
        throw new TypeError('what was given up is written');
      });
      return promise(undefined);
    });
  },
};

beforeEach(async () => {
  logged = [];
  isBroken = false;
  const log: Log = {
    ...silentLog,
    error: (fields, message) => logged.push({ fields: { ...fields }, message }),
  };
  server = await TestServer.open({ modules: [late], log });
  await server.addAccount('alice');
  await server.addAccount('bob');
  alice = await server.login('alice', 'phone');
  bob = await server.login('bob', 'desk');
  for (const client of [alice, bob]) {
    client.manage();
    client.available();
  }
  await server.settle();
});
afterEach(async () => {
  await server.close();
});

function chat(id: string): void {
  alice.send(`<message to='bob@${DOMAIN}' type='chat' id='${id}'><body>${id}</body></message>`);
}

describe('a rule that asks for time', () => {
  it('holds back the message and those behind it until it knows', async () => {
    chat('slow');
    chat('next');
    await server.pass(9000);
    expect(bob.bodies).toEqual([]);
    expect(alice.h).toBe(1);
    keep();
    await server.settle();
    expect(bob.bodies).toEqual(['slow', 'next']);
    expect(alice.h).toBe(3);
    expect(server.time.pending).toBeGreaterThan(0);
    await server.pass(30_000);
    expect(alice.messages).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('and never knows: the sender is told after ten seconds, and what is behind it goes on', async () => {
    chat('slow');
    chat('next');
    await server.pass(10_001);
    expect(bob.bodies).toEqual(['next']);
    expect(alice.messages).toHaveLength(1);
    expect(alice.messages[0]).toContain('<internal-server-error');
    expect(alice.messages[0]).toContain("id='slow'");
    expect(alice.h).toBe(3);
    expect(logged.map(({ fields }) => fields['module'])).toEqual(['late']);
    // Too late is never.
    keep();
    await server.pass(1000);
    expect(bob.bodies).toEqual(['next']);
    chat('slow');
    await server.settle();
    expect(bob.bodies).toEqual(['next', 'slow']);
  });
});

describe('a promised answer', () => {
  const ask = (): void => {
    alice.send(`<iq type='get' id='q' to='alice@${DOMAIN}'><late xmlns='${NS}'/></iq>`);
  };
  const answers = (): string[] => alice.sent.filter((stanza) => stanza.startsWith('<iq'));

  it('is given when it is there', async () => {
    ask();
    await server.pass(29_000);
    expect(answers()).toEqual([]);
    expect(alice.h).toBe(1);
    keep();
    await server.pass(60_000);
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain('<answer');
    expect(alice.h).toBe(2);
    expect(logged).toEqual([]);
  });

  it('that does not come is an error after half a minute, once', async () => {
    isBroken = true;
    ask();
    await server.pass(30_001);
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain('<internal-server-error');
    expect(alice.h).toBe(2);
    expect(logged.map(({ fields }) => fields['module'])).toEqual(['late']);
    keep();
    await server.pass(1000);
    expect(answers()).toHaveLength(1);
    expect(logged).toHaveLength(1);
  });

  it('that does not come does not use up what one may ask at once', async () => {
    for (let i = 0; i < 16; i++) ask();
    ask();
    await server.settle();
    expect(answers().at(-1)).toContain('<resource-constraint');
    await server.pass(30_001);
    alice.take();
    ask();
    keep();
    await server.settle();
    expect(answers()[0]).toContain('<answer');
  });
});
