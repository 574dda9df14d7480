// Appendix A of RFC 6121 cell by cell, on a real account. What is expected is written down here a second time, from the
// specification, so that a slip in the table shows.
import { TestServer, DOMAIN, type TestClient } from '../archive/testing/server.ts';
import { parseJid } from '../protocol/jid.ts';
import { roster } from '../roster/index.ts';
import { Router } from '../router/router.ts';
import { PLAIN } from '../account/outlet.ts';
import { utf8 } from '../xml/bytes.ts';
import { presence } from './index.ts';
import { SIDES, stateOf, type State } from './subscription-table.ts';

/** How each state comes to be, seen from the account: `>` its client says it, `<` the contact does. */
const WAYS: Readonly<Record<State, readonly string[]>> = {
  none: [],
  'none+out': ['>subscribe'],
  'none+in': ['<subscribe'],
  'none+out+in': ['>subscribe', '<subscribe'],
  to: ['>subscribe', '<subscribed'],
  'to+in': ['>subscribe', '<subscribed', '<subscribe'],
  from: ['<subscribe', '>subscribed'],
  'from+out': ['<subscribe', '>subscribed', '>subscribe'],
  both: ['<subscribe', '>subscribed', '>subscribe', '<subscribed'],
};

/** RFC 6121 A.2 and A.3: MUST (routed or delivered) is `!`, MUST NOT is `-`; then the new state, or nothing. */
const EXPECTED = `
>subscribe     none ! none+out
>subscribe     none+out !
>subscribe     none+in ! none+out+in
>subscribe     none+out+in !
>subscribe     to !
>subscribe     to+in !
>subscribe     from ! from+out
>subscribe     from+out !
>subscribe     both !
>unsubscribe   none !
>unsubscribe   none+out ! none
>unsubscribe   none+in !
>unsubscribe   none+out+in ! none+in
>unsubscribe   to ! none
>unsubscribe   to+in ! none+in
>unsubscribe   from !
>unsubscribe   from+out ! from
>unsubscribe   both ! from
>subscribed    none -
>subscribed    none+out -
>subscribed    none+in ! from
>subscribed    none+out+in ! from+out
>subscribed    to -
>subscribed    to+in ! both
>subscribed    from -
>subscribed    from+out -
>subscribed    both -
>unsubscribed  none -
>unsubscribed  none+out -
>unsubscribed  none+in ! none
>unsubscribed  none+out+in ! none+out
>unsubscribed  to -
>unsubscribed  to+in ! to
>unsubscribed  from ! none
>unsubscribed  from+out ! none+out
>unsubscribed  both ! to
<subscribe     none ! none+in
<subscribe     none+out ! none+out+in
<subscribe     none+in -
<subscribe     none+out+in -
<subscribe     to ! to+in
<subscribe     to+in -
<subscribe     from -
<subscribe     from+out -
<subscribe     both -
<unsubscribe   none -
<unsubscribe   none+out -
<unsubscribe   none+in ! none
<unsubscribe   none+out+in ! none+out
<unsubscribe   to -
<unsubscribe   to+in ! to
<unsubscribe   from ! none
<unsubscribe   from+out ! none+out
<unsubscribe   both ! to
<subscribed    none -
<subscribed    none+out ! to
<subscribed    none+in -
<subscribed    none+out+in ! to+in
<subscribed    to -
<subscribed    to+in -
<subscribed    from -
<subscribed    from+out ! both
<subscribed    both -
<unsubscribed  none -
<unsubscribed  none+out ! none
<unsubscribed  none+in -
<unsubscribed  none+out+in ! none+in
<unsubscribed  to ! none
<unsubscribed  to+in ! none+in
<unsubscribed  from -
<unsubscribed  from+out ! from
<unsubscribed  both ! from`
  .trim()
  .split('\n')
  .map((line) => {
    const [step, before, passes, after] = line.split(/ +/) as [string, State, '!' | '-', State?];
    return [step, before, passes, after ?? before] as const;
  });

let server: TestServer;
let count = 0;
/** What was routed to the contact, of all tests. */
let routedThere: string[] = [];

const { route } = Router.prototype;

beforeAll(async () => {
  server = await TestServer.open({ modules: [roster, presence] });
  Router.prototype.route = function (this: Router, ...args) {
    const [stanza, from, to] = args;
    if (to.full === CONTACT.full && from.resource === '') routedThere.push(stanza.type ?? '');
    route.apply(this, args);
  };
});
afterAll(async () => {
  Router.prototype.route = route;
  await server.close();
});

/** Nobody: whatever is routed there goes nowhere, and is seen on its way. */
const CONTACT = parseJid(`contact@${DOMAIN}`);

class Side {
  readonly client: TestClient;
  readonly bare: string;

  private constructor(client: TestClient, bare: string) {
    this.client = client;
    this.bare = bare;
  }

  static async make(): Promise<Side> {
    const local = `u${String(count++)}`;
    await server.addAccount(local);
    const client = await server.login(local, 'r');
    client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    client.available();
    return new Side(client, `${local}@${DOMAIN}`);
  }

  async play(step: string): Promise<void> {
    const type = step.slice(1);
    if (step.startsWith('>')) {
      this.client.send(`<presence to='${CONTACT.bare}' type='${type}'/>`);
    } else {
      const stanza = server.reader.read(utf8(`<presence type='${type}'/>`));
      server.accounts.incoming(stanza, CONTACT, parseJid(this.bare), PLAIN, undefined, 0);
    }
    await server.settle();
  }

  /** What went to the contact since the last call, and what came from it. */
  take(): { routed: string[]; delivered: string[] } {
    const from = `from='${CONTACT.bare}'`;
    const delivered = this.client
      .take()
      .filter((stanza) => stanza.startsWith('<presence') && stanza.includes(from))
      .map((stanza) => / type='(\w+)'/.exec(stanza)?.[1] ?? '');
    const routed = routedThere;
    routedThere = [];
    return { routed, delivered };
  }

  /** By what the disk says. */
  async state(): Promise<State> {
    const [, owner] = await this.ids();
    const read = (query: string) => server.storage.read(server.storage.query(query), [owner]);
    const item = (await read('roster.load')).find((row) => row[3] === CONTACT.bare);
    const asks = (await read('requests.load')).some((row) => row[0] === CONTACT.bare);
    const subscription = (item?.[5] ?? 'none') as 'none';
    return stateOf({ subscription, ask: item?.[6] === 1, asks });
  }

  private async ids(): Promise<[string, number]> {
    const { local, domain } = parseJid(this.bare);
    const find = server.storage.query('accounts.find');
    const rows = await server.storage.read(find, [local, domain]);
    return [local, rows[0]?.[0] as number];
  }
}

test.each(EXPECTED)('%s in the state %s: %s %s', async (step, before, passes, after) => {
  const side = await Side.make();
  for (const way of WAYS[before]) await side.play(way);
  expect(await side.state()).toBe(before);
  side.take();
  await side.play(step);
  const { routed, delivered } = side.take();
  const type = step.slice(1);
  if (step.startsWith('>')) expect(routed).toEqual(passes === '!' ? [type] : []);
  else expect(delivered).toEqual(passes === '!' ? [type] : []);
  expect(await side.state()).toBe(after);
  // RFC 6121 §3.1.3: a subscription that is there is confirmed.
  const confirms = step === '<subscribe' && SIDES[before].subscription.match(/from|both/) !== null;
  expect(routed.filter((word) => word === 'subscribed')).toEqual(
    confirms || (step === '>subscribed' && passes === '!') ? ['subscribed'] : [],
  );
});

test.each([
  ['none', 'from'],
  ['none+out', 'from+out'],
  ['to', 'both'],
] as const)('a contact approved in advance in the state %s comes to %s', async (before, after) => {
  const side = await Side.make();
  for (const way of WAYS[before]) await side.play(way);
  await side.play('>subscribed');
  expect(await side.state()).toBe(before);
  side.take();
  await side.play('<subscribe');
  expect(side.take()).toEqual({ routed: ['subscribed'], delivered: [] });
  expect(await side.state()).toBe(after);
});

test('there is a cell for each state and each stanza', () => {
  expect(EXPECTED).toHaveLength(72);
  expect(new Set(EXPECTED.map(([step, state]) => step + state)).size).toBe(72);
});
