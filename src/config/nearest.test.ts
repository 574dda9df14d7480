import { editDistance, nearest } from './nearest.ts';

test('a distance counts letters changed, added, left out, and neighbours swapped', () => {
  expect(editDistance('workers', 'wrokers')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
});

test('case and separators do not count', () => {
  expect(nearest('max-stanza-bytes', ['maxStanzaBytes', 'maxPage'])).toBe('maxStanzaBytes');
});

test('what is near to nothing gets no suggestion', () => {
  expect(nearest('weather', ['hosts', 'listen'])).toBeUndefined();
});
