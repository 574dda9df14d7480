import { text } from './bytes.ts';
import { Element } from './element.ts';
import { XmlWriteError } from './errors.ts';
import { render } from './forward.ts';
import { stanzaOf } from '../../test/property/reading.ts';
import { element, escapeAttr, escapeText } from './writer.ts';

describe('escapes', () => {
  test('leave plain text alone', () => {
    expect(escapeText('it\'s "plain"\n\t')).toBe('it\'s "plain"\n\t');
    expect(escapeAttr('say "hi"')).toBe('say "hi"');
  });

  test('write markup and CR so that they come back', () => {
    expect(escapeText('<&>\r')).toBe('&lt;&amp;&gt;&#xD;');
    expect(escapeAttr("<&>'\t\r\n")).toBe('&lt;&amp;&gt;&apos;&#x9;&#xD;&#xA;');
  });

  test('write other characters as UTF-8 bytes', () => {
    expect(text(escapeText('é<😀'))).toBe('é&lt;😀');
    expect(escapeText('é')).toHaveLength(2);
  });

  test.each(['\0', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff', '\ud800', 'a\udc00b'])(
    'refuse what XML has no character for: %j',
    (bad) => {
      expect(() => escapeText(bad)).toThrow(XmlWriteError);
      expect(() => escapeAttr(bad)).toThrow(XmlWriteError);
    },
  );
});

describe('element()', () => {
  test('leaves out the namespace of its frame and writes others', () => {
    const tree = new Element('message', { xmlns: 'jabber:client', to: "o'b" });
    tree.c('body').t('a<b');
    tree.c('x', { xmlns: 'urn:x' }).c('y', { xmlns: 'jabber:client' });
    expect(element(tree, 'jabber:client')).toBe(
      "<message to='o&apos;b'><body>a&lt;b</body><x xmlns='urn:x'><y xmlns='jabber:client'/></x></message>",
    );
    expect(element(tree, '')).toMatch(/^<message xmlns='jabber:client' to=/);
  });

  test('writes prefixed names whose prefix is declared', () => {
    const tree = new Element('p:a', { 'xmlns:p': 'urn:p', 'p:b': '1', 'xml:lang': 'de' });
    expect(element(tree, '')).toBe("<p:a xmlns:p='urn:p' p:b='1' xml:lang='de'/>");
  });

  test('leaves out what is undefined or null, and writes numbers', () => {
    const tree = new Element('a', { b: undefined, c: null, d: 5 });
    expect(element(tree, '')).toBe("<a d='5'/>");
  });

  test.each([
    ['a name with a space', new Element('a b')],
    ['an empty name', new Element('')],
    ['a name with markup', new Element('a><b')],
    ['an attribute with a quote', new Element('a', { "b'": '1' })],
    ['an undeclared prefix', new Element('p:a')],
    ['an undeclared prefix of an attribute', new Element('a', { 'p:b': '1' })],
    ['the prefix xmlns re-bound', new Element('a', { 'xmlns:xmlns': 'urn:x' })],
    ['the prefix xml re-bound', new Element('a', { 'xmlns:xml': 'urn:x' })],
    ['a prefix undeclared', new Element('a', { 'xmlns:x': '' })],
    ['a reserved default namespace', new Element('a', { xmlns: 'http://www.w3.org/2000/xmlns/' })],
    [
      'one attribute twice',
      new Element('a', { 'xmlns:p': 'urn:x', 'xmlns:q': 'urn:x', 'p:b': '1', 'q:b': '2' }),
    ],
    ['a control character', new Element('a').t('\0')],
  ])('refuses %s', (_, tree) => {
    expect(() => element(tree, '')).toThrow(XmlWriteError);
  });
});

describe('render()', () => {
  const stanza = stanzaOf(
    "<message from='forged@h' to='x@h' id='1'><body>hi</body><a xmlns='urn:a'/><b xmlns='urn:b'/></message>",
  );

  test('writes the envelope it is given and copies the content', () => {
    expect(
      render(stanza, 'c2s', { from: 'me@h', to: 'x@h', type: 'chat', id: '1', lang: 'de' }),
    ).toBe(
      "<message from='me@h' to='x@h' type='chat' id='1' xml:lang='de'><body>hi</body><a xmlns='urn:a'/><b xmlns='urn:b'/></message>",
    );
  });

  test.each(['websocket', 'bosh', 'forwarded'] as const)(
    'says jabber:client in a %s frame',
    (frame) => {
      expect(render(stanza, frame, {})).toMatch(/^<message xmlns='jabber:client'>/);
    },
  );

  test('drops and appends children', () => {
    const own = '<c/>' as ReturnType<typeof escapeText>;
    expect(render(stanza, 's2s', {}, (child) => child.ns === 'urn:a', own)).toBe(
      "<message><body>hi</body><b xmlns='urn:b'/><c/></message>",
    );
  });

  test('writes a stanza without content as one tag', () => {
    expect(render(stanzaOf('<presence></presence>'), 'c2s', {})).toBe('<presence/>');
  });

  test('refuses characters that XML does not have', () => {
    expect(() => render(stanza, 'c2s', { to: 'a\0' })).toThrow(XmlWriteError);
  });
});
