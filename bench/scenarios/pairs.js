// Users 2i write to users 2i+1, to the bare JID: the load under chat, acknowledged chat and everything with an archive.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../fleet.js';
import { BenchError } from '../errors.js';
import { chatMessage, Durations, Ledger } from '../ledger.js';
import { Meter } from '../meter.js';

const DRAIN_MS = 15_000;
/** After the last expected message, time for one that comes twice. */
const LATE_MS = 300;

/**
 * @typedef {object} PairsSpec
 * @property {number} users
 * @property {number} [firstUser]
 * @property {boolean} [tls]
 * @property {boolean} [ack] an operation is done when `<a h>` covers it (XEP-0198), instead of when it is delivered
 * @property {number} [window] closed loop: messages outstanding in each pair
 * @property {number} [rate] open loop: messages per second, of all pairs together
 */

export class Pairs {
  ledger;
  meter;
  /** How late the generator's own timer was when it sent on a schedule. */
  lateness = new Durations();
  acknowledged = 0;
  #fleet;
  #spec;
  /** @type {import('../client.js').Client[]} */
  #clients = [];
  /** What each pair may still send in the closed loop. */
  #quota = 0;
  /** @type {Int32Array} */
  #sentInPair;
  #now = 0;

  /**
   * @param {import('./types.js').Target} target
   * @param {PairsSpec} spec
   */
  constructor(target, spec) {
    const { port, domain, password } = target;
    this.#spec = spec;
    this.ledger = new Ledger(spec.users / 2);
    this.meter = new Meter(target.pid);
    this.#sentInPair = new Int32Array(spec.users / 2);
    this.#fleet = new Fleet({
      port,
      domain,
      password,
      tls: spec.tls ?? false,
      sm: spec.ack ?? false,
    });
    this.#fleet.on = {
      message: (client, text, start, head, end) =>
        this.#onMessage(client.slot, text, start, head, end),
      acknowledged: (client, number) => this.#onAcknowledged(client.slot >> 1, number),
    };
    this.domain = domain;
  }

  async connect() {
    this.#clients = await this.#fleet.connect(this.#spec.firstUser ?? 0, this.#spec.users);
    this.#clients.forEach((client, slot) => {
      client.slot = slot;
      client.state = `u${client.user}@${this.domain}`;
    });
    await sleep(500);
  }

  /**
   * Loads the server for `warmup` + `seconds` and returns what the second part measured.
   * @param {number} seconds
   * @param {number} warmup
   */
  async run(seconds, warmup) {
    const stop = this.#spec.rate ? this.#pace(this.#spec.rate) : this.#fillWindows(Infinity);
    await sleep(warmup * 1000);
    this.lateness.clear();
    this.meter.begin();
    await sleep(seconds * 1000);
    const measured = this.meter.end();
    stop();
    await this.#drain();
    return measured;
  }

  /**
   * Every pair sends so many messages, as fast as the server takes them.
   * @param {number} perPair
   */
  async send(perPair) {
    this.#fillWindows(perPair);
    const deadline = performance.now() + 600_000;
    while (this.ledger.sent < (perPair * this.#spec.users) / 2) {
      this.#check();
      if (performance.now() > deadline) throw new BenchError('filling the archive stalled');
      await sleep(20);
    }
    await this.#drain();
  }

  async end() {
    const { stanzaErrors } = this.#fleet;
    this.#check();
    await this.#fleet.end();
    return { stanzaErrors };
  }

  #check() {
    if (this.#fleet.failed > 0) {
      throw new BenchError(`connections were lost: ${this.#fleet.reasons.join('; ')}`);
    }
  }

  /**
   * Closed loop: each message that is done is followed by the next.
   * @param {number} perPair
   */
  #fillWindows(perPair) {
    this.#quota = perPair;
    this.#now = performance.now();
    for (let pair = 0; pair < this.#spec.users / 2; pair++) {
      for (let i = 0; i < (this.#spec.window ?? 1); i++) this.#sendNext(pair);
    }
    return () => {
      this.#quota = 0;
    };
  }

  /**
   * Open loop: a message is due every 1/rate seconds, whatever the server does.
   * @param {number} rate
   */
  #pace(rate) {
    const gapMs = 1000 / rate;
    const pairs = this.#spec.users / 2;
    let due = performance.now();
    let next = 0;
    const timer = setInterval(() => {
      this.#now = performance.now();
      for (; due <= this.#now; due += gapMs) {
        this.lateness.add(this.#now - due);
        this.#sendOne(next++ % pairs);
      }
    }, 1);
    return () => clearInterval(timer);
  }

  /** @param {number} pair */
  #sendNext(pair) {
    const sent = this.#sentInPair[pair] ?? 0;
    if (sent >= this.#quota) return;
    this.#sentInPair[pair] = sent + 1;
    this.#sendOne(pair);
  }

  /** @param {number} pair */
  #sendOne(pair) {
    const sender = this.#clients[2 * pair];
    const receiver = this.#clients[2 * pair + 1];
    if (!sender || !receiver) return;
    const number = this.ledger.send(pair, receiver.slot, this.#now);
    const message = chatMessage(receiver.state, this.ledger.prefix + number);
    if (this.#spec.ack) sender.sendCounted(`${message}<r xmlns='urn:xmpp:sm:3'/>`, number);
    else sender.send(message);
  }

  /**
   * @param {number} slot
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #onMessage(slot, text, start, head, end) {
    const number = this.ledger.numberOf(text, start, head);
    if (number < 0 || !this.ledger.arrive(number, slot, text, head, end)) return;
    if (!this.#spec.ack) this.#done(slot >> 1, number);
  }

  /**
   * @param {number} pair
   * @param {number} number
   */
  #onAcknowledged(pair, number) {
    this.acknowledged++;
    this.#done(pair, number);
  }

  /**
   * @param {number} pair
   * @param {number} number
   */
  #done(pair, number) {
    this.#now = performance.now();
    this.meter.done(this.#now - this.ledger.sentAt(number));
    if (this.#quota > 0) this.#sendNext(pair);
  }

  async #drain() {
    const deadline = performance.now() + DRAIN_MS;
    const owed = () =>
      this.ledger.lost > 0 || (this.#spec.ack && this.acknowledged < this.ledger.sent);
    while (owed() && performance.now() < deadline) await sleep(10);
    await sleep(LATE_MS);
  }
}
