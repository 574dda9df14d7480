import { isSupportedHash, verificationString, verificationText } from './caps.ts';

const DISCO = 'http://jabber.org/protocol/disco';

test('the simple example of XEP-0115 §5.2 comes out', () => {
  const exodus = {
    identities: [{ category: 'client', type: 'pc', name: 'Exodus 0.9.1' }],
    features: [
      `${DISCO}#info`,
      `${DISCO}#items`,
      'http://jabber.org/protocol/muc',
      'http://jabber.org/protocol/caps',
    ],
    forms: [],
  };
  expect(verificationString(exodus, 'sha-1')).toBe('QgayPKawpkPSDYmwT/WM94uAlu0=');
});

test('the complex example of XEP-0115 §5.3 comes out', () => {
  const psi = {
    identities: [
      { category: 'client', type: 'pc', name: 'Psi 0.11', lang: 'en' },
      { category: 'client', type: 'pc', name: 'Ψ 0.11', lang: 'el' },
    ],
    features: [
      'http://jabber.org/protocol/muc',
      'http://jabber.org/protocol/caps',
      `${DISCO}#info`,
      `${DISCO}#items`,
    ],
    forms: [
      {
        kind: 'result' as const,
        formType: 'urn:xmpp:dataforms:softwareinfo',
        fields: [
          { var: 'os', values: ['Mac'] },
          { var: 'ip_version', values: ['ipv6', 'ipv4'] },
          { var: 'software_version', values: ['0.11'] },
          { var: 'software', values: ['Psi'] },
          { var: 'os_version', values: ['10.5.1'] },
        ],
      },
    ],
  };
  expect(verificationString(psi, 'sha-1')).toBe('q07IKJEyjvHSyhy//CH0CxmKi8w=');
});

test('texts are sorted by the bytes of UTF-8, not by the units of UTF-16', () => {
  const features = ['\u{1F600}', '￼'];
  expect(verificationText({ identities: [], features, forms: [] })).toBe('￼<\u{1F600}<');
});

test('a form without a FORM_TYPE does not count', () => {
  const forms = [{ kind: 'result' as const, fields: [{ var: 'a', values: ['b'] }] }];
  expect(verificationText({ identities: [], features: [], forms })).toBe('');
});

test('of a hash that is not known nothing is said', () => {
  expect(isSupportedHash('md5')).toBe(false);
  expect(verificationString({ identities: [], features: [], forms: [] }, 'md5')).toBeUndefined();
});
