// Tokens as they lie on the disk. HT needs the token itself and no hash of it, so they are sealed: who has the rows and not
// the server's secret has nothing. XEP-0484 (v0.2.0) §4.
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { Random } from '../util/clock.ts';

/** One token of a device. */
export interface Token {
  /** What the client has. */
  readonly secret: string;
  /** Place of its mechanism among TOKEN_MECHANISMS; it is good for no other (XEP-0484 §3.4). */
  readonly mechanism: number;
  readonly issuedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The highest `count` that a log-in with it had (XEP-0484 §3.4); -1: none had one. */
  readonly count: number;
}

// version (1), mechanism (1), issuedAt, expiresAt, count (8 each, big-endian doubles), the secret's text.
const VERSION = 1;
const HEAD_BYTES = 26;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SECRET_BYTES = 32;

export class SealedTokens {
  private readonly key: KeyObject;
  private readonly random: Random;

  /** @param secret the server's own, of 32 bytes and more */
  constructor(secret: Buffer, random: Random) {
    const key = hkdfSync('sha256', secret, Buffer.alloc(0), 'xmppd device tokens', KEY_BYTES);
    this.key = createSecretKey(Buffer.from(key));
    this.random = random;
  }

  /** A new secret: 256 bits, so that nobody guesses one and nothing needs to slow those who try. */
  newSecret(): string {
    return this.random.bytes(SECRET_BYTES).toString('base64url');
  }

  /** @param whose account and device: opens in no other row */
  seal(token: Token, whose: string): Buffer {
    const secret = Buffer.from(token.secret, 'latin1');
    const plain = Buffer.alloc(HEAD_BYTES + secret.length);
    plain.writeUInt8(VERSION, 0);
    plain.writeUInt8(token.mechanism, 1);
    plain.writeDoubleBE(token.issuedAt, 2);
    plain.writeDoubleBE(token.expiresAt, 10);
    plain.writeDoubleBE(token.count, 18);
    secret.copy(plain, HEAD_BYTES);
    const nonce = this.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(whose, 'utf8'));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @returns undefined: damaged, of another server or row, or written by a newer program; its device logs in by password */
  open(sealed: Buffer, whose: string): Token | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES + HEAD_BYTES) return undefined;
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(whose, 'utf8'));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    let plain: Buffer;
    try {
      plain = Buffer.concat([
        decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
    } catch {
      return undefined;
    }
    if (plain[0] !== VERSION) return undefined;
    return {
      mechanism: plain.readUInt8(1),
      issuedAt: plain.readDoubleBE(2),
      expiresAt: plain.readDoubleBE(10),
      count: plain.readDoubleBE(18),
      secret: plain.toString('latin1', HEAD_BYTES),
    };
  }
}
