import { itemsOf, outcomeOf, RosterServer, type Client } from './testing/roster-fixture.ts';
import type { Account } from '../account/account.ts';

let server: RosterServer;
let juliet: Account;
let balcony: Client;
let chamber: Client;

async function open(options: Record<string, unknown> = {}): Promise<void> {
  server = await RosterServer.open({ options });
  juliet = await server.account('juliet', 1);
  balcony = server.client(juliet, 'balcony');
  chamber = server.client(juliet, 'chamber');
}

beforeEach(() => open());
afterEach(() => server.storage.close());

const NURSE = "<item jid='nurse@example.org' name='Nurse'><group>Servants</group></item>";
const nurse = {
  jid: 'nurse@example.org',
  name: 'Nurse',
  subscription: 'none',
  groups: ['Servants'],
};

describe('RFC 6121 §2.1.3, §2.2: retrieving the roster', () => {
  it('gives an empty query for an empty roster', async () => {
    const answer = await balcony.get();
    expect(answer.type).toBe('result');
    expect(answer.children.map(({ name, ns }) => [name, ns])).toEqual([
      ['query', 'jabber:iq:roster'],
    ]);
    expect(itemsOf(answer)).toEqual([]);
  });

  it('gives every item with its name, groups and subscription', async () => {
    await balcony.set(NURSE);
    await balcony.set("<item jid='romeo@example.net'/>");
    expect(itemsOf(await balcony.get())).toEqual([
      nurse,
      { jid: 'romeo@example.net', name: undefined, subscription: 'none', groups: [] },
    ]);
  });

  it('shows a get what the set just before it did', async () => {
    balcony.send('set', `<query xmlns='jabber:iq:roster'>${NURSE}</query>`);
    const answer = await balcony.answerTo(balcony.send('get', "<query xmlns='jabber:iq:roster'/>"));
    expect(itemsOf(answer)).toEqual([nurse]);
  });

  it('tells nobody else of it', async () => {
    const romeo = server.client(await server.account('romeo', 2), 'orchard');
    const id = romeo.send('get', "<query xmlns='jabber:iq:roster'/>", 'juliet@example.org');
    expect(outcomeOf(await romeo.answerTo(id))).toBe('service-unavailable');
  });
});

describe('RFC 6121 §2.1.5, §2.3: adding an item', () => {
  it('answers with an empty result', async () => {
    const id = balcony.send('set', `<query xmlns='jabber:iq:roster'>${NURSE}</query>`);
    const answer = await balcony.answerTo(id);
    expect([answer.type, answer.children.length]).toEqual(['result', 0]);
  });

  it('ignores subscription, ask and approved as a client gives them', async () => {
    await balcony.set(
      "<item jid='nurse@example.org' subscription='both' ask='subscribe' approved='true'/>",
    );
    await balcony.set("<item jid='romeo@example.net' subscription='foobar'/>");
    const query = (await balcony.get()).firstChildElement();
    const attributes = query?.getChildren('item').map((item) => item.attrs);
    expect(attributes).toEqual([
      { jid: 'nurse@example.org', subscription: 'none' },
      { jid: 'romeo@example.net', subscription: 'none' },
    ]);
  });

  it('knows one address in all its spellings', async () => {
    await balcony.set(NURSE);
    await balcony.set("<item jid='Nurse@EXAMPLE.org' name='Angelica'/>");
    expect(itemsOf(await balcony.get())).toEqual([{ ...nurse, name: 'Angelica', groups: [] }]);
  });

  it('keeps every character of names and groups', async () => {
    const name = 'Ñurse &amp; &lt;Co&gt; &apos;&quot; 👩';
    await balcony.set(`<item jid='nurse@example.org' name='${name}'><group>${name}</group></item>`);
    const plain = 'Ñurse & <Co> \'" 👩';
    expect(itemsOf(await balcony.get())).toEqual([{ ...nurse, name: plain, groups: [plain] }]);
  });

  it('refuses none and several items with bad-request', async () => {
    expect(await balcony.set('')).toBe('bad-request');
    expect(await balcony.set(NURSE + "<item jid='romeo@example.net'/>")).toBe('bad-request');
    expect(itemsOf(await balcony.get())).toEqual([]);
  });

  it('takes an item of another namespace for none', async () => {
    expect(await balcony.set("<item xmlns='urn:other' jid='nurse@example.org'/>")).toBe(
      'bad-request',
    );
  });
});

describe('RFC 6121 §2.3.3: error cases', () => {
  it('forbids the rosters of others', async () => {
    const romeo = server.client(await server.account('romeo', 2), 'orchard');
    expect(await romeo.set(NURSE, 'juliet@example.org')).toBe('forbidden');
    expect(itemsOf(await balcony.get())).toEqual([]);
  });

  const item = (attributes: string, inner = ''): string => `<item ${attributes}>${inner}</item>`;
  const long = 'x'.repeat(1024);
  it.each([
    ['an item without an address', item("name='Nurse'"), 'bad-request'],
    ['a malformed address', item("jid='@example.org'"), 'jid-malformed'],
    ['an empty address', item("jid=''"), 'jid-malformed'],
    ['the own address', item("jid='juliet@example.org'"), 'not-allowed'],
    ['a group twice', item("jid='a@b'", '<group>A</group><group>A</group>'), 'bad-request'],
    ['a group of zero length', item("jid='a@b'", '<group/>'), 'not-acceptable'],
    ['a group too long', item("jid='a@b'", `<group>${long}</group>`), 'not-acceptable'],
    ['a name too long', item(`jid='a@b' name='${long}'`), 'not-acceptable'],
  ])('refuses %s', async (_what, xml, condition) => {
    expect(await balcony.set(xml)).toBe(condition);
    expect(itemsOf(await balcony.get())).toEqual([]);
  });

  it('counts the length of a name in bytes', async () => {
    const accents = (count: number): string => item(`jid='a@b' name='${'é'.repeat(count)}'`);
    expect(await balcony.set(accents(512))).toBe('not-acceptable');
    expect(await balcony.set(accents(511))).toBe('result');
  });
});

describe('limits of a roster', () => {
  it('refuses one contact too many, and still takes changes of the others', async () => {
    await server.storage.close();
    await open({ maxContacts: 2, maxGroups: 1 });
    const add = (jid: string, inner = ''): Promise<string> =>
      balcony.set(`<item jid='${jid}'>${inner}</item>`);
    expect(await add('a@x.org')).toBe('result');
    expect(await add('b@x.org')).toBe('result');
    expect(await add('c@x.org')).toBe('policy-violation');
    expect(await add('b@x.org', '<group>B</group>')).toBe('result');
    expect(await add('b@x.org', '<group>B</group><group>C</group>')).toBe('not-acceptable');
    expect(await balcony.set("<item jid='a@x.org' subscription='remove'/>")).toBe('result');
    expect(await add('c@x.org')).toBe('result');
  });

  it('counts what is still on its way to the disk', async () => {
    await server.storage.close();
    await open({ maxContacts: 1 });
    const ids = ['a@x.org', 'b@x.org'].map((jid) =>
      balcony.send('set', `<query xmlns='jabber:iq:roster'><item jid='${jid}'/></query>`),
    );
    await server.settle();
    const outcomes = ids.map(async (id) => outcomeOf(await balcony.answerTo(id)));
    expect(await Promise.all(outcomes)).toEqual(['result', 'policy-violation']);
  });

  it('refuses what makes a roster larger than its bytes', async () => {
    await server.storage.close();
    await open({ maxRosterBytes: 60 });
    expect(await balcony.set("<item jid='a@x.org' name='A'/>")).toBe('result');
    expect(await balcony.set(`<item jid='b@x.org' name='${'B'.repeat(60)}'/>`)).toBe(
      'policy-violation',
    );
    expect(await balcony.set("<item jid='a@x.org' name=''/>")).toBe('result');
  });
});

describe('RFC 6121 §2.1.6: roster pushes', () => {
  it('go to interested resources, the sender among them, and to no other', async () => {
    const garden = server.client(juliet, 'garden');
    await balcony.get();
    await chamber.get();
    await balcony.set(NURSE);
    expect(balcony.pushed()).toEqual([nurse]);
    expect(chamber.pushed()).toEqual([nurse]);
    expect(garden.received).toEqual([]);
  });

  it('come without an address of origin, to the full JID, each with its own id', async () => {
    await balcony.get();
    await chamber.get();
    await balcony.set(NURSE);
    const pushes = [...balcony.pushes(), ...chamber.pushes()];
    expect(pushes.map(({ from, to }) => [from, to])).toEqual([
      [undefined, 'juliet@example.org/balcony'],
      [undefined, 'juliet@example.org/chamber'],
    ]);
    expect(new Set(pushes.map(({ id }) => id)).size).toBe(2);
  });

  it('go before the result of the set', async () => {
    await balcony.get();
    balcony.received.length = 0;
    await balcony.set(NURSE);
    expect(balcony.received.map(({ type }) => type)).toEqual(['set', 'result']);
  });

  it('are not sent for a set that was refused', async () => {
    await chamber.get();
    await balcony.set("<item jid='nurse@example.org'><group/></item>");
    expect(chamber.pushed()).toEqual([]);
  });

  it('reach a resource that asked while the change was on its way to the disk, once', async () => {
    balcony.send('set', `<query xmlns='jabber:iq:roster'>${NURSE}</query>`);
    const answer = await chamber.get();
    const seen = [...itemsOf(answer), ...chamber.pushed()];
    expect(seen).toEqual([nurse]);
    await balcony.set("<item jid='romeo@example.net'/>");
    expect(chamber.pushed()).toHaveLength(1);
  });
});

describe('RFC 6121 §2.4: updating an item', () => {
  it('replaces name and groups', async () => {
    await balcony.set(NURSE);
    await balcony.get();
    await balcony.set(
      "<item jid='nurse@example.org' name='N'><group>B</group><group>A</group></item>",
    );
    const updated = { ...nurse, name: 'N', groups: ['B', 'A'] };
    expect(balcony.pushed()).toEqual([updated]);
    expect(itemsOf(await balcony.get())).toEqual([updated]);
  });
});

describe('RFC 6121 §2.5: removing an item', () => {
  const REMOVE = "<item jid='nurse@example.org' subscription='remove'/>";

  it('takes it away and pushes the removal', async () => {
    await balcony.set(NURSE);
    await chamber.get();
    expect(await balcony.set(REMOVE)).toBe('result');
    expect(chamber.pushed()).toEqual([
      { jid: 'nurse@example.org', name: undefined, subscription: 'remove', groups: [] },
    ]);
    expect(itemsOf(await balcony.get())).toEqual([]);
  });

  it('answers item-not-found for what is not there, or no longer (§2.5.3)', async () => {
    expect(await balcony.set(REMOVE)).toBe('item-not-found');
    await balcony.set(NURSE);
    expect(await balcony.set(REMOVE)).toBe('result');
    expect(await balcony.set(REMOVE)).toBe('item-not-found');
  });

  it('judges sets sent at once one behind the other', async () => {
    const send = (item: string): string =>
      balcony.send('set', `<query xmlns='jabber:iq:roster'>${item}</query>`);
    const ids = [REMOVE, NURSE, REMOVE, REMOVE, NURSE].map(send);
    await server.settle();
    const outcomes = ids.map(async (id) => outcomeOf(await balcony.answerTo(id)));
    expect(await Promise.all(outcomes)).toEqual([
      'item-not-found',
      'result',
      'result',
      'item-not-found',
      'result',
    ]);
    expect(itemsOf(await balcony.get())).toEqual([nurse]);
  });

  it('starts anew when the contact is added again', async () => {
    await balcony.set(NURSE);
    await balcony.set(REMOVE);
    await balcony.set("<item jid='nurse@example.org'/>");
    expect(itemsOf(await balcony.get())).toEqual([
      { jid: 'nurse@example.org', name: undefined, subscription: 'none', groups: [] },
    ]);
  });
});
