import { ascii } from '../xml/bytes.ts';
import {
  STANZA_ERROR_TYPES,
  StanzaError,
  errorContent,
  type StanzaCondition,
} from './stanza-error.ts';

const XMLNS = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

test('there are as many conditions as RFC 6120 §8.3.3 defines', () => {
  expect(Object.keys(STANZA_ERROR_TYPES)).toHaveLength(22);
});

test.each(Object.entries(STANZA_ERROR_TYPES))(
  '%s has the type %s if none is given',
  (name, type) => {
    const error = new StanzaError(name as StanzaCondition);
    expect(errorContent(error)).toBe(`<error type='${type}'><${name} ${XMLNS}/></error>`);
  },
);

test('a type that is given stands', () => {
  expect(new StanzaError('policy-violation', 'wait').type).toBe('wait');
});

test('an error says who found it and why, escaped', () => {
  const error = new StanzaError('not-allowed', undefined, 'a < b', { by: "o'hara@example.com" });
  expect(errorContent(error)).toBe(
    `<error type='cancel' by='o&apos;hara@example.com'><not-allowed ${XMLNS}/>` +
      `<text ${XMLNS} xml:lang='en'>a &lt; b</text></error>`,
  );
});

test('an error says where to turn instead', () => {
  const error = new StanzaError('gone', undefined, undefined, { uri: 'xmpp:a@b?x&y' });
  expect(errorContent(error)).toBe(
    `<error type='cancel'><gone ${XMLNS}>xmpp:a@b?x&amp;y</gone></error>`,
  );
});

test('a condition of an application comes last', () => {
  const application = ascii("<closed-node xmlns='http://jabber.org/protocol/pubsub#errors'/>");
  const error = new StanzaError('not-allowed', undefined, 'no', { application });
  expect(errorContent(error)).toMatch(/<\/text><closed-node [^>]*\/><\/error>$/);
});
