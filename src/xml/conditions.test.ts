// RFC 6120 §4.9.3, §11: which stream error which input earns.
import { conditionOf, HEADER, reader } from '../../test/property/reading.ts';

test.each([
  ['a comment', '<!-- x -->', 'restricted-xml'],
  ['a comment in a stanza', '<a><!-- x --></a>', 'restricted-xml'],
  ['a processing instruction', '<?x y?>', 'restricted-xml'],
  ['a processing instruction in a stanza', '<a><?x y?></a>', 'restricted-xml'],
  ['a document type', '<!DOCTYPE a>', 'restricted-xml'],
  ['an entity', '<a>&nbsp;</a>', 'restricted-xml'],
  ['an entity in a value', "<a b='&nbsp;'/>", 'restricted-xml'],
  ['an XML declaration after the header', "<?xml version='1.0'?>", 'restricted-xml'],
  ['text between stanzas', 'x', 'invalid-xml'],
  ['text after a stanza', '<a/>x', 'invalid-xml'],
  ['CDATA between stanzas', '<![CDATA[ ]]>', 'invalid-xml'],
  ['another end tag', '<a></b>', 'not-well-formed'],
  ['a longer end tag', '<a></ab>', 'not-well-formed'],
  ['a shorter end tag', '<ab></a>', 'not-well-formed'],
  ['a space before the name of an end tag', '<a></ a>', 'not-well-formed'],
  ['a space in front of a name', '< a/>', 'not-well-formed'],
  ['a digit in front of a name', '<1a/>', 'not-well-formed'],
  ['a dash in front of an attribute', "<a -b=''/>", 'not-well-formed'],
  ['a combining mark in front of a name', '<\u0300a/>', 'not-well-formed'],
  ['a multiplication sign in a name', '<a\u00d7/>', 'not-well-formed'],
  ['a local name that begins with a digit', "<a xmlns:x='urn:x' x:1=''/>", 'not-well-formed'],
  ['a colon in front of a name', '<:a/>', 'not-well-formed'],
  ['a colon behind a name', '<a:/>', 'not-well-formed'],
  ['two colons in a name', '<stream:a:b/>', 'not-well-formed'],
  ['an undeclared prefix', '<x:a/>', 'not-well-formed'],
  ['an undeclared prefix of an attribute', "<a x:b=''/>", 'not-well-formed'],
  ['a prefix out of scope', "<a><b xmlns:x='urn:x'/><x:c/></a>", 'not-well-formed'],
  ['an attribute without a value', '<a b/>', 'not-well-formed'],
  ['an attribute without quotes', '<a b=c/>', 'not-well-formed'],
  ['attributes without space between', "<a b='c'd='e'/>", 'not-well-formed'],
  ['< in a value', "<a b='<'/>", 'not-well-formed'],
  ['a bare &', '<a>&</a>', 'not-well-formed'],
  ['a bare & in front of a space', '<a>& b;</a>', 'not-well-formed'],
  ['an empty reference', '<a>&#;</a>', 'not-well-formed'],
  ['an empty hexadecimal reference', '<a>&#x;</a>', 'not-well-formed'],
  ['a reference with X', '<a>&#X41;</a>', 'not-well-formed'],
  ['a hexadecimal digit in a decimal reference', '<a>&#4A;</a>', 'not-well-formed'],
  ['an unfinished empty tag', '<a/ >', 'not-well-formed'],
  ['something else after <!', '<a><!x></a>', 'not-well-formed'],
  ['half of <![CDATA[', '<a><![CDATE[]]></a>', 'not-well-formed'],
])('%s: %s is %s', (_, text, condition) => {
  expect(conditionOf(text)).toBe(condition);
});

test.each([
  ['text in front of the root', 'x', 'not-well-formed'],
  ['a byte order mark', `\ufeff${HEADER}`, 'not-well-formed'],
  ['an end tag alone', '</stream:stream>', 'not-well-formed'],
  ['space in front of the declaration', ` <?xml version='1.0'?>${HEADER}`, 'restricted-xml'],
  ['a second declaration', "<?xml version='1.0'?><?xml version='1.0'?>", 'restricted-xml'],
  ['an instruction instead of a declaration', "<?xmlx version='1.0'?>", 'restricted-xml'],
  ['a declaration without a version', '<?xml ?>', 'not-well-formed'],
  ['XML 1.1', "<?xml version='1.1'?>", 'not-well-formed'],
  ['a declaration in the wrong order', "<?xml encoding='UTF-8' version='1.0'?>", 'not-well-formed'],
  ['another encoding', "<?xml version='1.0' encoding='ISO-8859-1'?>", 'unsupported-encoding'],
  ['UTF-16', Buffer.from(HEADER, 'utf16le'), 'not-well-formed'],
])('at the start, %s: %s is %s', (_, text, condition) => {
  expect(conditionOf('', text as string)).toBe(condition);
});

test.each([
  ['all names of XML 1.0, fifth edition', "<é中·a.b-1_ x\u0300='' \u{10000}=''/>"],
  ['white space in tags', "<a\t\r\n b \n= 'c'\r></a\t>"],
  ['either quotes', `<a b="'" c='"'/>`],
  ['predefined entities', "<a b='&lt;&gt;&amp;&quot;&apos;'>&lt;&gt;&amp;&quot;&apos;</a>"],
  ['DEL and C1 controls', '<a>\u007f\u0080\u009f</a>'],
  ['leading zeros', '<a>&#x0000000000000000041;</a>'],
  ['brackets in CDATA', '<a><![CDATA[]]]]]><![CDATA[]]></a>'],
  ['the prefix xml', "<a xml:space='preserve' xml:lang=''><xml:b/></a>"],
])('%s are accepted', (_, text) => {
  expect(conditionOf(text)).toBeUndefined();
});

test('a declaration may name UTF-8 in any case and either quoting', () => {
  for (const declaration of [
    `<?xml version="1.0" encoding='utf-8'?>`,
    `<?xml version='1.0' encoding="Utf-8" standalone='no' ?>\n`,
  ]) {
    expect(conditionOf('', declaration + HEADER)).toBeUndefined();
  }
});

test('an error is final: what follows is ignored', () => {
  const { seen, push } = reader();
  expect(() => push(`${HEADER}<a></b>`)).toThrow();
  push('<c/>');
  expect(seen.stanzas).toHaveLength(0);
});
