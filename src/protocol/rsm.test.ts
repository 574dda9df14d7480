import { NS } from './namespaces.ts';
import { FIRST_PAGE, parsePageRequest, resultSet } from './rsm.ts';
import { StanzaError } from './stanza-error.ts';
import { xml } from './testing/xml.ts';

type Child = Parameters<typeof xml>[2];

const query = (...children: Child[]) =>
  xml('query', { xmlns: NS.mam2 }, xml('set', { xmlns: NS.rsm }, ...children));

test('without a set the first page is asked for', () => {
  expect(parsePageRequest(xml('query', { xmlns: NS.mam2 }))).toEqual(FIRST_PAGE);
});

test('a set of another namespace is none', () => {
  const request = xml('query', { xmlns: NS.mam2 }, xml('set', { xmlns: 'x' }, xml('max', {}, '1')));
  expect(parsePageRequest(request)).toEqual(FIRST_PAGE);
});

test.each([
  ['a size', [xml('max', {}, '10')], { max: 10 }],
  ['the count alone', [xml('max', {}, '0')], { max: 0 }],
  ['a size with white space', [xml('max', {}, ' 10\n')], { max: 10 }],
  ['a size beyond all bounds', [xml('max', {}, '9'.repeat(400))], { max: 2147483647 }],
  ['the page after an item', [xml('after', {}, 'x')], { after: 'x' }],
  ['the page before an item', [xml('before', {}, 'x')], { before: 'x' }],
  ['the last page', [xml('before')], { before: '' }],
  ['the first page by an empty after', [xml('after')], {}],
  [
    'what lies between',
    [xml('after', {}, 'a'), xml('before', {}, 'b')],
    { after: 'a', before: 'b' },
  ],
  ['a page by position', [xml('index', {}, '371')], { index: 371 }],
])('%s is asked for', (_, children, expected) => {
  expect(parsePageRequest(query(...children))).toEqual({ ...FIRST_PAGE, ...expected });
});

test.each([
  ['a negative size', [xml('max', {}, '-1')]],
  ['a size that is no number', [xml('max', {}, '1e3')]],
  ['an empty size', [xml('max')]],
  ['two sizes', [xml('max', {}, '1'), xml('max', {}, '2')]],
  ['a position and an item', [xml('index', {}, '1'), xml('after', {}, 'x')]],
])('%s is a bad request', (_, children) => {
  expect(() => parsePageRequest(query(...children))).toThrow(StanzaError);
});

test('two sets are a bad request', () => {
  const set = () => xml('set', { xmlns: NS.rsm });
  expect(() => parsePageRequest(xml('query', { xmlns: NS.mam2 }, set(), set()))).toThrow(
    StanzaError,
  );
});

test('a page is described by its ends, escaped, its position and the count', () => {
  expect(resultSet({ first: 'a&b', last: 'c', firstIndex: 0, count: 20 })).toBe(
    `<set xmlns='${NS.rsm}'><first index='0'>a&amp;b</first><last>c</last><count>20</count></set>`,
  );
});

test('an empty page has no ends', () => {
  expect(resultSet({ count: 0 })).toBe(`<set xmlns='${NS.rsm}'><count>0</count></set>`);
});
