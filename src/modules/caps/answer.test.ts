import { StanzaReader } from '../../xml/stanza-reader.ts';
import { utf8 } from '../../xml/bytes.ts';
import { XmlContext } from '../../xml/xml-context.ts';
import type { Element } from '../../xml/element.ts';
import { verificationString } from '../../protocol/caps.ts';
import { readCapabilities } from './answer.ts';

function read(content: string) {
  const xml = `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#info'>${content}</query></iq>`;
  const reader = new StanzaReader(new XmlContext());
  return readCapabilities(reader.read(utf8(xml)).firstChildElement() as Element);
}

const FORM = (type: string, kind = 'hidden'): string =>
  `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='${kind}'><value>${type}</value></field><field var='os'><value>Mac</value></field></x>`;

test('the answer of XEP-0115 §5.3 makes the hash shown there', () => {
  const what = read(
    "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>" +
      "<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>" +
      ['caps', 'disco#info', 'disco#items', 'muc']
        .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
        .join('') +
      "<x xmlns='jabber:x:data' type='result'>" +
      "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>" +
      "<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>" +
      "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>" +
      "<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>",
  );
  expect(what && verificationString(what, 'sha-1')).toBe('q07IKJEyjvHSyhy//CH0CxmKi8w=');
});

test.each([
  ['an identity', "<identity category='client' type='pc'/>".repeat(2)],
  ['a feature', "<feature var='urn:xmpp:ping'/>".repeat(2)],
  ['a form', FORM('a').repeat(2)],
  ['a FORM_TYPE', FORM('a').replace('<value>a</value>', '<value>a</value><value>b</value>')],
])('%s twice is ill-formed', (_what, content) => {
  expect(read(content)).toBeUndefined();
});

test('a form whose FORM_TYPE is missing or not hidden does not count', () => {
  expect(read(FORM('a', 'text-single'))?.forms).toEqual([]);
  expect(read("<x xmlns='jabber:x:data' type='result'/>")?.forms).toEqual([]);
});

test('more features than any client has are not kept', () => {
  const many = Array.from({ length: 1001 }, (_, n) => `<feature var='urn:${n}'/>`).join('');
  expect(read(many)).toBeUndefined();
});
