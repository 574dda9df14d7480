// The kill trial: a server under load is killed at seeded points and started again on the same data; the books say what
// became of every message. One cell is one way of running the server, with as many kills as asked for.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provision } from '../../bench/provision.js';
import { ScramKeyCache } from '../../bench/scram.js';
import { freePort } from '../../bench/server.js';
import { HABITS, Recipient, Sender } from './actors.js';
import { readArchive } from './archive-reader.js';
import { Books } from './books.js';
import { FaultError } from './errors.js';
import { DOMAIN, ServerUnderTrial } from './server-under-trial.js';

const PASSWORD = 'fault';
/** The server gives up when its processes end more often than this in a minute; then everything is killed instead. */
const RESTARTS_A_MINUTE = 9;
const LAST_BURST = 10;
const BACK_LIMIT_MS = 30_000;
const SETTLE_LIMIT_MS = 60_000;
/** Longer than a session that may have seen a message waits for its client to ask the archive. */
const QUIET_MS = 4500;
/** Marks of proof are written within a second. */
const MARKED_MS = 1500;

/** @typedef {'worker' | 'store' | 'everything'} Victim */

/**
 * @typedef {object} Plan
 * @property {Victim} victim
 * @property {number} after so many messages sent since the last kill
 * @property {number} burst messages that every sender writes at once just before
 * @property {number} delayMs from the burst to the kill
 * @property {boolean} headFirst the supervisor goes before its workers
 */

/**
 * @param {import('./chance.js').Chance} chance
 * @param {number} workers
 * @returns {Plan}
 */
function planned(chance, workers) {
  /** @type {readonly Victim[]} */
  const victims =
    workers === 1 ? ['worker', 'everything'] : ['worker', 'store', 'everything', 'everything'];
  return {
    victim: chance.pick(victims),
    after: chance.between(60, 300),
    burst: chance.happens(0.7) ? chance.between(3, 20) : 0,
    delayMs: chance.next() * chance.pick([2, 6, 20]),
    headFirst: chance.happens(0.5),
  };
}

export class Cell {
  #options;
  #chance;
  #note;
  /** @type {ServerUnderTrial} */
  #server;
  /** @type {Books} */
  #books;
  #door = { open: true };
  /** @type {Sender[]} */
  #senders = [];
  /** @type {Recipient[]} */
  #recipients = [];
  #keys = new ScramKeyCache(PASSWORD);
  /** When workers and store were killed since the supervisor began. @type {number[]} */
  #restarts = [];

  /**
   * @param {{ workers: number, archive: boolean, kills: number, keep: boolean }} options
   * @param {import('./chance.js').Chance} chance
   * @param {(line: object) => void} note takes one line of the record
   */
  constructor(options, chance, note) {
    this.#options = options;
    this.#chance = chance;
    this.#note = note;
  }

  /** @returns {Promise<Record<string, any>>} the totals */
  async run() {
    const { workers, archive, kills, keep } = this.#options;
    const directory = await mkdtemp(join(tmpdir(), 'xmppd-fault-'));
    this.#server = new ServerUnderTrial({ directory, port: await freePort(), workers, archive });
    this.#books = new Books(`k${Math.floor(Date.now() / 1000).toString(36)}-`, archive);
    let failed = true;
    try {
      await this.#server.prepare();
      const { configFile } = this.#server;
      const users = 2 * HABITS.length;
      await provision({ configFile, domain: DOMAIN, users, password: PASSWORD });
      await this.#server.start();
      this.#cast();
      const sums = { unacknowledged: 0, held: 0, unproven: 0 };
      for (let kill = 1; kill < kills; kill++) {
        const plan = planned(this.#chance, workers);
        // The last one under load leaves most clients connected: what it interrupted must reach them all the same.
        if (kill === kills - 1) Object.assign(plan, { victim: 'worker', burst: LAST_BURST });
        const line = await this.#kill(kill, plan);
        for (const key of /** @type {const} */ (['unacknowledged', 'held', 'unproven'])) {
          sums[key] += line[key];
        }
      }
      const totals = await this.#reckon();
      failed = totals.failed;
      return { workers, archive, kills, ...sums, ...totals, ...(failed ? { directory } : {}) };
    } finally {
      for (const actor of [...this.#senders, ...this.#recipients]) actor.end();
      this.#server.killAll(['supervisor', 'worker', 'store']);
      if (!keep && !failed) await rm(directory, { recursive: true, force: true });
      else this.#note({ kept: directory });
    }
  }

  #access() {
    return { port: this.#server.port, domain: DOMAIN, keys: this.#keys };
  }

  #cast() {
    const stage = {
      books: this.#books,
      chance: this.#chance.branch(1),
      server: this.#access(),
      door: this.#door,
      note: this.#note,
    };
    for (const [lane, habit] of HABITS.entries()) {
      const recipient = new Recipient(stage, lane, habit);
      this.#recipients.push(recipient);
      this.#senders.push(new Sender(stage, lane, recipient.bare, habit));
    }
    for (const recipient of this.#recipients) recipient.start();
    for (const sender of this.#senders) sender.start();
  }

  /** @param {number} kill @param {Plan} plan */
  async #kill(kill, plan) {
    const target = this.#books.entries.length + plan.after;
    await this.#until(BACK_LIMIT_MS, () => this.#books.entries.length >= target, 'no load');
    const victim = this.#allowed(plan.victim);
    if (plan.burst > 0) for (const sender of this.#senders) sender.burst(plan.burst);
    const at = performance.now() + plan.delayMs;
    while (performance.now() < at) await new Promise((resolve) => setImmediate(resolve));

    const atMs = this.#books.now;
    const open = this.#books.open();
    const unproven = this.#recipients.reduce((sum, { unproven: list }) => sum + list.length, 0);
    await this.#strike(victim, plan);
    const stored = new Set(this.#server.stored().map((each) => this.#books.entryOf(each)));
    const held = open.filter((entry) => entry.arrivals.length > 0 || stored.has(entry));
    const backMs = await this.#comeBack();
    const unacknowledged = open.length;
    const line = {
      kill,
      ...plan,
      victim,
      atMs,
      unacknowledged,
      held: held.length,
      unproven,
      backMs,
    };
    this.#note({ workers: this.#options.workers, archive: this.#options.archive, ...line });
    return line;
  }

  /** @param {Victim} victim @returns {Victim} */
  #allowed(victim) {
    const since = performance.now() - 60_000;
    this.#restarts = this.#restarts.filter((at) => at > since);
    if (victim !== 'everything' && this.#restarts.length < RESTARTS_A_MINUTE) {
      this.#restarts.push(performance.now());
      return victim;
    }
    this.#restarts = [];
    return 'everything';
  }

  /** @param {Victim} victim @param {Plan} plan */
  async #strike(victim, plan) {
    const server = this.#server;
    const processes = server.processes();
    this.#door.open = false;
    if (victim !== 'store') this.#books.kills.push(this.#books.now);
    if (victim === 'everything') {
      server.killAll(
        plan.headFirst ? ['supervisor', 'worker', 'store'] : ['worker', 'store', 'supervisor'],
      );
      await server.gone(processes.map(({ pid }) => pid));
      await server.start();
      return;
    }
    const candidates = processes.filter(({ role }) => role === victim);
    const { pid } = this.#chance.branch(Math.round(plan.delayMs * 1e6)).pick(candidates);
    server.kill(pid);
    await server.gone([pid]);
    await this.#until(BACK_LIMIT_MS, () => this.#complete(pid), `no new ${victim}`);
    // What the dead worker had handed to the store reaches the disk meanwhile.
    await sleep(60);
  }

  /** Every process runs, and the killed one is not among them. @param {number} killed */
  #complete(killed) {
    if (!this.#server.alive) throw new FaultError('the supervisor gave up');
    const processes = this.#server.processes();
    const workers = processes.filter(({ role }) => role === 'worker').length;
    const store = processes.some(({ role }) => role === 'store');
    return (
      !processes.some(({ pid }) => pid === killed) &&
      workers === this.#options.workers &&
      store === this.#options.workers > 1
    );
  }

  /** All who want to be connected are. @returns {Promise<number>} milliseconds that it took */
  async #comeBack() {
    const from = performance.now();
    this.#door.open = true;
    const actors = [...this.#senders, ...this.#recipients];
    for (const actor of actors) actor.connect();
    const back = () => actors.every(({ wanted, peer }) => !wanted || peer.phase === 'up');
    await this.#until(BACK_LIMIT_MS, back, 'clients do not come back');
    return Math.round(performance.now() - from);
  }

  /** The end: all is acknowledged, everything is killed once more at rest, and everybody looks what is there. */
  async #reckon() {
    const books = this.#books;
    for (const sender of this.#senders) sender.finish();
    const settled = await this.#within(SETTLE_LIMIT_MS, () => books.open().length === 0);
    for (const recipient of this.#recipients) recipient.steady();
    await this.#quiet();
    // Nobody needs to come back for what was acknowledged while he was there.
    const stranded = books.undelivered();
    await this.#strike('everything', {
      headFirst: true,
      victim: 'everything',
      after: 0,
      burst: 0,
      delayMs: 0,
    });
    await this.#comeBack();
    await this.#quiet();
    // The archive is asked last: what it shows counts as received.
    const recipients = await this.#archives(this.#recipients);
    const senders = await this.#archives(this.#senders);
    await sleep(MARKED_MS);
    const before = this.#arrivals();
    for (const { peer } of this.#recipients) peer.leave();
    await this.#comeBack();
    await this.#quiet();
    return this.#totals(settled, recipients, senders, this.#arrivals() - before, stranded);
  }

  /**
   * @param {boolean} settled
   * @param {Map<string, Map<number, number>>} recipients
   * @param {Map<string, Map<number, number>>} senders
   * @param {number} afterProof
   * @param {import('./books.js').Entry[]} stranded
   */
  #totals(settled, recipients, senders, afterProof, stranded) {
    const { archive } = this.#options;
    const books = this.#books;
    const kept = books.entries.filter((entry) => entry.acknowledgedAt >= 0 && !entry.refused);
    const lost = books.lost(recipients);
    const onlyInArchive = kept.filter(({ arrivals }) => arrivals.length === 0).length - lost.length;
    const missing = !archive
      ? []
      : kept.filter(
          ({ number, sender, recipient }) =>
            !recipients.get(recipient)?.has(number) || !senders.get(sender)?.has(number),
        );
    /** @param {Map<string, Map<number, number>>} archives */
    const twice = (archives) =>
      books.entries.filter(({ number, sends }) => {
        const most = 1 + sends.filter(({ how }) => how === 'fresh').length;
        return [...archives.values()].some((found) => (found.get(number) ?? 0) > most);
      });
    const archivedTwice = [...twice(recipients), ...twice(senders)];
    const { entries, acknowledged, delivered, refused, reordered, doubled, unexplained } = books;
    const unacknowledgedAtEnd = books.open().length;
    const failures = { lost, missing, archivedTwice, unexplained, stranded };
    const wrong = Object.entries(failures).filter(([, list]) => list.length > 0);
    for (const [what, list] of wrong)
      this.#note({ what, count: list.length, first: list.slice(0, 5) });
    if (reordered.length > 0) this.#note({ what: 'reordered', first: reordered.slice(0, 8) });
    return {
      sent: entries.length,
      acknowledged,
      delivered,
      refused,
      lost: lost.length,
      missing: missing.length,
      onlyInArchive,
      stranded: stranded.length,
      archivedTwice: archivedTwice.length,
      doubled,
      reordered: reordered.length,
      afterProof,
      unacknowledgedAtEnd,
      failed: wrong.length > 0 || !settled || afterProof > 0,
    };
  }

  #arrivals() {
    return this.#books.entries.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
  }

  /** Nothing has come for a while. */
  async #quiet() {
    let seen = -1;
    let since = performance.now();
    await this.#until(
      SETTLE_LIMIT_MS,
      () => {
        const now = this.#arrivals();
        if (now !== seen) since = performance.now();
        seen = now;
        return performance.now() - since > QUIET_MS;
      },
      'messages keep coming',
    );
  }

  /** @param {readonly (Sender | Recipient)[]} actors */
  async #archives(actors) {
    /** @type {Map<string, Map<number, number>>} */
    const archives = new Map();
    if (!this.#options.archive) return archives;
    for (const { peer, bare } of actors) {
      archives.set(bare, await readArchive(this.#access(), peer.user, this.#books));
    }
    return archives;
  }

  /** @param {number} limitMs @param {() => boolean} isTrue */
  async #within(limitMs, isTrue) {
    const deadline = performance.now() + limitMs;
    while (!isTrue()) {
      if (performance.now() > deadline) return false;
      await sleep(10);
    }
    return true;
  }

  /** @param {number} limitMs @param {() => boolean} isTrue @param {string} otherwise */
  async #until(limitMs, isTrue, otherwise) {
    if (await this.#within(limitMs, isTrue)) return;
    const phases = [...this.#senders, ...this.#recipients]
      .filter(({ wanted, peer }) => wanted && peer.phase !== 'up')
      .map(({ bare, peer }) => `${bare} ${peer.phase}`);
    throw new FaultError(
      `${otherwise} after ${limitMs} ms; ${phases.join(', ')}\n${await this.#server.lastWords()}`,
    );
  }
}
