import { STREAM_CONDITIONS, StreamError, streamErrorBytes } from './stream-error.ts';

const XMLNS = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";

test('there are as many conditions as RFC 6120 §4.9.3 defines', () => {
  expect(new Set(STREAM_CONDITIONS).size).toBe(25);
});

test('an error is written in the prefix of the stream', () => {
  expect(streamErrorBytes(new StreamError('conflict'))).toBe(
    `<stream:error><conflict ${XMLNS}/></stream:error>`,
  );
});

test('an error carries its text, escaped', () => {
  expect(streamErrorBytes(new StreamError('policy-violation', 'a < b'))).toBe(
    `<stream:error><policy-violation ${XMLNS}/>` +
      `<text ${XMLNS} xml:lang='en'>a &lt; b</text></stream:error>`,
  );
});

test('an error names the host to turn to', () => {
  const error = new StreamError('see-other-host', undefined, { host: '[::1]:5222' });
  expect(streamErrorBytes(error)).toBe(
    `<stream:error><see-other-host ${XMLNS}>[::1]:5222</see-other-host></stream:error>`,
  );
});

test('outside of a stream element the prefix is declared', () => {
  expect(streamErrorBytes(new StreamError('reset'), true)).toBe(
    `<stream:error xmlns:stream='http://etherx.jabber.org/streams'><reset ${XMLNS}/></stream:error>`,
  );
});
