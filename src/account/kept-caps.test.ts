import { NS } from '../protocol/namespaces.ts';
import { utf8 } from '../xml/bytes.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import { withKeptCaps } from './kept-caps.ts';

const reader = new StanzaReader(new XmlContext());
const presence = (content: string) => reader.read(utf8(`<presence>${content}</presence>`));
const caps = (ver: string) =>
  `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x' ver='${ver}'/>`;

test('capabilities that were left out stay as they were', () => {
  const away = presence('<show>away</show><status>ä</status>');
  const kept = withKeptCaps(presence(caps('1')), away, reader);
  expect(kept.content).toBe(utf8(`<show>away</show><status>ä</status>${caps('1')}`));
  expect(withKeptCaps(kept, presence(''), reader).child('c', NS.caps)).toBeDefined();
});

test('new capabilities take the place of the old ones', () => {
  const now = presence(caps('2'));
  expect(withKeptCaps(presence(caps('1')), now, reader)).toBe(now);
});

test('presence of a client that never had any is kept as it is', () => {
  const now = presence('<show>away</show>');
  expect(withKeptCaps(presence(''), now, reader)).toBe(now);
  expect(withKeptCaps(undefined, now, reader)).toBe(now);
});
