import { StanzaReader } from '../../xml/stanza-reader.ts';
import { XmlContext } from '../../xml/xml-context.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { InactiveScreen } from './screen.ts';

const ME = 'juliet@example.org';
const STATES = "xmlns='http://jabber.org/protocol/chatstates'";

function screen(limits = { maxStanzas: 100, maxBytes: 10_000 }) {
  const held = new InactiveScreen(new StanzaReader(new XmlContext()), ME, limits);
  return {
    take: (xml: string, reference = 0) =>
      held.take(xml as Bytes, reference).map(({ stanza }) => stanza as string),
    release: () => held.release().map(({ stanza }) => stanza as string),
  };
}

function presence(from: string, show = 'away', attributes = ''): string {
  return `<presence from='${from}' to='${ME}'${attributes}><show>${show}</show></presence>`;
}

function state(from: string, name: string): string {
  return `<message from='${from}' to='${ME}/a' type='chat'><${name} ${STATES}/><no-store xmlns='urn:xmpp:hints'/></message>`;
}

function chat(from: string): string {
  return `<message from='${from}' to='${ME}/a' type='chat'><body>Hi</body></message>`;
}

function copy(name: 'sent' | 'received', inner: string): string {
  const message = inner.replace('<message', "<message xmlns='jabber:client'");
  return `<message from='${ME}' to='${ME}/a' type='chat'><${name} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${message}</forwarded></${name}></message>`;
}

test('of each full address the last presence is kept, at the place of the last', () => {
  const { take, release } = screen();
  expect(take(presence('romeo@example.net/a'))).toEqual([]);
  expect(take(presence('nurse@example.net/b'))).toEqual([]);
  expect(take(presence('romeo@example.net/a', 'dnd'))).toEqual([]);
  expect(take(presence('romeo@example.net/c'))).toEqual([]);
  expect(release()).toEqual([
    presence('nurse@example.net/b'),
    presence('romeo@example.net/a', 'dnd'),
    presence('romeo@example.net/c'),
  ]);
  expect(release()).toEqual([]);
});

test('what matters leaves at once, behind what waited', () => {
  const { take } = screen();
  take(presence('nurse@example.net/b'));
  expect(take(chat('romeo@example.net/a'), 7)).toEqual([
    presence('nurse@example.net/b'),
    chat('romeo@example.net/a'),
  ]);
});

test('a typing notice is replaced by the next one and by the message itself', () => {
  const { take, release } = screen();
  const romeo = 'romeo@example.net/a';
  take(state('nurse@example.net/b', 'composing'));
  take(state(romeo, 'composing'));
  take(state(romeo, 'paused'));
  for (const reference of [0, 7]) {
    take(state(romeo, 'composing'));
    take(state('nurse@example.net/b', 'composing'));
    expect(take(chat(romeo), reference)).toEqual([
      state('nurse@example.net/b', 'composing'),
      chat(romeo),
    ]);
  }
  expect(release()).toEqual([]);
});

test('copies are judged by what they carry', () => {
  const { take, release } = screen();
  const composing = copy('sent', state(`${ME}/b`, 'composing'));
  const paused = copy('sent', state(`${ME}/b`, 'paused'));
  const received = copy('received', state('romeo@example.net/a', 'composing'));
  expect([composing, received, paused].flatMap((xml) => take(xml))).toEqual([]);
  expect(take(copy('sent', chat(`${ME}/b`)))).toEqual([received, copy('sent', chat(`${ME}/b`))]);
  expect(release()).toEqual([]);
});

test('a copy that somebody else made up is judged as the message it is', () => {
  const forged = copy('sent', state(`${ME}/b`, 'composing')).replace(
    `from='${ME}'`,
    "from='tybalt@example.net/x'",
  );
  expect(screen().take(forged)).toEqual([forged]);
});

test.each([
  ['an iq', `<iq from='example.org' to='${ME}/a' type='result' id='1'/>`],
  ['a subscription request', `<presence from='romeo@example.net' to='${ME}' type='subscribe'/>`],
  ['a presence error', presence('room@muc.example.org/me', 'away', " type='error'")],
  [
    "the presence of one's own occupant",
    `<presence from='room@muc.example.org/me' to='${ME}/a'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`,
  ],
  [
    'a call',
    `<message from='romeo@example.net/a' to='${ME}' type='chat'><propose xmlns='urn:xmpp:jingle-message:0' id='c'/></message>`,
  ],
  [
    'a receipt',
    `<message from='romeo@example.net/a' to='${ME}/a'><received xmlns='urn:xmpp:receipts' id='1'/></message>`,
  ],
  [
    'a typing notice with a marker',
    state('romeo@example.net/a', 'active').replace(
      '<no-store',
      "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><no-store",
    ),
  ],
  [
    'a message of a room',
    `<message from='room@muc.example.org/x' to='${ME}/a' type='groupchat'><body>me!</body></message>`,
  ],
  [
    "an event of one's own",
    `<message from='${ME}' to='${ME}/a' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>`,
  ],
])('%s leaves at once', (_what, xml) => {
  expect(screen().take(xml)).toEqual([xml]);
});

test('events of others wait, each of them', () => {
  const { take, release } = screen();
  const event = `<message from='romeo@example.net' to='${ME}/a' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'/></event></message>`;
  expect([...take(event), ...take(event)]).toEqual([]);
  expect(release()).toEqual([event, event]);
});

test.each([
  ['stanzas', { maxStanzas: 3, maxBytes: 10_000 }],
  ['bytes', { maxStanzas: 100, maxBytes: 3 * presence('n0@example.net/a').length }],
])('beyond the bound in %s all of it leaves, in its order', (_what, limits) => {
  const { take } = screen(limits);
  const all = [0, 1, 2, 3].map((n) => presence(`n${n}@example.net/a`));
  expect(all.flatMap((xml) => take(xml))).toEqual(all);
  expect(take(presence('n4@example.net/a'))).toEqual([]);
});
