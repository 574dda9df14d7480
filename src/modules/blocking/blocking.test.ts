import { archive } from '../../archive/index.ts';
import { DOMAIN, TestServer, type TestClient } from '../../archive/testing/server.ts';
import { offline } from '../../offline/index.ts';
import { presence } from '../../presence/index.ts';
import { roster } from '../../roster/index.ts';
import { silentLog, type Log } from '../../util/log.ts';
import { carbons } from '../carbons/index.ts';
import { ping } from '../ping/index.ts';
import { blocking } from './index.ts';

const NS = 'urn:xmpp:blocking';
const GET = `<iq type='get' id='get'><blocklist xmlns='${NS}'/></iq>`;
const BLOCKED = "<blocked xmlns='urn:xmpp:blocking:errors'/>";
const BODY = '<body>Hi</body>';

let server: TestServer;
let romeo: TestClient;
let juliet: TestClient;
let chamber: TestClient;
const reported: object[] = [];
const reports: Log = {
  ...silentLog,
  warn: (fields) => void reported.push(fields),
  child: () => reports,
};

beforeEach(async () => {
  reported.length = 0;
  server = await TestServer.open({
    modules: [archive, offline, carbons, roster, presence, ping, blocking],
    options: { blocking: { maxItems: 5 } },
    moduleLog: reports,
  });
  await server.addAccount('romeo');
  const owner = await server.addAccount('juliet');
  await befriend(owner, `romeo@${DOMAIN}`);
  romeo = await server.login('romeo', 'orchard');
  juliet = await server.login('juliet', 'balcony');
  chamber = await server.login('juliet', 'chamber');
  for (const client of [romeo, juliet, chamber]) client.available();
  for (const client of [romeo, juliet, chamber]) await come(client);
});
afterEach(async () => {
  await server.close();
});

/** The contact may see the account's presence. */
async function befriend(owner: number, contact: string): Promise<void> {
  const unit = server.storage.unit();
  unit.add(server.storage.statement('roster.states'), owner, contact, 'from', 0, 0, 1);
  unit.add(server.storage.statement('roster.version'), owner, 1, 1, 0);
  server.storage.submit(unit, owner);
  await server.settle();
}

async function come(client: TestClient): Promise<string[]> {
  await server.settle();
  return client.take();
}

function block(...jids: string[]): string {
  return set('block', items(jids));
}

function unblock(...jids: string[]): string {
  return set('unblock', items(jids));
}

function items(jids: readonly string[]): string {
  return jids.map((jid) => `<item jid='${jid}'/>`).join('');
}

function set(name: string, content: string): string {
  const inner = content === '' ? '/>' : `>${content}</${name}>`;
  return `<iq type='set' id='set'><${name} xmlns='${NS}'${inner}</iq>`;
}

/** Sends a command. @returns the answer; pushes are left */
async function asks(client: TestClient, command: string): Promise<string> {
  client.send(command);
  await server.settle();
  const at = client.sent.findIndex((stanza) => /type='(result|error)'/.test(stanza));
  return client.sent.splice(at, 1)[0] ?? '';
}

async function listed(): Promise<string[]> {
  const answer = await asks(juliet, GET);
  return [...answer.matchAll(/jid='([^']*)'/g)].map((match) => match[1] ?? '').sort();
}

describe('the list', () => {
  test('§3.2: is empty, then has what was blocked, prepared and once each', async () => {
    expect(await asks(juliet, GET)).toContain(`<blocklist xmlns='${NS}'/>`);
    expect(
      await asks(juliet, block('Romeo@Example.ORG', 'romeo@example.org', 'x.net/R')),
    ).toContain("type='result'");
    expect(await listed()).toEqual(['romeo@example.org', 'x.net/R']);
  });

  test('outlives the account leaving the memory, and a restart', async () => {
    await asks(juliet, block('a@x.net', 'b@x.net'));
    await asks(juliet, unblock('b@x.net'));
    server = await server.restart(true);
    juliet = await server.login('juliet', 'balcony');
    expect(await listed()).toEqual(['a@x.net']);
  });

  test('§3.3, §3.4, §3.5: changes are pushed to the resources that asked for it, and to no others', async () => {
    await asks(chamber, GET);
    const push = (content: string): RegExp =>
      new RegExp(`^<iq type='set' id='[^']+' to='juliet@example.org/chamber'>${content}</iq>$`);
    for (const [command, content] of [
      [
        block('a@x.net', 'b@x.net'),
        `<block xmlns='${NS}'>${items(['a@x.net', 'b@x.net'])}</block>`,
      ],
      [unblock('b@x.net'), `<unblock xmlns='${NS}'>${items(['b@x.net'])}</unblock>`],
      [unblock(), `<unblock xmlns='${NS}'/>`],
    ] as const) {
      await asks(juliet, command);
      expect((await come(chamber))[0]).toMatch(push(content));
      expect(await come(juliet)).toEqual([]);
    }
    expect(await listed()).toEqual([]);
  });

  test.each([
    ['§3.3: a block of nobody', set('block', ''), 'bad-request'],
    ['a block of something else', set('block', "<x xmlns='urn:x'/>"), 'bad-request'],
    ['an unblock of something else', set('unblock', "<x xmlns='urn:x'/>"), 'bad-request'],
    ['an item without an address', set('block', '<item/>'), 'bad-request'],
    ['an address that is none', block('a@b@c'), 'jid-malformed'],
    ['one of several that is none', block('a@x.net', '@'), 'jid-malformed'],
    ['oneself', block('juliet@example.org'), 'not-allowed'],
    ["one's own resource", block('juliet@example.org/chamber'), 'not-allowed'],
    ['more than an account may block', block('a', 'b', 'c', 'd', 'e', 'f'), 'policy-violation'],
    ['a list that is set', GET.replace("'get'", "'set'"), 'bad-request'],
    ['a block that is got', block('a').replace("'set'", "'get'"), 'bad-request'],
  ])('%s is refused, and nothing is blocked', async (_what, command, condition) => {
    expect(await asks(juliet, command)).toContain(`<${condition} `);
    expect(await listed()).toEqual([]);
  });

  test.each([GET, block('a@x.net'), unblock()])('is nobody else’s: %s', async (command) => {
    for (const to of ['juliet', 'nobody'])
      expect(await asks(romeo, command.replace('<iq', `<iq to='${to}@${DOMAIN}'`))).toContain(
        '<service-unavailable ',
      );
  });

  test('goes with the account', async () => {
    await asks(juliet, block('a@x.net'));
    expect(blocking.declaration.removals).toEqual(['blocking.clear']);
  });
});

describe.each([
  ['his account', 'romeo@example.org'],
  ['his resource', 'romeo@example.org/orchard'],
  ['his whole domain', 'example.org'],
])('of somebody who is blocked, by %s,', (_what, entry) => {
  beforeEach(async () => {
    expect(await asks(juliet, block(entry))).toContain("type='result'");
    await come(romeo);
  });

  test('§3.3: messages are answered as if nobody were there; nobody sees, keeps or copies them', async () => {
    await asks(chamber, "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    for (const to of ['juliet@example.org', 'juliet@example.org/balcony'])
      for (const type of ['chat', 'normal'])
        romeo.send(`<message to='${to}' type='${type}'>${BODY}</message>`);
    const answers = await come(romeo);
    expect(answers).toHaveLength(4);
    for (const answer of answers) expect(answer).toContain('<service-unavailable ');
    romeo.send("<message to='juliet@example.org' type='headline'><body>Hi</body></message>");
    romeo.send(
      "<message to='juliet@example.org/balcony' type='groupchat'><body>Hi</body></message>",
    );
    romeo.send("<message to='juliet@example.org/balcony' type='error'/>");
    expect(await come(romeo)).toEqual([]);
    for (const client of [juliet, chamber]) expect(await come(client)).toEqual([]);
    const page = await asks(juliet, "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    expect(page).toContain("complete='true'");
    expect(await come(juliet)).toEqual([]);
  });

  test('§3.3: requests are answered so too, answers are dropped', async () => {
    for (const to of ['juliet@example.org', 'juliet@example.org/balcony']) {
      for (const type of ['get', 'set', 'result']) {
        romeo.send(`<iq to='${to}' type='${type}' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`);
      }
    }
    const answers = await come(romeo);
    expect(answers).toHaveLength(4);
    for (const answer of answers) expect(answer).toContain('<service-unavailable ');
    expect(await come(juliet)).toEqual([]);
  });

  test('§3.3: presence of every kind reaches nobody and is not answered', async () => {
    // RFC 6121 §3.1.2: those of subscriptions come from the account, whatever resource sent them.
    const ofAccount = entry.includes('/') ? [] : ['subscribe', 'unsubscribed'];
    for (const type of ['', 'unavailable', 'probe', 'error', ...ofAccount])
      for (const to of ['juliet@example.org', 'juliet@example.org/balcony'])
        romeo.send(`<presence to='${to}'${type === '' ? '' : ` type='${type}'`}/>`);
    expect(await come(romeo)).toEqual([]);
    for (const client of [juliet, chamber]) expect(await come(client)).toEqual([]);
  });

  test('§3.3: nothing goes to him; its writer is told why', async () => {
    const to = 'romeo@example.org/orchard';
    for (const stanza of [
      `<message to='${to}' type='chat'>${BODY}</message>`,
      `<iq to='${to}' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`,
      `<presence to='${to}'/>`,
    ]) {
      const answer = await asks(juliet, stanza);
      expect(answer).toContain("type='error'");
      expect(answer).toContain('<not-acceptable ');
      expect(answer).toContain(BLOCKED);
    }
    juliet.send(`<message to='${to}' type='error'/>`);
    juliet.send(`<iq to='${to}' type='result' id='1'/>`);
    expect(await come(juliet)).toEqual([]);
    expect(await come(romeo)).toEqual([]);
  });

  test("one's own resources and the server itself go on", async () => {
    juliet.send(`<message to='juliet@example.org/chamber' type='chat'>${BODY}</message>`);
    expect(await come(chamber)).toHaveLength(1);
    for (const to of ["to='example.org'", "to='juliet@example.org'", ''])
      expect(
        await asks(juliet, `<iq ${to} type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>`),
      ).toContain("type='result'");
  });

  test('§3.4: after the unblock everything passes again', async () => {
    await asks(juliet, unblock(entry));
    romeo.send(`<message to='juliet@example.org' type='chat'>${BODY}</message>`);
    expect(await come(juliet)).toHaveLength(1);
    juliet.send(`<message to='romeo@example.org' type='chat'>${BODY}</message>`);
    expect(await come(romeo)).toContainEqual(expect.stringContaining(BODY));
  });
});

test.each(['romeo@example.org', 'romeo@example.org/orchard', 'example.org'])(
  '§3.3, §3.4: a contact who sees the user sees her go when he is blocked as %s, and come back',
  async (entry) => {
    juliet.send('<presence><show>away</show></presence>');
    await come(romeo);
    await asks(juliet, block(entry));
    const left = await come(romeo);
    expect(left.sort()).toEqual([
      expect.stringMatching(/from='juliet@example.org\/balcony'.* type='unavailable'/),
      expect.stringMatching(/from='juliet@example.org\/chamber'.* type='unavailable'/),
    ]);
    await asks(juliet, block(entry));
    expect(await come(romeo)).toEqual([]);
    await asks(juliet, unblock());
    const back = await come(romeo);
    expect(back.sort()).toEqual([
      expect.stringMatching(/from='juliet@example.org\/balcony'.*<show>away<\/show>/),
      expect.stringMatching(/from='juliet@example.org\/chamber'/),
    ]);
  },
);

test('an unblock that leaves another entry for the contact shows him nothing', async () => {
  await asks(juliet, block('example.org', 'romeo@example.org'));
  await come(romeo);
  await asks(juliet, unblock('romeo@example.org'));
  expect(await come(romeo)).toEqual([]);
});

test('a stranger sees nothing of being blocked', async () => {
  await server.addAccount('paris');
  const paris = await server.login('paris', 'x');
  paris.available();
  await come(paris);
  await asks(juliet, block('paris@example.org'));
  await asks(juliet, unblock('paris@example.org'));
  expect(await come(paris)).toEqual([]);
});

test('who had presence directly sees it go, and nothing of what comes later', async () => {
  await server.addAccount('paris');
  const paris = await server.login('paris', 'x');
  paris.available();
  await come(paris);
  juliet.send("<presence to='paris@example.org/x'/>");
  expect(await come(paris)).toHaveLength(1);
  await asks(juliet, block('paris@example.org'));
  expect(await come(paris)).toEqual([expect.stringContaining("type='unavailable'")]);
  juliet.send("<presence type='unavailable'/>");
  expect(await come(paris)).toEqual([]);
});

test('a contact whose presence was not heard meanwhile is asked for it', async () => {
  juliet.send("<presence to='romeo@example.org' type='subscribe'/>");
  await server.settle();
  romeo.send("<presence to='juliet@example.org' type='subscribed'/>");
  await server.settle();
  await asks(juliet, block('romeo@example.org'));
  romeo.send('<presence><show>dnd</show></presence>');
  await come(juliet);
  await asks(juliet, unblock());
  expect(await come(juliet)).toContainEqual(expect.stringContaining('<show>dnd</show>'));
});

test('what is sent right behind the command is judged by it, before it is on disk', async () => {
  juliet.send(block('romeo@example.org'));
  juliet.send(`<message to='romeo@example.org' type='chat'>${BODY}</message>`);
  juliet.send(unblock());
  juliet.send(`<message to='romeo@example.org' type='chat'><body>2</body></message>`);
  await server.settle();
  expect(romeo.bodies).toEqual(['2']);
  expect((await come(juliet)).filter((stanza) => stanza.includes(BLOCKED))).toHaveLength(1);
});

test('XEP-0377: a report is logged, within bounds, and its address blocked', async () => {
  await asks(juliet, GET);
  const report = `<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'><text>${'x'.repeat(2000)}</text><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.org' id='77'/></report>`;
  await asks(juliet, set('block', `<item jid='spam@x.net'>${report}</item>`));
  expect(reported).toEqual([
    {
      reporter: 'juliet@example.org',
      reported: 'spam@x.net',
      reason: 'urn:xmpp:reporting:spam',
      text: 'x'.repeat(1000),
      stanzaIds: ['77'],
    },
  ]);
  // The push has the address alone.
  expect((await come(juliet)).join('')).toContain("<item jid='spam@x.net'/></block>");
  await asks(
    juliet,
    set('block', "<item jid='b@x.net'><report xmlns='urn:xmpp:reporting:1'/></item>"),
  );
  expect(await listed()).toEqual(['b@x.net', 'spam@x.net']);
});
