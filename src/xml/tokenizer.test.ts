import { XmlError } from './errors.ts';
import { STANZA_LIMITS } from './limits.ts';
import { HEADER, reader, Recording, stanzaOf, stanzasOf } from '../../test/property/reading.ts';
import { Scanner } from './scanner.ts';
import { Tokenizer } from './tokenizer.ts';
import { XmlContext } from './xml-context.ts';

describe('a stream header', () => {
  test('is reported with its names, namespaces and attributes', () => {
    const { seen, push } = reader();
    push(
      '<?xml version="1.0" encoding="utf-8"?>\n<stream:stream from="a@h" to=\'h\' id="i&amp;d" version="1.0" ' +
        "xml:lang='de' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    );
    expect(seen.headers).toEqual([
      {
        name: 'stream',
        ns: 'http://etherx.jabber.org/streams',
        defaultNs: 'jabber:client',
        to: 'h',
        from: 'a@h',
        id: 'i&d',
        version: '1.0',
        lang: 'de',
        declaredEncoding: 'utf-8',
      },
    ]);
  });

  test('is read the same when it comes byte by byte', () => {
    const { seen, tokenizer } = reader();
    for (const byte of Buffer.from(`<?xml version='1.0'?>${HEADER}<r/>`)) {
      tokenizer.push(Buffer.from([byte]));
    }
    expect(seen.headers).toHaveLength(1);
    expect(seen.stanzas[0]?.name).toBe('r');
  });

  test('with another binding of the stream prefix is reported truly', () => {
    const { seen, push } = reader();
    push("<stream:stream xmlns='jabber:client' xmlns:stream='urn:other'>");
    expect(seen.headers[0]).toMatchObject({ name: 'stream', ns: 'urn:other' });
  });

  test('without a content namespace gives the empty one', () => {
    const { seen, push } = reader();
    push("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><a/>");
    expect(seen.headers[0]?.defaultNs).toBe('');
    expect(seen.stanzas[0]?.ns).toBe('');
  });

  test('that ends with its own tag opens and closes', () => {
    const { seen, push } = reader();
    push(HEADER.replace(/>$/, '/>'));
    expect([seen.headers.length, seen.closed]).toEqual([1, 1]);
  });

  test('may be long only up to the limit', () => {
    const { push } = reader({ ...STANZA_LIMITS, maxStanzaBytes: 100 });
    expect(() => push(HEADER)).toThrow(/policy-violation/);
  });
});

describe('the end of a stream', () => {
  test('is reported once and nothing behind it is read', () => {
    const { seen, push } = reader();
    push(`${HEADER}</stream:stream><not xml`);
    push('</a>');
    expect([seen.closed, seen.stanzas.length]).toEqual([1, 0]);
  });

  test('must have the name of its beginning', () => {
    const { push } = reader();
    expect(() => push(`${HEADER}</stream:streak>`)).toThrow(XmlError);
  });
});

describe('a stanza', () => {
  test('has its attributes normalised, and the others under their names', () => {
    const stanza = stanzaOf(
      "<message from='a@h/r' to='b&amp;c@h' id=\"'1'\" type='chat' node=' x\ty '/>",
    );
    expect(stanza).toMatchObject({ name: 'message', ns: 'jabber:client', from: 'a@h/r' });
    expect([stanza.to, stanza.id, stanza.type]).toEqual(['b&c@h', "'1'", 'chat']);
    expect([stanza.attr('node'), stanza.attr('xmlns'), stanza.attr('to')]).toEqual([
      ' x y ',
      undefined,
      'b&c@h',
    ]);
  });

  test('inherits the language of the stream', () => {
    const header = HEADER.replace('>', " xml:lang='de'>");
    expect(stanzaOf('<message/>', header).lang).toBe('de');
    expect(stanzaOf("<message xml:lang='fr'/>", header).lang).toBe('fr');
    expect(stanzaOf('<message/>').lang).toBeUndefined();
  });

  test('owns its memory: the chunk may be overwritten', () => {
    const { seen, tokenizer, push } = reader();
    push(HEADER);
    const chunk = Buffer.from(
      "<message to='bob@example.org' id='0123456789abcdef'><body>hi</body></message>",
    );
    tokenizer.push(chunk);
    chunk.fill(0x58);
    const [stanza] = seen.stanzas;
    expect([stanza?.to, stanza?.id]).toEqual(['bob@example.org', '0123456789abcdef']);
    expect(stanza?.content).toBe('<body>hi</body>');
  });

  test('is told apart from the next one in the same chunk', () => {
    expect(stanzasOf(' <a/>\n<b/><c></c>\t').map((s) => s.name)).toEqual(['a', 'b', 'c']);
  });

  test('sets the mask bits of its children', () => {
    const { seen, push, context } = reader();
    const body = context.bit('jabber:client', 'body');
    const receipt = context.bit('urn:xmpp:receipts', 'request');
    push(
      `${HEADER}<message><body/></message><message><request xmlns='urn:xmpp:receipts'/></message>`,
    );
    push('<message><x:body xmlns:x="jabber:client"/></message>');
    const [first, second, third] = seen.stanzas;
    expect([first?.has(body), first?.has(receipt)]).toEqual([true, false]);
    expect([second?.has(body), second?.has(receipt)]).toEqual([false, true]);
    expect(third?.has(body)).toBe(true);
    expect(context.bit('jabber:client', 'body')).toBe(body);
  });

  test('has more than 32 children in its table when it is written anew', () => {
    const stanza = stanzaOf(`<iq>${"<item xmlns='urn:x'/>".repeat(40)}</iq>`);
    expect(stanza.children).toHaveLength(40);
    expect(stanza.childBytes(stanza.children[39]!)).toBe("<item xmlns='urn:x'/>");
  });
});

describe('limits', () => {
  const limits = {
    ...STANZA_LIMITS,
    maxStanzaBytes: 200,
    maxDepth: 4,
    maxAttributes: 2,
    maxChildren: 3,
  };
  const refused = (text: string): (() => void) => {
    const { push, tokenizer } = reader();
    push(HEADER);
    tokenizer.limits = { ...limits, maxNameBytes: 20 };
    return () => push(text);
  };

  test.each([
    ['bytes of a whole stanza', `<a>${'x'.repeat(200)}</a>`],
    ['bytes of an unfinished stanza', `<a>${'x'.repeat(200)}`],
    ['depth', '<a><b><c><d/></c></b></a>'],
    ['attributes', "<a x='' y='' z=''/>"],
    ['children', '<a><b/><b/><b/><b/></a>'],
    ['bytes of a name', '<abcdefghijklmnopqrstuvwxyz/>'],
  ])('refuse too many %s', (_, text) => {
    expect(refused(text)).toThrow(/policy-violation/);
  });

  test('allow what just fits', () => {
    expect(refused("<a x='' y=''><b><c/></b><b/><b/></a>")).not.toThrow();
  });

  test('bound what a stanza grows to when it is written anew', () => {
    const { push } = reader();
    push(HEADER);
    const ns = 'n'.repeat(50_000);
    expect(() => push(`<a xmlns:p='${ns}'>${'<p:b/>'.repeat(20)}</a>`)).toThrow(/policy-violation/);
  });

  test('bound the prefixes in scope', () => {
    const { push } = reader({ ...STANZA_LIMITS, maxAttributes: 1000 });
    push(HEADER);
    const many = Array.from({ length: 65 }, (_, i) => ` xmlns:p${i}='urn:p'`).join('');
    expect(() => push(`<a${many}/>`)).toThrow(/policy-violation/);
  });
});

describe('control from inside a callback', () => {
  test('restart() begins a new stream with the next byte', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = (stanza) => {
      if (stanza.name === 'auth') tokenizer.restart();
    };
    push(`${HEADER}<auth/>\n<?xml version='1.0'?>${HEADER.replace("to='h'", "to='again'")}<r/>`);
    expect(seen.headers.map((h) => h.to)).toEqual(['h', 'again']);
    expect(seen.stanzas.map((s) => s.name)).toEqual(['auth', 'r']);
  });

  test('restart() at the end of a chunk holds for the next chunk', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = () => tokenizer.restart();
    push(`${HEADER}<auth/>`);
    expect(tokenizer.midStanza).toBe(false);
    push(HEADER);
    expect(seen.headers).toHaveLength(2);
  });

  test('pause() keeps the rest until resume()', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = (stanza) => {
      if (stanza.name === 'a') tokenizer.pause();
    };
    push(`${HEADER}<a/><b/><c`);
    push('/><d/>');
    expect(tokenizer.paused).toBe(true);
    expect(seen.stanzas.map((s) => s.name)).toEqual(['a']);
    tokenizer.resume();
    expect(seen.stanzas.map((s) => s.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('pause() and resume() in the same callback change nothing', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = () => {
      tokenizer.pause();
      tokenizer.resume();
    };
    push(`${HEADER}<a/><b/>`);
    expect(seen.stanzas).toHaveLength(2);
  });

  test('pause() and restart() together begin the new stream at resume()', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = () => {
      tokenizer.pause();
      tokenizer.restart();
    };
    push(`${HEADER}<a/>${HEADER}`);
    expect(seen.headers).toHaveLength(1);
    tokenizer.resume();
    expect(seen.headers).toHaveLength(2);
  });

  test('a pause in the middle of a carried stanza loses nothing', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = () => tokenizer.pause();
    push(`${HEADER}<a>x`);
    push('y</a><b/>');
    expect(seen.stanzas[0]?.text()).toBe('xy');
    tokenizer.resume();
    expect(seen.stanzas).toHaveLength(2);
  });

  test('stop() throws away what follows', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = () => tokenizer.stop();
    push(`${HEADER}<starttls/><smuggled/>`);
    push('<more/>');
    expect(seen.stanzas).toHaveLength(1);
  });

  test('push() from a callback is read after the rest of the chunk', () => {
    const { seen, tokenizer, push } = reader();
    seen.then = (stanza) => {
      if (stanza.name === 'a') tokenizer.push(Buffer.from('<c/>'));
    };
    push(`${HEADER}<a/><b/>`);
    expect(seen.stanzas.map((s) => s.name)).toEqual(['a', 'b', 'c']);
  });

  test('an error of the sink passes through and ends reading', () => {
    const { seen, push } = reader();
    const bug = new RangeError('a bug of the caller');
    seen.then = () => {
      throw bug;
    };
    expect(() => push(`${HEADER}<a/><b/>`)).toThrow(bug);
    push('<c/>');
    expect(seen.stanzas).toHaveLength(1);
  });

  test('limits set by a callback hold for the next stanza', () => {
    const { seen, tokenizer, push } = reader({ ...STANZA_LIMITS, maxStanzaBytes: 130 });
    seen.then = () => {
      tokenizer.limits = STANZA_LIMITS;
    };
    push(`${HEADER}<auth/><message>${'x'.repeat(300)}</message>`);
    expect(seen.stanzas).toHaveLength(2);
  });

  test('tokenizers that share a context may read inside of each other', () => {
    const context = new XmlContext();
    const inner = new Recording();
    const other = new Tokenizer(context, inner, STANZA_LIMITS);
    const { seen, push } = reader(STANZA_LIMITS, context);
    seen.then = () =>
      other.push(Buffer.from(`${inner.headers.length === 0 ? HEADER : ''}<x><y/></x>`));
    push(`${HEADER}<a><b/></a>`);
    push('<a><b/></a>');
    expect(inner.stanzas).toHaveLength(2);
    expect(seen.stanzas.map((s) => s.content)).toEqual(['<b/>', '<b/>']);
  });
});

describe('between two chunks', () => {
  test('midStanza tells whether something is unfinished', () => {
    const { tokenizer, push } = reader();
    const states = [HEADER, '<a', '><b/>', '</a>', ' \n', '<'].map((text) => {
      push(text);
      return tokenizer.midStanza;
    });
    expect(states).toEqual([false, true, true, false, false, true]);
  });

  test('nothing is kept when nothing is unfinished', () => {
    const { tokenizer, push } = reader();
    push(`${HEADER}<a>${'x'.repeat(5000)}`);
    expect(tokenizer.bufferedBytes).toBeGreaterThan(5000);
    push('</a>');
    expect(tokenizer.bufferedBytes).toBe(0);
  });

  test('a drip of 16 bytes reads each byte once and copies it a bounded number of times', () => {
    const { seen, tokenizer, push } = reader();
    push(HEADER);
    const stanza = Buffer.from(`<a><b>${'<c>é&amp;</c>'.repeat(16_000)}</b></a>`);
    const scanner = Scanner.prototype;
    const { next } = scanner;
    const { copy } = Buffer.prototype;
    let read = 0;
    let copied = 0;
    scanner.next = function (buf, from, end) {
      read += end - from;
      return next.call(this, buf, from, end);
    };
    Buffer.prototype.copy = function (target: Uint8Array, ...range: number[]) {
      const bytes = copy.call(this, target, ...range);
      copied += bytes;
      return bytes;
    };
    try {
      for (let at = 0; at < stanza.length; at += 16) tokenizer.push(stanza.subarray(at, at + 16));
    } finally {
      scanner.next = next;
      Buffer.prototype.copy = copy;
    }
    expect(stanza.length).toBeGreaterThan(200_000);
    expect(seen.stanzas).toHaveLength(1);
    expect(read).toBeLessThan(stanza.length * 1.2);
    expect(copied).toBeLessThan(stanza.length * 3.2);
  });
});

test('stanzas without a stream around them are read after beginStanzas()', () => {
  const { seen, tokenizer, push } = reader();
  tokenizer.beginStanzas('');
  push(
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='h'/><message xmlns='jabber:client'><body/></message>",
  );
  expect(seen.stanzas.map((s) => s.ns)).toEqual([
    'urn:ietf:params:xml:ns:xmpp-framing',
    'jabber:client',
  ]);
  expect(seen.stanzas[1]?.child('body', 'jabber:client')).toBeDefined();
});

test('the context gives equal texts the same object', () => {
  const context = new XmlContext();
  const text = ['ab', 'c'].join('');
  expect(context.intern(text)).toBe('abc');
});
