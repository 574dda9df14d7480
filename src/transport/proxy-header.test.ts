import { parseProxyHeader } from './proxy-header.ts';

function v1(line: string) {
  return parseProxyHeader(Buffer.from(line, 'latin1'));
}

/** @param family first half of byte 14 */
function v2(command: number, family: number, addresses: Buffer, tlvs = 0): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  head[12] = 0x20 | command;
  head[13] = (family << 4) | 1;
  head.writeUInt16BE(addresses.length + tlvs, 14);
  return Buffer.concat([head, addresses, Buffer.alloc(tlvs)]);
}

const V4 = Buffer.from([203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 0x14, 0x66]);
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.alloc(20),
]);

test('version 1 names the client and leaves what follows', () => {
  expect(v1('PROXY TCP4 203.0.113.9 10.0.0.1 4660 5222\r\n<stream')).toEqual({
    state: 'complete',
    bytes: 43,
    source: '203.0.113.9',
  });
  expect(v1('PROXY TCP6 2001:db8::1 ::1 4660 5222\r\n')).toMatchObject({ source: '2001:db8::1' });
});

test('UNKNOWN and LOCAL stand for the balancer itself', () => {
  expect(v1('PROXY UNKNOWN whatever\r\n')).toMatchObject({ source: undefined, bytes: 24 });
  expect(parseProxyHeader(v2(0, 0, Buffer.alloc(0)))).toMatchObject({
    source: undefined,
    bytes: 16,
  });
});

test('version 2 names the client; what it may bring besides is skipped', () => {
  expect(parseProxyHeader(v2(1, 1, V4, 100))).toEqual({
    state: 'complete',
    bytes: 128,
    source: '203.0.113.9',
  });
  expect(parseProxyHeader(v2(1, 2, V6))).toMatchObject({ source: '2001:db8:0:0:0:0:0:1' });
  // A socket of another family: §2.2, it is to be accepted.
  expect(parseProxyHeader(v2(1, 3, Buffer.alloc(216)))).toMatchObject({ source: undefined });
});

test('every beginning of a header waits for more', () => {
  const headers = [Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 4660 5222\r\n'), v2(1, 2, V6, 7)];
  for (const header of headers) {
    for (let length = 0; length < header.length; length += 1) {
      expect(parseProxyHeader(header.subarray(0, length))).toEqual({ state: 'incomplete' });
    }
  }
});

test.each([
  ['<?xml version="1.0"?>'],
  ['PROXY TCP4 203.0.113.9 10.0.0.1 4660\r\n'],
  ['PROXY TCP4 203.0.113.900 10.0.0.1 4660 5222\r\n'],
  ['PROXY TCP4 2001:db8::1 ::1 4660 5222\r\n'],
  ['PROXY TCP4 203.0.113.9 10.0.0.1 4660 99999\r\n'],
  ['PROXY UDP4 203.0.113.9 10.0.0.1 4660 5222\r\n'],
  [`PROXY UNKNOWN ${'x'.repeat(200)}`],
])('%s is no header', (text) => {
  expect(v1(text).state).toBe('wrong');
});

test('a header of version 2 that is too long, cut off or of another version is none', () => {
  expect(parseProxyHeader(v2(1, 1, V4, 4000)).state).toBe('wrong');
  expect(parseProxyHeader(v2(1, 2, V4)).state).toBe('wrong');
  expect(parseProxyHeader(v2(2, 1, V4)).state).toBe('wrong');
  const version3 = v2(1, 1, V4);
  version3[12] = 0x31;
  expect(parseProxyHeader(version3).state).toBe('wrong');
});
