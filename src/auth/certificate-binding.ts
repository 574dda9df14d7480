// Channel binding tls-server-end-point: the hash of a certificate under its own signature's hash. RFC 5929 §4.1.
// Node has no accessor for the signature algorithm before version 24, so its OID is read from the DER.
import { createHash } from 'node:crypto';
import { children, DerError, oidOf, readNode, type DerNode } from './der.ts';

type Digest = 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sha512-224' | 'sha512-256';

// RFC 5929 §4.1: MD5 and SHA-1 count as SHA-256.
const HASH_OIDS: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  ['1.2.840.113549.2.5', 'sha256'], // MD5
  ['1.3.14.3.2.26', 'sha256'], // SHA-1
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.5', 'sha512-224'],
  ['2.16.840.1.101.3.4.2.6', 'sha512-256'],
]);

const SIGNATURE_OIDS: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  ['1.2.840.113549.1.1.4', 'sha256'], // md5WithRSAEncryption
  ['1.2.840.113549.1.1.5', 'sha256'], // sha1WithRSAEncryption
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.113549.1.1.15', 'sha512-224'],
  ['1.2.840.113549.1.1.16', 'sha512-256'],
  ['1.2.840.10045.4.1', 'sha256'], // ecdsa-with-SHA1
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.10040.4.3', 'sha256'], // dsa-with-sha1
  ['2.16.840.1.101.3.4.3.1', 'sha224'], // dsa-with-sha224
  ['2.16.840.1.101.3.4.3.2', 'sha256'],
]);

const RSASSA_PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';

/**
 * What `tls-server-end-point` binds to.
 * @param certDer the certificate as the handshake shows it
 * @returns undefined where RFC 5929 §4.1 leaves the binding undefined (Ed25519 and Ed448, which name no hash; two
 *   different hashes in RSASSA-PSS), where the algorithm is unknown, or where this is no certificate: the type is then
 *   not offered, rather than computed in a way on which clients differ
 */
export function serverEndPoint(certDer: Buffer): Buffer | undefined {
  const digest = signatureDigest(certDer);
  return digest && createHash(digest).update(certDer).digest();
}

function signatureDigest(certDer: Buffer): Digest | undefined {
  try {
    // RFC 5280 §4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm { OID, parameters }, signature }
    const algorithm = children(readNode(certDer, 0))[1];
    if (!algorithm) return undefined;
    const [oid, parameters] = children(algorithm);
    if (!oid) return undefined;
    const name = oidOf(oid);
    return name === RSASSA_PSS ? pssDigest(parameters) : SIGNATURE_OIDS.get(name);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** RFC 4055 §3.1: both hashes default to SHA-1. */
function pssDigest(parameters: DerNode | undefined): Digest | undefined {
  let hash = SHA1;
  let maskHash = SHA1;
  for (const field of parameters ? children(parameters) : []) {
    const [algorithm] = children(field);
    if (!algorithm) continue;
    const [oid, inner] = children(algorithm);
    if (field.tag === 0xa0 && oid) hash = oidOf(oid);
    // MGF1's own parameter is the hash that it uses.
    const maskOid = field.tag === 0xa1 && inner ? children(inner)[0] : undefined;
    if (maskOid) maskHash = oidOf(maskOid);
  }
  return hash === maskHash ? HASH_OIDS.get(hash) : undefined;
}
