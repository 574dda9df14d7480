import { parseBoolean, parseForm, renderForm, submittedForm } from './forms.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';
import { xml } from './testing/xml.ts';

type Child = Parameters<typeof xml>[2];

const field = (name: string | undefined, ...values: string[]) =>
  xml('field', name === undefined ? {} : { var: name }, ...values.map((v) => xml('value', {}, v)));
const form = (type: string, ...children: Child[]) =>
  xml('x', { xmlns: NS.dataForms, type }, ...children);
const query = (...children: Child[]) => xml('query', { xmlns: NS.mam2 }, ...children);

describe('a form that was sent', () => {
  test('gives its values by name and its FORM_TYPE apart', () => {
    const read = parseForm(
      form('submit', field('FORM_TYPE', NS.mam2), field('with', 'a@b'), field('ids', '1', '2')),
    );
    expect([read.kind, read.formType]).toEqual(['submit', NS.mam2]);
    expect([...read.values]).toEqual([
      ['with', ['a@b']],
      ['ids', ['1', '2']],
    ]);
  });

  test('may have fields without a value', () => {
    expect(parseForm(form('submit', field('with'))).values.get('with')).toEqual([]);
  });

  test('may have text without a name', () => {
    expect(parseForm(form('submit', xml('field', { type: 'fixed' }))).values.size).toBe(0);
  });

  test.each([
    ['of no type', xml('x', { xmlns: NS.dataForms })],
    ['of an unknown type', form('gossip')],
    ['with a field without a name', form('submit', field(undefined, 'x'))],
    ['with a field of an empty name', form('submit', field('', 'x'))],
    ['with a field that is there twice', form('submit', field('a', '1'), field('a', '2'))],
  ])('%s is a bad request', (_, x) => {
    expect(() => parseForm(x)).toThrow(StanzaError);
  });
});

describe('the form of a request', () => {
  test('is the one submitted', () => {
    const request = query(form('submit', field('FORM_TYPE', NS.mam2), field('with', 'a@b')));
    expect(submittedForm(request, NS.mam2)?.values.get('with')).toEqual(['a@b']);
  });

  test('may come without a FORM_TYPE', () => {
    expect(submittedForm(query(form('submit')), NS.mam2)).toBeDefined();
  });

  test.each([
    ['there is none', query()],
    ['it was cancelled', query(form('cancel'))],
  ])('is missing if %s', (_, request) => {
    expect(submittedForm(request, NS.mam2)).toBeUndefined();
  });

  test.each([
    ['it is another one', query(form('submit', field('FORM_TYPE', 'x')))],
    ['it is not submitted', query(form('form'))],
  ])('is a bad request if %s', (_, request) => {
    expect(() => submittedForm(request, NS.mam2)).toThrow(StanzaError);
  });
});

test.each([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
  ['TRUE', undefined],
  ['', undefined],
  [undefined, undefined],
])('%s as a boolean is %s', (value, expected) => {
  expect(parseBoolean(value)).toBe(expected);
});

describe('a form of ours', () => {
  test('is written with everything a field may have, escaped', () => {
    const bytes = renderForm({
      kind: 'form',
      formType: 'urn:x',
      title: 'A & B',
      instructions: 'Fill in.',
      fields: [
        {
          var: 'colour',
          type: 'list-single',
          label: "it's",
          desc: 'd',
          required: true,
          values: ['r'],
          options: [{ value: 'r', label: 'red' }, { value: 'g' }],
        },
        { var: 'empty' },
      ],
    });
    expect(bytes).toBe(
      "<x xmlns='jabber:x:data' type='form'><title>A &amp; B</title>" +
        '<instructions>Fill in.</instructions>' +
        "<field var='FORM_TYPE' type='hidden'><value>urn:x</value></field>" +
        "<field var='colour' type='list-single' label='it&apos;s'><desc>d</desc><required/>" +
        "<value>r</value><option label='red'><value>r</value></option>" +
        "<option><value>g</value></option></field><field var='empty'/></x>",
    );
  });

  test('has a value for each line of a longer text', () => {
    const bytes = renderForm({
      kind: 'result',
      fields: [{ var: 'a', type: 'text-multi', values: ['x\ny'] }],
    });
    expect(bytes).toContain('<value>x</value><value>y</value>');
  });
});
