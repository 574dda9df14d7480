// What modules forbid between an account and others, on a real server of one worker.
import { DOMAIN, TestServer } from '../archive/testing/server.ts';
import type { Module } from '../host/module.ts';
import type { Verdict } from '../host/views.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { roster } from '../roster/index.ts';
import { presence } from '../presence/index.ts';

const REFUSED: Verdict = { stop: true, error: new StanzaError('not-acceptable') };

/** Nothing goes from or to the account `enemy`. */
const wall: Module = {
  declaration: { name: 'wall', summary: 'Forbids.', xeps: [] },
  setup(host) {
    const settings = { order: 0, why: 'test' };
    const verdict = (local: string): Verdict => (local === 'enemy' ? REFUSED : undefined);
    host.on('presence.out', settings, (_stanza, _account, to) => verdict(to.local));
    host.on('presence.in', settings, (_stanza, _account, from) => verdict(from.local));
    host.on('iq.out', settings, (_stanza, _account, to) => verdict(to.local));
    host.on('iq.in', settings, (_stanza, _account, from) => verdict(from.local));
  },
};

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.open({ modules: [roster, presence, wall] });
  for (const local of ['me', 'enemy', 'friend']) await server.addAccount(local);
});
afterEach(async () => {
  await server.close();
});

async function online(local: string) {
  const client = await server.login(local, 'r');
  client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  client.available();
  await server.settle();
  client.take();
  return client;
}

const about = (stanzas: readonly string[], local: string): string[] =>
  stanzas.filter((stanza) => stanza.includes(`from='${local}@`));

test('directed presence and subscriptions are refused to their sender, and change nothing', async () => {
  const me = await online('me');
  me.send(`<presence to='enemy@${DOMAIN}/r' id='1'/>`);
  me.send(`<presence to='enemy@${DOMAIN}' type='subscribe' id='2'/>`);
  await server.settle();
  const came = me.take();
  expect(came).toHaveLength(2);
  for (const answer of came) expect(answer).toContain('<not-acceptable');
});

test('what comes from outside is dropped without a word', async () => {
  const me = await online('me');
  const enemy = await online('enemy');
  enemy.send(`<presence to='me@${DOMAIN}'/>`);
  enemy.send(`<presence to='me@${DOMAIN}' type='subscribe'/>`);
  enemy.send(`<presence to='me@${DOMAIN}/r'/>`);
  await server.settle();
  expect(about(me.take(), 'enemy')).toEqual([]);
  expect(about(enemy.take(), 'me')).toEqual([]);
});

test('requests are answered with the error at either end, answers are dropped', async () => {
  const me = await online('me');
  const enemy = await online('enemy');
  me.send(`<iq type='get' id='1' to='enemy@${DOMAIN}/r'><x xmlns='urn:x'/></iq>`);
  enemy.send(`<iq type='get' id='2' to='me@${DOMAIN}/r'><x xmlns='urn:x'/></iq>`);
  enemy.send(`<iq type='get' id='3' to='me@${DOMAIN}'><x xmlns='urn:x'/></iq>`);
  enemy.send(`<iq type='result' id='4' to='me@${DOMAIN}/r'/>`);
  await server.settle();
  expect(me.take().map((answer) => /id='(\d)'/.exec(answer)?.[1])).toEqual(['1']);
  const errors = enemy.take();
  expect(errors.map((answer) => /id='(\d)'/.exec(answer)?.[1])).toEqual(['2', '3']);
  for (const error of errors) expect(error).toContain('<not-acceptable');
});

test('the others see no difference', async () => {
  const me = await online('me');
  const friend = await online('friend');
  me.send(`<presence to='friend@${DOMAIN}'/>`);
  await server.settle();
  expect(about(friend.take(), 'me')).toHaveLength(1);
});
