import { xmppAddresses } from './certificate-addresses.ts';
import { CERTIFICATES } from './testing/certificates.ts';

/** One value of DER. */
const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, value.length]), value]);
};
const SAN = der(0x06, Buffer.from('551d11', 'hex'));
const XMPP_ADDR = der(0x06, Buffer.from('2b06010505070805', 'hex'));
const OTHER = der(0x06, Buffer.from('2b06010505070807', 'hex'));

const otherName = (oid: Buffer, text: string, tag = 0x0c): Buffer =>
  der(0xa0, oid, der(0xa0, der(tag, Buffer.from(text))));

/** As much of a certificate as is looked at. */
const certificate = (...names: Buffer[]): Buffer =>
  der(0x30, der(0x30, der(0xa3, der(0x30, der(0x30, SAN, der(0x04, der(0x30, ...names)))))));

test('addresses come in their order, other names do not', () => {
  const names = [
    otherName(XMPP_ADDR, 'alice@localhost'),
    otherName(OTHER, '_xmpp.localhost'),
    der(0x82, Buffer.from('localhost')),
    otherName(XMPP_ADDR, 'böb@localhost'),
  ];
  expect(xmppAddresses(certificate(...names))).toEqual(['alice@localhost', 'böb@localhost']);
});

test.each([
  ['an ordinary certificate', Buffer.from(CERTIFICATES.ecdsaSha256, 'base64')],
  ['nothing', Buffer.alloc(0)],
  ['a name of another kind of string', certificate(otherName(XMPP_ADDR, 'alice@localhost', 0x16))],
  [
    'a name that is no UTF-8',
    certificate(der(0xa0, XMPP_ADDR, der(0xa0, der(0x0c, Buffer.from([0xff]))))),
  ],
  ['one that is cut short', certificate(otherName(XMPP_ADDR, 'alice@localhost')).subarray(0, -3)],
])('%s names no address', (_what, bytes) => {
  expect(xmppAddresses(bytes)).toEqual([]);
});
