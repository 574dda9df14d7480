import fc from 'fast-check';
import { text } from '../xml/bytes.ts';
import { JidCache, JidError, makeJid, parseJid } from './jid.ts';

const parts = (input: string): [string, string, string] => {
  const { local, domain, resource } = parseJid(input);
  return [local, domain, resource];
};

const refusal = (input: string): JidError => {
  try {
    parseJid(input);
  } catch (error) {
    if (error instanceof JidError) return error;
    throw error;
  }
  throw new JidError('domainpart', `nothing is wrong with ${input}`);
};

describe('the valid examples of RFC 7622 §3.5', () => {
  test.each([
    ['juliet@example.com', 'juliet', 'example.com', ''],
    ['juliet@example.com/foo', 'juliet', 'example.com', 'foo'],
    ['juliet@example.com/foo bar', 'juliet', 'example.com', 'foo bar'],
    ['juliet@example.com/foo@bar', 'juliet', 'example.com', 'foo@bar'],
    ['foo\\20bar@example.com', 'foo\\20bar', 'example.com', ''],
    ['fussball@example.com', 'fussball', 'example.com', ''],
    ['fu\u00dfball@example.com', 'fu\u00dfball', 'example.com', ''],
    ['\u03c0@example.com', '\u03c0', 'example.com', ''],
    ['\u03a3@example.com/foo', '\u03c3', 'example.com', 'foo'],
    ['\u03c3@example.com/foo', '\u03c3', 'example.com', 'foo'],
    ['\u03c2@example.com/foo', '\u03c2', 'example.com', 'foo'],
    ['king@example.com/\u265a', 'king', 'example.com', '\u265a'],
    ['example.com', '', 'example.com', ''],
    ['example.com/foobar', '', 'example.com', 'foobar'],
    ['a.example.com/b@example.net', '', 'a.example.com', 'b@example.net'],
  ])('%s is read', (input, local, domain, resource) => {
    expect(parts(input)).toEqual([local, domain, resource]);
  });
});

describe('the invalid examples of RFC 7622 §3.5', () => {
  test.each([
    ['"juliet"@example.com', 'localpart'],
    ['foo bar@example.com', 'localpart'],
    ['@example.com/', 'resourcepart'],
    ['henry\u2163@example.com', 'localpart'],
    ['\u265a@example.com', 'localpart'],
    ['juliet@', 'domainpart'],
    ['/foobar', 'domainpart'],
  ])('%s is refused for its %s', (input, part) => {
    expect(refusal(input).part).toBe(part);
  });

  test('a resource that begins with a space is let through nevertheless, since no rule forbids it', () => {
    expect(parts('juliet@example.com/ foo')).toEqual(['juliet', 'example.com', ' foo']);
  });
});

describe('an address', () => {
  test('is cut at the first slash before the first at sign is looked for', () => {
    expect(parts('a@b/c@d/e')).toEqual(['a', 'b', 'c@d/e']);
  });

  test.each([
    ['an empty text', '', 'domainpart'],
    ['an empty localpart', '@example.com', 'localpart'],
    ['an empty resource', 'example.com/', 'resourcepart'],
    ['two at signs', 'a@b@example.com', 'domainpart'],
    ['a domain with a port', 'a@example.com:5222', 'domainpart'],
    ['a domain with an escape of URLs', 'a@ex%61mple.com', 'domainpart'],
    ['a line break in the resource', 'a@example.com/b\nc', 'resourcepart'],
    ['NUL in the localpart', 'a\u0000@example.com', 'localpart'],
    ['a lone surrogate in the resource', 'a@example.com/\ud800', 'resourcepart'],
    ['a lone surrogate in the localpart', '\udfff@example.com', 'localpart'],
    ['a lone surrogate in the domain', 'a@\ud83d.example', 'domainpart'],
    ['a full-width at sign in the localpart', 'a\uff20b@example.com', 'localpart'],
  ])('with %s is refused', (_, input, part) => {
    expect(refusal(input).part).toBe(part);
  });

  test('keeps the case of its resource alone', () => {
    expect(parseJid('Romeo@Example.COM/Balcony').full).toBe('romeo@example.com/Balcony');
  });

  test('has its full-width letters made narrow in the localpart and left in the resource', () => {
    expect(parseJid('\uff52omeo@example.com/\uff42').full).toBe('romeo@example.com/\uff42');
  });

  test('is the same in composed and in decomposed form', () => {
    expect(parseJid('re\u0301mi@example.com/cafe\u0301')).toEqual(
      parseJid('r\u00e9mi@example.com/caf\u00e9'),
    );
  });

  test('is written escaped for single quotes and in UTF-8', () => {
    const jid = parseJid(`juliet@example.com/<&'"\u00e9>`);
    expect(text(jid.bytes)).toBe('juliet@example.com/&lt;&amp;&apos;"\u00e9&gt;');
    expect(jid.bareBytes).toBe('juliet@example.com');
  });

  test('without a localpart has the domain as its bare form', () => {
    const jid = parseJid('example.com/r');
    expect([jid.bare, jid.full]).toEqual(['example.com', 'example.com/r']);
  });

  test('is made of parts, each of them prepared', () => {
    expect(makeJid('Juliet', 'Example.com', 'R/1@x').full).toBe('juliet@example.com/R/1@x');
  });

  test('is not made of a localpart with an at sign', () => {
    expect(() => makeJid('a@b', 'example.com', '')).toThrow(JidError);
  });
});

describe('a part of an address', () => {
  const domain = `${'abcdefghi.'.repeat(102)}abc`;

  test('of 1023 bytes is read', () => {
    const jid = makeJid('a'.repeat(1023), domain, '\u00e9'.repeat(511));
    expect([jid.local.length, jid.domain.length, jid.resource.length]).toEqual([1023, 1023, 511]);
  });

  test.each([
    ['localpart', `${'a'.repeat(1024)}@example.com`],
    ['localpart', `${'\u00e9'.repeat(512)}@example.com`],
    ['domainpart', `a@${domain}d`],
    ['resourcepart', `a@example.com/${'a'.repeat(1024)}`],
    ['resourcepart', `a@example.com/${'\u20ac'.repeat(342)}`],
  ])('of more is refused: %s', (part, input) => {
    expect(refusal(input).part).toBe(part);
  });

  test('may be longer before it is prepared', () => {
    expect(parseJid(`${'\uff41'.repeat(1000)}@example.com`).local).toBe('a'.repeat(1000));
  });

  test('of any length is refused before it costs anything', () => {
    expect(() => parseJid('\u0345'.repeat(1_000_000))).toThrow(JidError);
    expect(() => makeJid('a', 'example.com', '\u0345'.repeat(1_000_000))).toThrow(JidError);
  });
});

describe('whatever comes', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc
      .tuple(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme-ascii' }),
        fc.string({ unit: 'grapheme' }),
      )
      .map(([local, domain, resource]) => `${local}@${domain}/${resource}`),
    fc
      .array(
        fc.constantFrom(
          ...['a', 'A', '@', '/', '.', '-', '\u0345', '\u00df', '\u0130', '\u03a3', '\u200d'],
          ...[
            '\u094d',
            '\u0931',
            '\u05d0',
            '\u0661',
            '\u06f1',
            '\uff0e',
            '\u3002',
            '\uffa0',
            'xn--',
          ],
          ...['1', '0x1', '[', ':', ']', '\ud800', '\u1e9e', '\u212a', '\u0344', '\u{1f468}'],
        ),
        { maxLength: 12 },
      )
      .map((pieces) => pieces.join('')),
    fc.uint16Array({ maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  );

  test('a prepared address is prepared to itself, and nothing but a JidError is thrown', () => {
    fc.assert(
      fc.property(texts, (input) => {
        let jid;
        try {
          jid = parseJid(input);
        } catch (error) {
          if (error instanceof JidError) return;
          throw error;
        }
        expect(parseJid(jid.full)).toEqual(jid);
        expect(makeJid(jid.local, jid.domain, jid.resource)).toEqual(jid);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the cache', () => {
  test('gives the same object for the same text', () => {
    const cache = new JidCache();
    expect(cache.get('romeo@example.com')).toBe(cache.get('romeo@example.com'));
  });

  test('knows malformed addresses', () => {
    const cache = new JidCache();
    expect([cache.get('@'), cache.get('@')]).toEqual([undefined, undefined]);
  });

  test('keeps what is asked for while others come and go', () => {
    const cache = new JidCache(8);
    const jid = cache.get('romeo@example.com');
    for (let i = 0; i < 100; i++) {
      cache.get(`u${i}@example.com`);
      expect(cache.get('romeo@example.com')).toBe(jid);
    }
  });

  test('forgets what is not asked for', () => {
    const cache = new JidCache(8);
    const jid = cache.get('romeo@example.com');
    for (let i = 0; i < 8; i++) cache.get(`u${i}@example.com`);
    expect(cache.get('romeo@example.com')).not.toBe(jid);
  });

  test('keeps no long texts', () => {
    const cache = new JidCache();
    const long = `a@example.com/${'r'.repeat(500)}`;
    expect(cache.get(long)).toEqual(cache.get(long));
    expect(cache.get(long)).not.toBe(cache.get(long));
  });

  test('holds a lone surrogate apart from the character that stands for it', () => {
    const cache = new JidCache();
    expect(cache.get('a@example.com/\ud800')).toBeUndefined();
    expect(cache.get('a@example.com/\ufffd')?.resource).toBe('\ufffd');
    expect(cache.get('a@example.com/\ud800')).toBeUndefined();
  });
});
