import type { Bytes } from './bytes.ts';
import { InvariantError } from '../util/errors.ts';
import { HEADER, reader, stanzaOf } from '../../test/property/reading.ts';
import { readStanza } from './take-stanza.ts';
import { XmlContext } from './xml-context.ts';

test('text() joins what stands directly below the stanza, references resolved', () => {
  expect(stanzaOf('<auth>a&amp;b<x>no</x>c<![CDATA[<d>]]>\r\n</auth>').text()).toBe('a&bc<d>\n');
});

test('childText() reads a simple child, and skips elements in it', () => {
  const stanza = stanzaOf("<message><body>a&lt;b é</body><x a='>'>1<y>2</y>3</x><z/></message>");
  expect(stanza.children.map((child) => stanza.childText(child))).toEqual(['a<b é', '13', '']);
});

test('childElement() is a tree of its own with its namespace', () => {
  const stanza = stanzaOf("<iq type='get'><query xmlns='urn:q' node='n'><item/></query></iq>");
  const query = stanza.firstChildElement();
  expect(query?.is('query', 'urn:q')).toBe(true);
  expect(query?.attrs['node']).toBe('n');
  expect(query?.getChild('item', 'urn:q')).toBeDefined();
  expect(stanzaOf('<iq/>').firstChildElement()).toBeUndefined();
});

test('without() leaves some children out, and the others are found where they now stand', () => {
  const stanza = stanzaOf(
    "<message id='1'>t<a/><body>hi</body> <b xmlns='urn:b'/>u<c>x</c></message>",
  );
  const [a, , b] = stanza.children;
  const less = stanza.without([a!, b!]);
  expect(less.content).toBe('t<body>hi</body> u<c>x</c>');
  expect(less.id).toBe('1');
  expect(less.children.map((child) => [child.name, less.childText(child)])).toEqual([
    ['body', 'hi'],
    ['c', 'x'],
  ]);
  expect(less.child('b', 'urn:b')).toBeUndefined();
});

test('element() is made once, with attributes, language and content', () => {
  const stanza = stanzaOf(
    "<message to='a@h' node='x'>t<body>hi</body></message>",
    HEADER.replace('>', " xml:lang='de'>"),
  );
  const tree = stanza.element();
  expect(tree).toBe(stanza.element());
  expect(tree.attrs).toEqual({ xmlns: 'jabber:client', to: 'a@h', 'xml:lang': 'de', node: 'x' });
  expect(tree.getChildText('body', 'jabber:client')).toBe('hi');
  expect(tree.getText()).toBe('t');
});

test.each([
  ['CDATA', '<message><body><![CDATA[<&]]></body></message>', '<body>&lt;&amp;</body>'],
  ['CR', '<message><body>a\r\nb\rc&#xD;</body></message>', '<body>a\nb\nc&#xD;</body>'],
  [
    'the XML namespace',
    '<message><xml:a><b/></xml:a></message>',
    "<xml:a><b xmlns='jabber:client'/></xml:a>",
  ],
  ['a prefix of the stanza', "<message xmlns:x='urn:x'><x:a/></message>", "<a xmlns='urn:x'/>"],
  ['its own namespace said again', "<message><body xmlns='jabber:client'/></message>", '<body/>'],
  [
    'a prefixed attribute',
    "<message xmlns:x='urn:x'><a x:b='&#9;'/></message>",
    "<a x:b='&#x9;' xmlns:x='urn:x'/>",
  ],
  [
    'another default namespace below',
    "<message xmlns='urn:m'><a><b/></a></message>",
    '<a><b/></a>',
  ],
])('content that cannot be copied is written anew: %s', (_, text, content) => {
  expect(stanzaOf(text).content).toBe(content);
});

test('plain content is copied byte by byte', () => {
  const content = `<body  >a&#65;</body><x xmlns="urn:x" y='"'><z:q xmlns:z='urn:z'/></x>`.replace(
    /<z.*\/>/,
    '<q/>',
  );
  expect(stanzaOf(`<message>${content}</message>`).content).toBe(content);
});

test('forced rewriting gives the same table and text', () => {
  const context = new XmlContext();
  context.forceRewrite = true;
  const { seen, push } = reader(undefined, context);
  push(`${HEADER}<message><body  >a&#65;</body><x xmlns="urn:x"><y/></x>t</message>`);
  const [stanza] = seen.stanzas;
  expect(stanza?.content).toBe("<body>aA</body><x xmlns='urn:x'><y/></x>t");
  expect(stanza?.children.map((c) => [c.name, c.ns])).toEqual([
    ['body', 'jabber:client'],
    ['x', 'urn:x'],
  ]);
  expect(stanza?.childText(stanza.children[0]!)).toBe('aA');
});

test('readStanza() reads back what was written, and nothing else', () => {
  const context = new XmlContext();
  const stanza = readStanza(
    context,
    "<message xmlns='jabber:client' to='a'><body>x</body></message>" as Bytes,
    '',
  );
  expect([stanza.ns, stanza.to, stanza.content]).toEqual(['jabber:client', 'a', '<body>x</body>']);
  expect(() => readStanza(context, '<a/><b/>' as Bytes, '')).toThrow(InvariantError);
  expect(() => readStanza(context, '<a>' as Bytes, '')).toThrow(InvariantError);
});
