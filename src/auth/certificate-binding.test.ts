import { createHash } from 'node:crypto';
import { serverEndPoint } from './certificate-binding.ts';
import { CERTIFICATES } from './testing/certificates.ts';

function der(name: keyof typeof CERTIFICATES): Buffer {
  return Buffer.from(CERTIFICATES[name], 'base64');
}

// RFC 5929 §4.1
test.each([
  ['RSA with SHA-1', 'rsaSha1', 'sha256'],
  ['RSA with SHA-256', 'rsaSha256', 'sha256'],
  ['RSA with SHA-384', 'rsaSha384', 'sha384'],
  ['RSA with SHA-512', 'rsaSha512', 'sha512'],
  ['RSA-PSS with SHA-1', 'pssSha1', 'sha256'],
  ['RSA-PSS with SHA-512', 'pssSha512', 'sha512'],
  ['ECDSA with SHA-256', 'ecdsaSha256', 'sha256'],
  ['ECDSA with SHA-384', 'ecdsaSha384', 'sha384'],
] as const)('a certificate signed by %s gives the right hash', (_what, name, digest) => {
  expect(serverEndPoint(der(name))).toEqual(createHash(digest).update(der(name)).digest());
});

test.each([
  ['Ed25519, which names no hash', 'ed25519'],
  ['RSA-PSS with two hashes', 'pssTwoHashes'],
] as const)('a certificate signed by %s has no binding', (_what, name) => {
  expect(serverEndPoint(der(name))).toBeUndefined();
});

test('what is no certificate has no binding, wherever it is cut', () => {
  const whole = der('ecdsaSha256');
  for (let length = 0; length < whole.length; length++) {
    expect(serverEndPoint(whole.subarray(0, length))).toBeUndefined();
  }
  expect(serverEndPoint(Buffer.from('-----BEGIN CERTIFICATE-----'))).toBeUndefined();
});
