import { StanzaReader } from '../../xml/stanza-reader.ts';
import { utf8 } from '../../xml/bytes.ts';
import { XmlContext } from '../../xml/xml-context.ts';
import type { Element } from '../../xml/element.ts';
import { searchFields } from './search-fields.ts';

function vcard(content: string): Element {
  const xml = `<iq type='set' id='1'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`;
  return new StanzaReader(new XmlContext()).read(utf8(xml)).firstChildElement() as Element;
}

test('the four fields are read from where vCards have them', () => {
  const { shown, keys, listed } = searchFields(
    vcard(
      '<N><GIVEN>Juliet</GIVEN><FAMILY>Capulet</FAMILY></N><NICKNAME> JuliC </NICKNAME>' +
        '<EMAIL><HOME/></EMAIL><EMAIL><USERID>Juliet@Shakespeare.lit</USERID></EMAIL>',
    ),
  );
  expect(shown).toEqual(['Juliet', 'Capulet', 'JuliC', 'Juliet@Shakespeare.lit']);
  expect(keys).toEqual(['juliet', 'capulet', 'julic', 'juliet@shakespeare.lit']);
  expect(listed).toBe(false);
});

test('case and width do not matter to whoever searches', () => {
  expect(searchFields(vcard('<NICKNAME>ＪＵＬＩＥＴ Ä</NICKNAME>')).keys[2]).toBe('juliet ä');
});

test('who says PUBLIC wants to be found', () => {
  expect(searchFields(vcard('<CLASS><PUBLIC/></CLASS>')).listed).toBe(true);
  expect(searchFields(vcard('<CLASS><PRIVATE/></CLASS>')).listed).toBe(false);
  expect(searchFields(vcard("<CLASS><PUBLIC xmlns='other'/></CLASS>")).listed).toBe(false);
});

test('a field is cut between characters', () => {
  const { shown } = searchFields(vcard(`<NICKNAME>${'a'.repeat(255)}\u{1F600}b</NICKNAME>`));
  expect(shown[2]).toBe(`${'a'.repeat(255)}\u{1F600}`);
});
