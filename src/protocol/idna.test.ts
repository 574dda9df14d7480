import fc from 'fast-check';
import { DomainError, prepareDomain } from './idna.ts';

test.each([
  ['lower case', 'EXAMPLE.Com', 'example.com'],
  ['lower case beyond ASCII', 'B\u00dcCHER.example', 'b\u00fccher.example'],
  ['U-labels', 'xn--bcher-kva.example', 'b\u00fccher.example'],
  ['U-labels of upper-case A-labels', 'XN--BCHER-KVA.example', 'b\u00fccher.example'],
  ['NFC', 'bu\u0308cher.example', 'b\u00fccher.example'],
  ['narrow letters', '\uff45xample.com', 'example.com'],
  ['plain dots', 'b\u00fccher\u3002example\uff0ecom\uff61de', 'b\u00fccher.example.com.de'],
  ['no final dot', 'example.com.', 'example.com'],
  ['no final ideographic dot', '\u4f8b\u3048.jp\u3002', '\u4f8b\u3048.jp'],
  ['\u00df as it is', 'fu\u00dfball.example', 'fu\u00dfball.example'],
  [
    '\u03c2 as it is',
    '\u03b2\u03cc\u03bb\u03bf\u03c2.example',
    '\u03b2\u03cc\u03bb\u03bf\u03c2.example',
  ],
  [
    'a joiner after a virama',
    '\u0915\u094d\u200d\u0937.example',
    '\u0915\u094d\u200d\u0937.example',
  ],
  ['an IPv4 literal', '127.0.0.1', '127.0.0.1'],
  ['an IPv6 literal', '[::1]', '[::1]'],
  ['a long IPv6 literal in its short form', '[2001:DB8:0:0:0:0:0:1]', '[2001:db8::1]'],
  ['an underscore', 'xmpp_server.internal', 'xmpp_server.internal'],
  ['a single label', 'localhost', 'localhost'],
])('a domain has %s', (_, input, prepared) => {
  expect(prepareDomain(input)).toBe(prepared);
});

test.each([
  ['nothing', ''],
  ['a dot alone', '.'],
  ['an empty label', 'a..example'],
  ['two final dots', 'example..'],
  ['a label of 64 bytes', `${'a'.repeat(64)}.example`],
  ['a label of 64 bytes as an A-label', `${'\u00fc'.repeat(60)}${'a'.repeat(30)}.example`],
  ['a hyphen at the front', '-a.example'],
  ['a hyphen at the end', 'a-.example'],
  ['a space', 'a b'],
  ['a port', 'example.com:1'],
  ['a user', 'b\u00fccher@example.com'],
  ['a path', 'b\u00fccher\\example'],
  ['a question mark', 'b\u00fccher?x'],
  ['a number sign', 'b\u00fccher#x'],
  ['a percent sign', 'b\u00fccher%2eexample'],
  ['a tab, which URLs drop', 'b\u00fc\tcher.example'],
  ['a dollar sign made narrow', '\uff04.example'],
  ['a slash inside one character', '\u2100.example'],
  ['a joiner after anything else', 'a\u200db.example'],
  ['both writing directions', '\u05d0a.example'],
  ['an A-label of nothing', 'xn--.example'],
  ['an A-label that does not decode', 'xn--\u00fc.example'],
  ['an A-label of plain ASCII', 'xn--abc-.example'],
  ['a hexadecimal address beyond ASCII', '\uff10x7f.1'],
  ['an IPv6 literal that is none', '[::g]'],
  ['an IPv6 literal with a zone', '[fe80::1%1]'],
  ['an IPv6 literal with more behind it', '[::1].example'],
  ['an unclosed IPv6 literal', '[::1'],
])('a domain with %s is refused', (_, input) => {
  expect(() => prepareDomain(input)).toThrow(DomainError);
});

test('a prepared domain is prepared to itself', () => {
  const labels = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(labels, (pieces) => {
      let prepared;
      try {
        prepared = prepareDomain(pieces.join('.'));
      } catch (error) {
        if (error instanceof DomainError) return;
        throw error;
      }
      expect(prepareDomain(prepared)).toBe(prepared);
    }),
    { numRuns: 2000 },
  );
});
