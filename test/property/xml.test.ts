// P1: what leaves means what came. P2: accepted is what saxes accepts and RFC 6120 §11 does not forbid, at every split.
// P3: the child table says what saxes says. P4: what leaves parses. XMPPD_FUZZ_RUNS sets the runs per property.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { render } from '../../src/xml/forward.ts';
import { STANZA_LIMITS } from '../../src/xml/limits.ts';
import { readStanza } from '../../src/xml/take-stanza.ts';
import { Tokenizer } from '../../src/xml/tokenizer.ts';
import { element } from '../../src/xml/writer.ts';
import { XmlContext } from '../../src/xml/xml-context.ts';
import { check, type Library } from '../fuzz/check.js';
import { damage, type Pick, stream } from '../fuzz/generate.js';

const numRuns = Number(process.env['XMPPD_FUZZ_RUNS'] ?? 1000);
const lib: Library = { Tokenizer, XmlContext, render, element, readStanza, limits: STANZA_LIMITS };

const forced = new XmlContext();
forced.forceRewrite = true;
const contexts = [new XmlContext(), forced];

/** Entropy that shrinks: a list of numbers, zeros when it runs out. */
const entropy = fc.array(fc.nat(0xffff), { maxLength: 400, size: 'max' }).map((numbers): Pick => {
  let at = 0;
  return (below) => (numbers[at++] ?? 0) % below;
});

const everyByte = [[1], [2, 1, 3], [7]];

test('streams of the grammar hold P1 to P4, whole and split, copied and rewritten', () => {
  fc.assert(
    fc.property(entropy, (pick) => {
      check(lib, Buffer.from(stream(pick)), { splits: everyByte, contexts });
    }),
    { numRuns },
  );
});

test('damaged streams are accepted exactly when the oracle accepts them', () => {
  fc.assert(
    fc.property(entropy, entropy, (pick, harm) => {
      const bytes = damage(harm, Buffer.from(stream(pick)));
      check(lib, bytes, { frames: ['c2s'], splits: everyByte, contexts });
    }),
    { numRuns },
  );
});

test('a soup of tokens is accepted exactly when the oracle accepts it', () => {
  const pieces = [
    '<a',
    '<b:c',
    ' x=',
    "'",
    '"',
    '>',
    '/>',
    '</a>',
    '&lt;',
    '&#x41;',
    ']]>',
    '<![CDATA[',
    'é',
    '\r',
    ' ',
    "xmlns:b='u'",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 16 }), (soup) => {
      const bytes = Buffer.from(`<s xmlns='jabber:client'><m>${soup.join('')}</m></s>`);
      check(lib, bytes, { frames: ['c2s'], splits: [[1]], contexts });
    }),
    { numRuns },
  );
});

test('arbitrary bytes never give anything but an XmlError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
      const bytes = Buffer.concat([
        Buffer.from("<s xmlns='u'><m>"),
        garbage,
        Buffer.from('</m></s>'),
      ]);
      check(lib, bytes, { frames: ['c2s'], splits: [[1]], contexts });
    }),
    { numRuns },
  );
});

const corpus = new URL('../fuzz/corpus/', import.meta.url);

test.each(readdirSync(corpus))('corpus: %s holds at every split point', (file) => {
  const bytes = readFileSync(new URL(file, corpus));
  const splits = Array.from({ length: bytes.length - 1 }, (_, i) => [i + 1, bytes.length]);
  check(lib, bytes, { splits, contexts });
});
