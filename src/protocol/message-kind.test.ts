import { NS } from './namespaces.ts';
import { MESSAGE_CHILDREN, hasBody, messageKind, type ChildName } from './message-kind.ts';

const body = { name: 'body', ns: NS.client };
const hint = (name: string): ChildName => ({ name, ns: NS.hints });
const composing = { name: 'composing', ns: NS.chatStates };
const child = (name: string, ns: string): ChildName => ({ name, ns });

const BOTH = [true, true];
const OFFLINE = [false, true];
const NEITHER = [false, false];

describe('what may be archived, and what may wait for its recipient', () => {
  test.each([
    // the type alone decides
    ['an error', 'error', [body], NEITHER, 'error'],
    ['an error with a store hint', 'error', [body, hint('store')], NEITHER, 'error'],
    ['a room message', 'groupchat', [body], NEITHER, 'groupchat'],
    ['a headline', 'headline', [body], NEITHER, 'headline'],
    // hints
    ['a chat with no-store', 'chat', [body, hint('no-store')], NEITHER, 'no-store'],
    ['a chat with both hints', 'chat', [hint('store'), hint('no-store')], NEITHER, 'no-store'],
    ['a headline with store', 'headline', [body, hint('store')], BOTH, 'store'],
    ['a chat state with store', 'chat', [composing, hint('store')], BOTH, 'store'],
    ['an unknown payload with store', 'chat', [child('x', 'y'), hint('store')], BOTH, 'store'],
    ['nothing with store', undefined, [hint('store')], BOTH, 'store'],
    [
      'a chat with no-permanent-store',
      'chat',
      [body, hint('no-permanent-store')],
      OFFLINE,
      'no-permanent-store',
    ],
    [
      'a chat state with no-permanent-store',
      'chat',
      [composing, hint('no-permanent-store')],
      NEITHER,
      'chat-state',
    ],
    [
      'a headline with no-permanent-store',
      'headline',
      [body, hint('no-permanent-store')],
      NEITHER,
      'headline',
    ],
    ['a chat with no-copy', 'chat', [body, hint('no-copy')], BOTH, 'content'],
    // conversation
    ['a chat with a body', 'chat', [body], BOTH, 'content'],
    ['a normal message with a body', 'normal', [body], BOTH, 'content'],
    ['a message without a type', undefined, [body], BOTH, 'content'],
    ['a message of an unknown type', 'gossip', [body], BOTH, 'content'],
    ['a body from a server stream', 'chat', [child('body', NS.server)], BOTH, 'content'],
    ['a body from a component', 'chat', [child('body', NS.component)], BOTH, 'content'],
    ['a body of nobody', 'chat', [child('body', 'x')], OFFLINE, 'other-payload'],
    ['a subject alone', 'normal', [child('subject', NS.client)], BOTH, 'content'],
    ['a body with a chat state', 'chat', [body, composing], BOTH, 'content'],
    ['a receipt', 'chat', [child('received', NS.receipts)], BOTH, 'content'],
    ['a receipt of no type', undefined, [child('received', NS.receipts)], BOTH, 'content'],
    ['a displayed marker', 'chat', [child('displayed', NS.markers)], BOTH, 'content'],
    ['an encrypted payload', 'chat', [child('encrypted', NS.omemo)], BOTH, 'content'],
    ['an older encrypted payload', 'chat', [child('encrypted', NS.omemoLegacy)], BOTH, 'content'],
    ['an OpenPGP payload', 'chat', [child('openpgp', NS.openPgp)], BOTH, 'content'],
    ['an older OpenPGP payload', 'chat', [child('x', NS.openPgpLegacy)], BOTH, 'content'],
    ['a sign of encryption', 'chat', [child('encryption', NS.encryption)], BOTH, 'content'],
    ['a reaction', 'chat', [child('reactions', NS.reactions)], BOTH, 'content'],
    ['a retraction', 'chat', [child('retract', NS.retraction)], BOTH, 'content'],
    ['an older retraction', 'chat', [child('apply-to', 'urn:xmpp:fasten:0')], BOTH, 'content'],
    ['a shared file', 'chat', [child('file-sharing', NS.fileSharing)], BOTH, 'content'],
    ['a link', 'chat', [child('x', NS.oob)], BOTH, 'content'],
    // the rest
    ['a chat state', 'chat', [composing], NEITHER, 'chat-state'],
    ['an older chat state', undefined, [child('x', 'jabber:x:event')], NEITHER, 'chat-state'],
    [
      'a chat state in a thread, with its marks',
      'chat',
      [composing, child('thread', NS.client), hint('no-copy'), child('origin-id', NS.stanzaIds)],
      NEITHER,
      'chat-state',
    ],
    ['a chat state and a payload', 'chat', [composing, child('x', 'y')], OFFLINE, 'other-payload'],
    ['nothing', 'chat', [], NEITHER, 'empty'],
    ['a thread alone', 'normal', [child('thread', NS.client)], NEITHER, 'empty'],
    ['a request for a receipt alone', 'chat', [child('request', NS.receipts)], NEITHER, 'empty'],
    ['a markable sign alone', 'chat', [child('markable', NS.markers)], NEITHER, 'empty'],
    ['an invitation', undefined, [child('x', NS.directInvitation)], OFFLINE, 'other-payload'],
    ['an event', undefined, [child('event', NS.pubsubEvent)], OFFLINE, 'other-payload'],
  ] as const)('%s', (_, type, children, expected, reason) => {
    const kind = messageKind(type, children);
    expect([kind.archivable, kind.offlinable]).toEqual(expected);
    expect(kind.reason).toBe(reason);
  });
});

test('no child is in the table twice', () => {
  const keys = MESSAGE_CHILDREN.map(([ns, name]) => `${ns} ${name}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([
  ['a body of the content namespace', [body], true],
  ['a body of another namespace', [child('body', 'http://www.w3.org/1999/xhtml')], false],
  ['no body', [composing], false],
])('a message with %s', (_, children, expected) => {
  expect(hasBody(children)).toBe(expected);
});
