// XEP-0055 (v1.3): finding users who want to be found.
import { Client } from '../helpers/client.ts';
import { HOST, TestServer, type User } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const NS = 'jabber:iq:search';
const DATA = 'jabber:x:data';

let server: TestServer;
let romeo: Client;
let juliet: User;
let tybalt: User;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 4 });
  romeo = await Client.login(server, server.user());
  juliet = server.user();
  tybalt = server.user();
  const card = (given: string, nick: string, visibility: string) =>
    `<N><GIVEN>${given}</GIVEN><FAMILY>Capulet</FAMILY></N><NICKNAME>${nick}</NICKNAME>` +
    `<EMAIL><USERID>${given.toLowerCase()}@shakespeare.lit</USERID></EMAIL><CLASS>${visibility}</CLASS>`;
  await publish(juliet, card('Juliet', 'Ju%_C', '<PUBLIC/>'));
  await publish(tybalt, card('Tybalt', 'ty', '<PRIVATE/>'));
});
afterAll(async () => {
  await server.close();
});

async function publish(user: User, content: string): Promise<void> {
  const client = await Client.login(server, user);
  await client.ask(`<iq type='set'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`);
  client.connection.destroy();
}

async function search(content: string): Promise<Element> {
  return await romeo.ask(
    `<iq type='set' to='${HOST}'><query xmlns='${NS}'>${content}</query></iq>`,
  );
}

function form(fields: Readonly<Record<string, string>>, type = NS): string {
  const each = Object.entries({ FORM_TYPE: type, ...fields }).map(
    ([name, value]) => `<field var='${name}'><value>${value}</value></field>`,
  );
  return `<x xmlns='${DATA}' type='submit'>${each.join('')}</x>`;
}

function found(answer: Element): (string | undefined)[] {
  const query = childOf(answer, 'query', NS);
  if (query === undefined) throw new TypeError('no result');
  return childrenOf(query).map(({ attrs }) => attrs['jid']);
}

test('§2.1, §3: the fields are told, in both ways, with FORM_TYPE', async () => {
  const answer = await romeo.ask(`<iq type='get' to='${HOST}'><query xmlns='${NS}'/></iq>`);
  const query = childOf(answer, 'query', NS)!;
  expect(childrenOf(query).map(({ name }) => name)).toEqual([
    ...['instructions', 'first', 'last', 'nick', 'email', 'x'],
  ]);
  const x = childOf(query, 'x', DATA)!;
  const fields = childrenOf(x).filter(({ name }) => name === 'field');
  expect(fields.map(({ attrs }) => attrs['var'])).toEqual([
    ...['FORM_TYPE', 'first', 'last', 'nick', 'email'],
  ]);
  expect(textOf(childOf(fields[0]!, 'value', DATA))).toBe(NS);
});

test('§2.1: who wants to be found is, and nobody else', async () => {
  const answer = await search('<last>CAPULET</last>');
  expect(found(answer)).toEqual([juliet.bare]);
  const [item] = childrenOf(childOf(answer, 'query', NS)!);
  expect(childrenOf(item!).map((one) => textOf(one))).toEqual([
    ...['Juliet', 'Capulet', 'Ju%_C', 'juliet@shakespeare.lit'],
  ]);
});

test('§3: a form is answered with a form that says what it reports', async () => {
  const answer = await search(form({ first: 'jul' }));
  const x = childOf(childOf(answer, 'query', NS)!, 'x', DATA)!;
  expect(x.attrs['type']).toBe('result');
  const [type, reported, item, ...more] = childrenOf(x);
  expect(more).toEqual([]);
  expect(textOf(childOf(type!, 'value', DATA))).toBe(NS);
  const names = (of: Element | undefined) => childrenOf(of!).map(({ attrs }) => attrs['var']);
  expect(names(item)).toEqual(names(reported));
  expect(textOf(childOf(childrenOf(item!)[0]!, 'value', DATA))).toBe(juliet.bare);
});

test('all fields that are filled in must fit', async () => {
  expect(found(await search('<first>juliet</first><nick>ty</nick>'))).toEqual([]);
  expect(found(await search('<first>juliet</first><email>shakespeare</email>'))).toEqual([
    juliet.bare,
  ]);
});

test('signs that databases have a meaning for have none here', async () => {
  expect(found(await search('<nick>%_</nick>'))).toEqual([juliet.bare]);
  expect(found(await search('<nick>%%</nick>'))).toEqual([]);
  expect(found(await search("<nick>' OR 1=1 --</nick>"))).toEqual([]);
});

test('§2.1: nobody fits: an empty query', async () => {
  expect(found(await search('<nick>nobody</nick>'))).toEqual([]);
});

test('a search for nothing, and a malformed form, are errors', async () => {
  expect(conditionOf(await search(''))).toBe('not-acceptable');
  expect(conditionOf(await search('<nick>x</nick>'))).toBe('not-acceptable');
  expect(conditionOf(await search(`<nick>${'x'.repeat(300)}</nick>`))).toBe('not-acceptable');
  expect(conditionOf(await search(form({ first: 'jul' }, 'other')))).toBe('bad-request');
  expect(conditionOf(await search(`<x xmlns='${DATA}' type='nonsense'/>`))).toBe('bad-request');
});
