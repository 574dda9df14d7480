import { AddressCounts, addressKey } from './address-counts.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
])('%s is counted as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test('an address without connections is forgotten', () => {
  const counts = new AddressCounts();
  counts.add('192.0.2.1', 2);
  counts.add('192.0.2.1', -2);
  expect([...counts.entries()]).toEqual([]);
});
