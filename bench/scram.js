// SCRAM-SHA-1 as a client (RFC 5802). PBKDF2 is done once per (salt, iterations): the load is the server's, not ours.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { BenchError } from './errors.js';

/**
 * @param {Buffer} key
 * @param {string | Buffer} data
 */
const hmac = (key, data) => createHmac('sha1', key).update(data).digest();

/** The keys of one password, derived once for each salt the server names. */
export class ScramKeyCache {
  /** @type {Map<string, { clientKey: Buffer, storedKey: Buffer, serverKey: Buffer }>} */
  #keys = new Map();
  #password;

  /** @param {string} password */
  constructor(password) {
    this.#password = password;
  }

  /**
   * @param {string} salt base64, as the server sent it
   * @param {number} iterations
   */
  keys(salt, iterations) {
    const name = `${iterations}:${salt}`;
    const known = this.#keys.get(name);
    if (known) return known;
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), iterations, 20, 'sha1');
    const clientKey = hmac(salted, 'Client Key');
    const made = {
      clientKey,
      storedKey: createHash('sha1').update(clientKey).digest(),
      serverKey: hmac(salted, 'Server Key'),
    };
    this.#keys.set(name, made);
    return made;
  }
}

/** One log-in: `first()`, then `respond()` to the challenge, then `verify()` of what success carries. */
export class ScramLogin {
  #cache;
  #nonce;
  #bare;
  #signature = '';

  /**
   * @param {ScramKeyCache} cache
   * @param {string} user needs no escaping: no `=` and no `,` in it
   * @param {string} [nonce]
   */
  constructor(cache, user, nonce = randomBytes(18).toString('base64')) {
    this.#cache = cache;
    this.#nonce = nonce;
    this.#bare = `n=${user},r=${nonce}`;
  }

  /** client-first-message, without channel binding. */
  first() {
    return `n,,${this.#bare}`;
  }

  /**
   * client-final-message for a server-first-message.
   * @param {string} challenge
   */
  respond(challenge) {
    const parts = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(challenge);
    const [, nonce = '', salt = '', iterations = ''] = parts ?? [];
    if (!nonce.startsWith(this.#nonce)) throw new BenchError(`bad SCRAM challenge: ${challenge}`);
    const { clientKey, storedKey, serverKey } = this.#cache.keys(salt, Number(iterations));
    const withoutProof = `c=biws,r=${nonce}`;
    // RFC 5802 §3: AuthMessage
    const authMessage = `${this.#bare},${challenge},${withoutProof}`;
    const proof = hmac(storedKey, authMessage);
    for (let i = 0; i < proof.length; i++) proof[i] = (proof[i] ?? 0) ^ (clientKey[i] ?? 0);
    this.#signature = `v=${hmac(serverKey, authMessage).toString('base64')}`;
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /**
   * Whether the server proved that it knows the keys.
   * @param {string} final server-final-message
   */
  verify(final) {
    return this.#signature !== '' && final === this.#signature;
  }
}
