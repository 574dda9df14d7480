import { ascii } from '../xml/bytes.ts';
import { FRAME, FieldReader, fieldsOf, frame, isUnasked, packHow, unpackHow } from './frames.ts';

test('fields are read one after the other as they are split', () => {
  for (const fields of [['7', '', '<message/>'], [''], ['a', 'b', '']]) {
    const payload = frame(FRAME.deliver, ...fields);
    const reader = new FieldReader(payload);
    expect(fieldsOf(payload).map(() => reader.next())).toEqual(fields);
    expect(reader.next()).toBe('');
  }
});

test('how a stanza goes survives the border, and a frame that comes again makes it a repetition', () => {
  for (const owed of [true, false]) {
    for (const again of [true, false]) {
      for (const unasked of [true, false]) {
        const how = packHow(owed, again, unasked);
        expect(unpackHow(how, false)).toEqual({ owed, again });
        expect(unpackHow(how, true)).toEqual({ owed, again: true });
        expect(isUnasked(how)).toBe(unasked);
      }
    }
  }
});

test('what an earlier version says of how a stanza goes is never taken for unasked', () => {
  for (const field of ['0', '1', '2', '3']) expect(isUnasked(Number(ascii(field)))).toBe(false);
});
