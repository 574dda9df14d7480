// The arithmetic of a SCRAM server: RFC 5802 §3. Synchronous; the slow part, PBKDF2, is the client's.
import {
  createHash,
  createHmac,
  createSecretKey,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { SALT_BYTES, type ScramKeys } from './credentials.ts';
import { scramHash, type ScramHash } from './scram-hash.ts';

// PERF(docs/performance.md): an HMAC under a raw key costs 9 µs on Node 24, under a KeyObject, even a new one, 2.7.

/**
 * Whether a client proof shows the password behind `keys`; in constant time.
 * @param proof as long as the hash
 * @param authMessage client-first-bare, server-first and client-final-without-proof, joined by commas
 */
export function proofHolds(
  keys: ScramKeys,
  hash: ScramHash,
  authMessage: string,
  proof: Buffer,
): boolean {
  const { digest } = scramHash(hash);
  // ClientSignature := HMAC(StoredKey, AuthMessage); ClientKey := ClientProof XOR ClientSignature
  const clientKey = createHmac(digest, createSecretKey(keys.storedKey))
    .update(authMessage)
    .digest();
  for (let i = 0; i < clientKey.length; i++) clientKey[i] = (clientKey[i] ?? 0) ^ (proof[i] ?? 0);
  return timingSafeEqual(createHash(digest).update(clientKey).digest(), keys.storedKey);
}

/** `v=`: the server's own proof that it has the keys, which the client checks. */
export function serverFinal(keys: ScramKeys, hash: ScramHash, authMessage: string): Buffer {
  const { digest } = scramHash(hash);
  const key = createSecretKey(keys.serverKey);
  return Buffer.from(`v=${createHmac(digest, key).update(authMessage).digest('base64')}`, 'latin1');
}

/** Keys for accounts that do not exist: the same name always gets the same salt, as a real account does. */
export class FeignedKeys {
  private readonly secret: KeyObject;
  private readonly iterations: number;

  /** @param secret kept for ever: salts that change at a restart tell the feigned from the real */
  constructor(secret: Buffer, iterations: number) {
    this.secret = createSecretKey(secret);
    this.iterations = iterations;
  }

  /** Only salt and iterations are ever shown. Nothing is granted on the other two, whatever the proof. */
  of(local: string, domain: string, hash: ScramHash): ScramKeys {
    // NUL is in no prepared name, so no two triples read alike.
    const bytes = createHmac('sha512', this.secret).update(`${hash}\0${domain}\0${local}`).digest();
    const key = bytes.subarray(0, scramHash(hash).bytes);
    return {
      salt: bytes.subarray(-SALT_BYTES),
      iterations: this.iterations,
      storedKey: key,
      serverKey: key,
    };
  }
}
