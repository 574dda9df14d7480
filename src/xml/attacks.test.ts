// Inputs by which servers were fooled, by name.
import { conditionOf, HEADER, stanzaOf } from '../../test/property/reading.ts';
import { render } from './forward.ts';

describe('namespaces that lie', () => {
  test('xmlns written with a character reference is what it stands for', () => {
    const stanza = stanzaOf("<message><body xmlns='jabber&#x3a;client'>x</body></message>");
    expect(stanza.child('body', 'jabber:client')).toBeDefined();
    expect(stanza.content).toBe('<body>x</body>');
  });

  test('default namespace re-bound on <body> is no body of ours', () => {
    const stanza = stanzaOf("<message><body xmlns='urn:x'>x</body></message>");
    expect(stanza.child('body', 'jabber:client')).toBeUndefined();
    expect(stanza.element().getChild('body', 'jabber:client')).toBeUndefined();
  });

  test('a prefix bound on the stream header and used inside is resolved', () => {
    const header = HEADER.replace('>', " xmlns:c='jabber:client' xmlns:o='urn:o'>");
    const stanza = stanzaOf("<c:message><c:body>x</c:body><o:y o:z='1'/></c:message>", header);
    expect(stanza).toMatchObject({ name: 'message', ns: 'jabber:client' });
    expect(stanza.content).toBe("<body>x</body><y xmlns='urn:o' o:z='1' xmlns:o='urn:o'/>");
  });

  test("xmlns='' takes an element out of every namespace", () => {
    const stanza = stanzaOf("<message><body xmlns=''>x<body/></body></message>");
    expect(stanza.children[0]).toMatchObject({ name: 'body', ns: '' });
    const tree = stanza.element();
    expect(tree.getChild('body', 'jabber:client')).toBeUndefined();
    expect(tree.getChildElements()[0]?.getChildElements()[0]?.getNS()).toBe('');
  });

  test.each([
    ["<a xmlns:xml='urn:x'/>"],
    ["<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>"],
    ["<a xmlns='http://www.w3.org/XML/1998/namespace'/>"],
    ["<a><b><c xmlns='http://www.w3.org/XML/1998/namespace'/></b></a>"],
    ["<a><b><c xmlns='http://www.w3.org/2000/&#120;mlns/'/></b></a>"],
    ["<a xmlns:xmlns='urn:x'/>"],
    ["<a xmlns:x='http://www.w3.org/2000/xmlns/'/>"],
    ["<a xmlns:x=''/>"],
    ['<xmlns:a/>'],
  ])('xml: and xmlns: re-bound are refused: %s', (text) => {
    expect(conditionOf(text)).toBe('not-well-formed');
  });

  test('xml: bound to its own namespace is allowed', () => {
    expect(conditionOf("<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>")).toBeUndefined();
  });

  test('a message child that claims jabber:server keeps it, and does not reach a server as its own', () => {
    const stanza = stanzaOf(
      "<message><body xmlns='jabber:server'>spam</body><body>ham</body></message>",
    );
    expect(stanza.children.map((c) => c.ns)).toEqual(['jabber:server', 'jabber:client']);
    expect(render(stanza, 'c2s', {})).toBe(
      "<message><body xmlns='jabber:server'>spam</body><body>ham</body></message>",
    );
    expect(render(stanza, 's2s', {})).toBe('<message><body>ham</body></message>');
  });

  test('a server that claims jabber:client in a child does not reach a client with it', () => {
    const header = HEADER.replace('jabber:client', 'jabber:server');
    const stanza = stanzaOf(
      "<message><body xmlns='jabber:client'>spam</body><body>ham</body></message>",
      header,
    );
    expect(render(stanza, 'c2s', {})).toBe('<message><body>ham</body></message>');
    expect(render(stanza, 'forwarded', {})).toBe(
      "<message xmlns='jabber:client'><body>ham</body></message>",
    );
  });

  test('a stanza namespace deep inside a child stays as it is', () => {
    const inner =
      "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'/></forwarded>";
    const stanza = stanzaOf(`<message>${inner}</message>`);
    expect(render(stanza, 's2s', {})).toBe(`<message>${inner}</message>`);
  });
});

describe('attributes that lie', () => {
  test.each([
    ["<message from='a' from='b'/>"],
    ["<message from='a' from='&#98;'/>"],
    ["<message xmlns:x='urn:x' xmlns:y='urn:&#120;' x:from='a' y:from='b'/>"],
    ["<message xmlns='jabber:client' xmlns='jabber:client'/>"],
    ["<message xml:lang='a' xml:lang='b'/>"],
    ["<a xmlns:x='urn:1' xmlns:x='urn:2'/>"],
  ])('from twice, also under entities, is refused: %s', (text) => {
    expect(conditionOf(text)).toBe('not-well-formed');
  });

  test('the same local name in two namespaces is allowed', () => {
    expect(
      conditionOf("<message xmlns:x='urn:x' xmlns:y='urn:y' x:from='a' y:from='b' from='c'/>"),
    ).toBeUndefined();
  });

  test('to with TAB or entity is normalised once', () => {
    expect(stanzaOf("<message to='a\tb\r\nc'/>").to).toBe('a b c');
    expect(stanzaOf("<message to='a&#9;b&#xD;&#10;c'/>").to).toBe('a\tb\r\nc');
    expect(stanzaOf("<message to='&amp;lt;'/>").to).toBe('&lt;');
    expect(render(stanzaOf("<message to='a&#9;b'/>"), 'c2s', { to: 'a\tb' })).toBe(
      "<message to='a&#x9;b'/>",
    );
  });

  test('quotes swapped in copied attributes stay values', () => {
    const stanza = stanzaOf(`<message to="o'brien@h"><x xmlns="urn:x" a="it's" b='"'/></message>`);
    expect(render(stanza, 'c2s', { to: stanza.to })).toBe(
      `<message to='o&apos;brien@h'><x xmlns="urn:x" a="it's" b='"'/></message>`,
    );
  });

  test('__proto__ as an attribute is an attribute', () => {
    const stanza = stanzaOf("<message __proto__='x'/>");
    expect(stanza.attr('__proto__')).toBe('x');
    expect(Object.getPrototypeOf(stanza.element().attrs)).toBe(Object.prototype);
  });
});

describe('text that lies', () => {
  test(']]> in text is refused, and allowed in values, as a reference, and in pieces', () => {
    expect(conditionOf('<a>]]></a>')).toBe('not-well-formed');
    expect(conditionOf("<a x=']]>'>]] > ]&#93;> ]]&gt; ></a>")).toBeUndefined();
  });

  test('billion laughs is restricted XML', () => {
    expect(conditionOf('', "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>]>")).toBe(
      'restricted-xml',
    );
    expect(conditionOf('<a>&lol9;</a>')).toBe('restricted-xml');
  });

  test.each([
    ['NUL', '\0'],
    ['a control character', '\u0001'],
    ['U+FFFE', '\ufffe'],
    ['U+FFFF', '\uffff'],
    ['NUL as a reference', '&#0;'],
    ['U+FFFF as a reference', '&#xFFFF;'],
    ['a surrogate as a reference', '&#xD800;'],
    ['a reference beyond Unicode', '&#x110000;'],
    ['a reference beyond integers', `&#${'9'.repeat(400)};`],
  ])('%s is refused in text, values and CDATA', (_, text) => {
    expect(conditionOf(`<a>${text}</a>`)).toBe('not-well-formed');
    expect(conditionOf(`<a b='${text}'/>`)).toBe('not-well-formed');
    if (!text.startsWith('&'))
      expect(conditionOf(`<a><![CDATA[${text}]]></a>`)).toBe('not-well-formed');
  });

  test.each([
    ['overlong, two bytes', [0xc0, 0xaf]],
    ['overlong, C1', [0xc1, 0xbf]],
    ['overlong, three bytes', [0xe0, 0x80, 0xaf]],
    ['overlong, four bytes', [0xf0, 0x80, 0x80, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a stray continuation', [0x80]],
    ['a missing continuation', [0xc3, 0x41]],
    ['a missing third byte', [0xe4, 0xb8, 0x41]],
    ['a missing fourth byte', [0xf0, 0x9f, 0x98, 0x41]],
  ])('%s is no UTF-8, wherever it stands', (_, bytes) => {
    const bad = Buffer.from(bytes);
    const around = (before: string, after: string): Buffer =>
      Buffer.concat([Buffer.from(before), bad, Buffer.from(after)]);
    for (const text of [
      around('<a>', 'xxxx</a>'),
      around("<a b='", "xxxx'/>"),
      around('<a><![CDATA[', 'xxxx]]></a>'),
    ]) {
      expect(conditionOf(text)).toBe('unsupported-encoding');
    }
    expect(conditionOf(around('<a', 'xxxx/>'))).toBe('unsupported-encoding');
    expect(conditionOf(around('', '<a/>'))).toMatch(/unsupported-encoding|invalid-xml/);
  });

  test('a character split over chunks is whole again', () => {
    const text = Buffer.from("<a é='中'>é中😀<![CDATA[😀]]></a>");
    for (let at = 1; at < text.length; at++) {
      const header = Buffer.from(HEADER);
      const stanza = stanzaOf(
        text.subarray(at),
        Buffer.concat([header, text.subarray(0, at)]) as unknown as string,
      );
      expect(stanza.text()).toBe('é中😀😀');
      expect(stanza.attr('é')).toBe('中');
    }
  });
});
