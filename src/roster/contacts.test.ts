import fc from 'fast-check';
import {
  count,
  find,
  NO_CONTACTS,
  pack,
  put,
  unpack,
  type Contact,
  type PackedContacts,
} from './contacts.ts';

const nurse: Contact = {
  jid: 'nurse@example.org',
  name: 'Nurse',
  groups: ['Servants', 'Дом'],
  subscription: 'both',
  ask: false,
  approved: true,
  version: 300,
};
const romeo: Contact = {
  jid: 'romeo@example.net',
  name: '',
  groups: [],
  subscription: 'none',
  ask: true,
  approved: false,
  version: 2_000_000_000,
};
const tybalt: Contact = { ...romeo, jid: 'tybalt@example.org', ask: false, subscription: 'remove' };

const contact: fc.Arbitrary<Contact> = fc.record({
  jid: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
  name: fc.string({ unit: 'grapheme', maxLength: 300 }),
  groups: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 5 }),
  subscription: fc.constantFrom('none', 'to', 'from', 'both', 'remove'),
  ask: fc.boolean(),
  approved: fc.boolean(),
  version: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});
const roster = fc.uniqueArray(contact, { selector: ({ jid }) => jid, maxLength: 10 });

describe('packed contacts', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(roster, (contacts) => {
        expect([...unpack(pack(contacts))]).toEqual(contacts);
      }),
    );
  });

  it('behave like a map from addresses to contacts, whatever is put into them', () => {
    fc.assert(
      fc.property(fc.array(contact, { maxLength: 20 }), (contacts) => {
        let packed: PackedContacts = NO_CONTACTS;
        const map = new Map<string, Contact>();
        for (const one of contacts) {
          packed = put(packed, one);
          map.set(one.jid, one);
        }
        expect([...unpack(packed)]).toEqual([...map.values()]);
        for (const one of map.values()) expect(find(packed, one.jid)).toEqual(one);
        const live = [...map.values()].filter(({ subscription }) => subscription !== 'remove');
        expect(count(packed)).toBe(live.length);
      }),
    );
  });

  it('are not found by a part of their address', () => {
    const packed = pack([nurse, romeo]);
    expect(find(packed, 'nurse@example.or')).toBeUndefined();
    expect(find(packed, 'urse@example.org')).toBeUndefined();
    expect(find(packed, 'romeo@example.net')).toEqual(romeo);
  });

  it('count those that were not removed', () => {
    expect(count(pack([nurse, tybalt, romeo]))).toBe(2);
  });

  it('cost no more than 7 bytes beside their texts', () => {
    const plain = { ...nurse, name: 'Nurse', groups: ['Friends'], version: 100 };
    const texts = plain.jid.length + 'Nurse'.length + 'Friends'.length;
    expect(pack([plain]).length - texts).toBeLessThanOrEqual(7);
  });
});
