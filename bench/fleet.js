// All clients of a scenario: what they have in common, how they log in together, and one flush per turn of the event loop.
import { createSecureContext } from 'node:tls';
import { Client } from './client.js';
import { BenchError } from './errors.js';
import { ScramKeyCache } from './scram.js';

const STALL_MS = 30_000;

/**
 * @typedef {'SCRAM-SHA-1' | 'PLAIN'} Mechanism
 *
 * @typedef {object} FleetOptions
 * @property {number} port
 * @property {string} domain
 * @property {string} password
 * @property {boolean} [tls] STARTTLS before log-in
 * @property {Mechanism} [mechanism]
 * @property {boolean} [sm] enable XEP-0198 after log-in; a client is ready when the server said `enabled`
 *
 * @typedef {object} FleetHandlers what a scenario wants to see; text as in `FrameSink.onElement`
 * @property {(client: Client) => void} [ready] logged in: roster received, own presence seen
 * @property {(client: Client, text: string, start: number, head: number, end: number) => void} [message]
 * @property {(client: Client, text: string, start: number, head: number, end: number) => void} [iq] results and errors
 * @property {(client: Client, tag: number) => void} [acknowledged] a stanza sent by `sendCounted` is covered by `<a h>`
 * @property {(client: Client) => void} [closed]
 */

export class Fleet {
  /** @type {FleetHandlers} */
  on = {};
  options;
  ready = 0;
  failed = 0;
  /** Stanzas of type error that were received. */
  stanzaErrors = 0;
  /** The first reasons of failures, for the report. @type {string[]} */
  reasons = [];
  scramKeys;
  secureContext;
  readBuffer = Buffer.allocUnsafeSlow(1 << 16);
  /** @type {Client[]} */
  #dirty = [];
  #flushing = false;
  /** @type {Set<Client>} */
  #clients = new Set();
  #flush = () => {
    this.#flushing = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const client of dirty) client.flush();
  };

  /** @param {FleetOptions} options */
  constructor(options) {
    this.options = options;
    this.scramKeys = new ScramKeyCache(options.password);
    this.secureContext = options.tls ? createSecureContext() : undefined;
  }

  /**
   * Begins one log-in.
   * @param {number} user
   */
  start(user) {
    const client = new Client(this, user);
    this.#clients.add(client);
    return client;
  }

  /**
   * Logs users in, at most `concurrency` at a time, and resolves when all are ready.
   * @param {number} first
   * @param {number} count
   * @param {number} [concurrency]
   * @returns {Promise<Client[]>}
   */
  async connect(first, count, concurrency = 20) {
    /** @type {Client[]} */
    const clients = [];
    const already = this.ready;
    let progress = already;
    let since = performance.now();
    while (this.ready - already < count) {
      while (clients.length < count && clients.length - (this.ready - already) < concurrency) {
        clients.push(this.start(first + clients.length));
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
      this.#refuseFailures();
      if (this.ready !== progress) {
        progress = this.ready;
        since = performance.now();
      } else if (performance.now() - since > STALL_MS) {
        throw new BenchError(`log-ins stalled: ${progress - already} of ${count} are ready`);
      }
    }
    return clients;
  }

  /** Closes every stream and resolves when the server has closed them too, or 10 s later. */
  async end() {
    for (const client of this.#clients) client.end();
    const deadline = performance.now() + 10_000;
    while (this.#clients.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.destroy();
  }

  /** Drops every connection at once. */
  destroy() {
    for (const client of this.#clients) client.destroy();
    this.#clients.clear();
  }

  /** @param {Client} client */
  markDirty(client) {
    this.#dirty.push(client);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }

  /** @param {Client} client */
  forget(client) {
    this.#clients.delete(client);
  }

  #refuseFailures() {
    if (this.failed > 0) {
      throw new BenchError(`${this.failed} connections failed: ${this.reasons.join('; ')}`);
    }
  }
}
