// XEP-0115 (v1.6.0): capabilities of the server, and of clients.
import { createHash } from 'node:crypto';
import { Client, login } from '../helpers/client.ts';
import { Connection } from '../helpers/connection.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childOf, childrenOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';

const NS = 'http://jabber.org/protocol/caps';
const INFO = 'http://jabber.org/protocol/disco#info';
const DATA = 'jabber:x:data';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    accounts: 16,
    workers: 1,
    config: { modules: { 'contact-addresses': { abuse: ['mailto:a@example.org'] } } },
  });
});
afterAll(async () => {
  await server.close();
});

/** §5.1, written once more. */
function hashOf(query: Element): string {
  const attr = (of: Element, name: string) => of.attrs[name] ?? '';
  const all = childrenOf(query);
  const named = (name: string) => all.filter((one) => one.name === name);
  const parts = [
    ...named('identity')
      .map((one) => `${attr(one, 'category')}/${attr(one, 'type')}//${attr(one, 'name')}`)
      .sort(),
    ...named('feature')
      .map((one) => attr(one, 'var'))
      .sort(),
  ];
  for (const x of all.filter(({ name, ns }) => name === 'x' && ns === DATA)) {
    const [type, ...fields] = childrenOf(x);
    parts.push(textOf(childOf(type!, 'value', DATA)));
    for (const field of fields) {
      parts.push(
        attr(field, 'var'),
        ...childrenOf(field)
          .map((value) => textOf(value))
          .sort(),
      );
    }
  }
  return createHash('sha1')
    .update(parts.map((part) => `${part}<`).join(''))
    .digest('base64');
}

async function features(): Promise<Element> {
  const connection = await Connection.open(server);
  await connection.features();
  const user = server.user();
  await login(connection, user.local, user.password);
  const after = await connection.features();
  connection.destroy();
  return after;
}

test('§6.3, §5.1: the stream features have the hash of what the server says for its node', async () => {
  const shown = childOf(await features(), 'c', NS)!.attrs;
  expect(shown['hash']).toBe('sha-1');
  const node = `${shown['node'] ?? ''}#${shown['ver'] ?? ''}`;
  const client = await Client.login(server, server.user());
  const answer = await client.ask(
    `<iq type='get' to='${HOST}'><query xmlns='${INFO}' node='${node}'/></iq>`,
  );
  const query = childOf(answer, 'query', INFO)!;
  expect(query.attrs['node']).toBe(node);
  expect(hashOf(query)).toBe(shown['ver']);
  const plain = await client.ask(`<iq type='get' to='${HOST}'><query xmlns='${INFO}'/></iq>`);
  expect(hashOf(childOf(plain, 'query', INFO)!)).toBe(shown['ver']);
});

test('the features of the stream are the same on every stream', async () => {
  expect(childOf(await features(), 'c', NS)).toEqual(childOf(await features(), 'c', NS));
});

test('§7: the server says that it knows capabilities, and lets clients leave out what has not changed', async () => {
  const client = await Client.login(server, server.user());
  const answer = await client.ask(`<iq type='get' to='${HOST}'><query xmlns='${INFO}'/></iq>`);
  const told = childrenOf(childOf(answer, 'query', INFO)!).map(({ attrs }) => attrs['var']);
  expect(told).toEqual(expect.arrayContaining([NS, `${NS}#optimize`]));
});

test('another hash of the server is a node that is not known, and an account has none', async () => {
  const client = await Client.login(server, server.user());
  const { node = '', ver = '' } = childOf(await features(), 'c', NS)!.attrs;
  for (const [to, asked] of [
    [HOST, `${node}#AAAA`],
    [client.bare, `${node}#${ver}`],
  ] as const) {
    const answer = await client.ask(
      `<iq type='get' to='${to}'><query xmlns='${INFO}' node='${asked}'/></iq>`,
    );
    expect(conditionOf(answer)).toBe('item-not-found');
  }
});

function presence(ver: string): string {
  return `<presence><c xmlns='${NS}' hash='sha-1' node='http://example.org/c' ver='${ver}'/></presence>`;
}

/** What a client is asked after it sent this presence. */
async function asked(client: Client, ver: string): Promise<Element[]> {
  client.send(presence(ver));
  return (await client.drained()).filter(({ name }) => name === 'iq');
}

const FEATURES = "<identity category='client' type='pc'/><feature var='urn:xmpp:ping'/>";
const VER = createHash('sha1').update('client/pc//<urn:xmpp:ping<').digest('base64');

test('§5.4: a client of an unknown kind is asked once, and nobody else who shows the same hash', async () => {
  const first = await Client.login(server, server.user());
  const [query] = await asked(first, VER);
  expect(query?.attrs).toMatchObject({ type: 'get', from: first.bare, to: first.jid });
  expect(childOf(query!, 'query', INFO)?.attrs['node']).toBe(`http://example.org/c#${VER}`);
  first.send(
    `<iq type='result' id='${query?.attrs['id'] ?? ''}' to='${first.bare}'><query xmlns='${INFO}'>${FEATURES}</query></iq>`,
  );
  await first.drained();
  expect(await asked(first, VER)).toEqual([]);
  const second = await Client.login(server, server.user());
  expect(await asked(second, VER)).toEqual([]);
});

test('§5.4: who answers with something else is not believed, and the next one is asked', async () => {
  const ver = createHash('sha1').update('something else').digest('base64');
  const liar = await Client.login(server, server.user());
  const [query] = await asked(liar, ver);
  liar.send(
    `<iq type='result' id='${query?.attrs['id'] ?? ''}' to='${liar.bare}'><query xmlns='${INFO}'>${FEATURES}</query></iq>`,
  );
  await liar.drained();
  expect(await asked(liar, ver)).toEqual([]);
  const next = await Client.login(server, server.user());
  expect(await asked(next, ver)).toHaveLength(1);
});

test('an answer of somebody who was not asked counts for nothing', async () => {
  const ver = createHash('sha1').update('yet another').digest('base64');
  const user = server.user();
  const asking = await Client.login(server, user, { resource: 'a' });
  const [query] = await asked(asking, ver);
  const other = await Client.login(server, user, { resource: 'b' });
  other.send(
    `<iq type='result' id='${query?.attrs['id'] ?? ''}' to='${user.bare}'><query xmlns='${INFO}'/></iq>`,
  );
  await other.drained();
  // It is still open: nobody else is asked meanwhile.
  const third = await Client.login(server, server.user());
  expect(await asked(third, ver)).toEqual([]);
});

test('§5.4: without a hash, or with one that is not supported, nobody is asked', async () => {
  const client = await Client.login(server, server.user());
  for (const attributes of ["node='n' ver='1.0' ext='a'", "node='n' ver='x' hash='md5'"]) {
    client.send(`<presence><c xmlns='${NS}' ${attributes}/></presence>`);
    expect((await client.drained()).filter(({ name }) => name === 'iq')).toEqual([]);
  }
});

test('§8.4: capabilities left out since stay with the presence that others are told later', async () => {
  const user = server.user();
  const first = await Client.login(server, user, { resource: 'a' });
  first.send(presence(VER));
  first.send('<presence><show>away</show></presence>');
  await first.drained();
  const later = await Client.login(server, user, { resource: 'b' });
  later.send('<presence/>');
  const came = (await later.drained()).find(({ attrs }) => attrs['from'] === first.jid);
  expect(childOf(came!, 'c', NS)?.attrs['ver']).toBe(VER);
  expect(textOf(childOf(came!, 'show'))).toBe('away');
});
