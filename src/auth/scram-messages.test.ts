import { decodeSaslName, parseClientFinal, parseClientFirst } from './scram-messages.ts';

describe('client-first-message', () => {
  test('the example of RFC 5802 is read', () => {
    expect(parseClientFirst('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL')).toEqual({
      gs2Header: 'n,,',
      flag: 'n',
      bindingType: '',
      authzid: '',
      username: 'user',
      nonce: 'fyko+d2lbbFgONRv9qkxdawL',
      bare: 'n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    });
  });

  test('binding, authorization identity and escaped names are read', () => {
    expect(parseClientFirst('p=tls-exporter,a=b=3Dc@x,n=a=2Cb,r=x')).toMatchObject({
      gs2Header: 'p=tls-exporter,a=b=3Dc@x,',
      flag: 'p',
      bindingType: 'tls-exporter',
      authzid: 'b=c@x',
      username: 'a,b',
    });
  });

  test('an optional extension is passed over', () => {
    expect(parseClientFirst('n,,n=user,r=x,f=y=z')).toMatchObject({ nonce: 'x' });
  });

  test.each([
    ['a mandatory extension in front', 'n,,m=x,n=user,r=x'],
    ['a mandatory extension behind', 'n,,n=user,r=x,m=x'],
    ['nothing', ''],
    ['no header', 'n=user,r=x'],
    ['an unknown flag', 'x,,n=user,r=x'],
    ['a flag with a value', 'n=1,,n=user,r=x'],
    ['a binding without a name', 'p=,,n=user,r=x'],
    ['a binding with a strange name', 'p=tls_exporter,,n=user,r=x'],
    ['an empty authorization identity', 'n,a=,n=user,r=x'],
    ['a header of two parts', 'n,n=user,r=x'],
    ['the nonce before the name', 'n,,r=x,n=user'],
    ['no nonce', 'n,,n=user'],
    ['an empty nonce', 'n,,n=user,r='],
    ['a nonce with a blank', 'n,,n=user,r=a b'],
    ['a nonce outside ASCII', 'n,,n=user,r=é'],
    ['a nonce that ends in a line break', 'n,,n=user,r=x\n'],
    ['an empty name', 'n,,n=,r=x'],
    ['a name with a bare equals sign', 'n,,n=a=b,r=x'],
    ['a name with a lower-case escape', 'n,,n=a=2cb,r=x'],
    ['a name with NUL', 'n,,n=a\0b,r=x'],
    ['a second nonce', 'n,,n=user,r=x,r=y'],
    ['an extension without a value', 'n,,n=user,r=x,f='],
    ['a comma at the end', 'n,,n=user,r=x,'],
  ])('%s is refused', (_what, message) => {
    expect(parseClientFirst(message)).toBeUndefined();
  });
});

describe('client-final-message', () => {
  test('the example of RFC 5802 is read', () => {
    const withoutProof = 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j';
    const message = `${withoutProof},p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=`;
    expect(parseClientFinal(message)).toMatchObject({
      binding: 'biws',
      nonce: 'fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
      withoutProof,
    });
  });

  test('an extension belongs to what is signed', () => {
    expect(parseClientFinal('c=biws,r=x,f=y,p=AAAA')?.withoutProof).toBe('c=biws,r=x,f=y');
  });

  test.each([
    ['nothing', ''],
    ['no proof', 'c=biws,r=x'],
    ['an empty proof', 'c=biws,r=x,p='],
    ['a proof that is not base64', 'c=biws,r=x,p=A*AA'],
    ['a proof that is not last', 'c=biws,r=x,p=AAAA,f=y'],
    ['a mandatory extension', 'c=biws,r=x,m=y,p=AAAA'],
    ['no channel binding', 'r=x,p=AAAA'],
    ['no nonce', 'c=biws,p=AAAA'],
    ['another order', 'r=x,c=biws,p=AAAA'],
    ['NUL', 'c=biws,r=x,f=\0,p=AAAA'],
  ])('%s is refused', (_what, message) => {
    expect(parseClientFinal(message)).toBeUndefined();
  });
});

test.each([
  ['a=3D2Cb', 'a=2Cb'],
  ['=2C=2C', ',,'],
  ['ju=C3', undefined],
  ['a=', undefined],
  ['=', undefined],
])('the name %s reads as %s', (text, name) => {
  expect(decodeSaslName(text)).toBe(name);
});
