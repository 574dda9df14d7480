// Who writes and who reads during a trial, and with which habits.
import { Peer } from './peer.js';

/**
 * What a recipient does with what comes:
 * `prompt` confirms at once; `late` after up to three seconds; `resuming` loses its connection now and then, and so does
 * its sender; `offline` is away most of the time; `plain` has no stream management.
 * @typedef {'prompt' | 'late' | 'resuming' | 'offline' | 'plain'} Habit
 */

/** @type {readonly Habit[]} */
export const HABITS = [
  ...['prompt', 'prompt', 'prompt', 'late', 'late'],
  ...['resuming', 'resuming', 'offline', 'offline', 'plain'],
];

/** Messages that a sender leaves unacknowledged before it waits. */
const WINDOW = 60;
/** How often a client that lost its connection has lost its session's token too. */
const FORGETS = 0.2;

/**
 * @typedef {object} Stage what all actors share
 * @property {import('./books.js').Books} books
 * @property {import('./chance.js').Chance} chance
 * @property {{ port: number, domain: string, keys: import('../../bench/scram.js').ScramKeyCache }} server
 * @property {{ open: boolean }} door closed: nobody connects
 * @property {(line: object) => void} note
 */

/** Keeps one client connected as long as it is wanted. */
class Actor {
  /** @type {Peer} */
  peer;
  lane;
  stage;
  chance;
  wanted = true;
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  #over = false;

  /**
   * @param {Stage} stage
   * @param {number} lane
   * @param {number} user
   * @param {import('./peer.js').PeerEvents} events
   * @param {{ management?: boolean }} [options]
   */
  constructor(stage, lane, user, events, options = {}) {
    this.stage = stage;
    this.lane = lane;
    this.chance = stage.chance.branch(user);
    this.peer = new Peer(
      { ...stage.server, user: `u${user}`, resource: 'phone', ...options },
      { ...events, down: (_peer, reason) => this.#down(reason) },
    );
  }

  get bare() {
    return `${this.peer.user}@${this.stage.server.domain}`;
  }

  /** @param {number} ms @param {() => void} run */
  after(ms, run) {
    if (this.#over) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  connect() {
    if (this.#over || !this.wanted || !this.stage.door.open || this.peer.phase !== 'down') return;
    this.peer.connect();
  }

  /** No more of it. */
  end() {
    this.#over = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.wanted = false;
    this.peer.leave();
  }

  /** @param {string} reason */
  #down(reason) {
    if (!/closed|dropped/.test(reason)) this.stage.note({ down: this.bare, reason });
    if (this.chance.happens(FORGETS)) this.peer.forget();
    this.after(this.chance.between(10, 150), () => this.connect());
  }
}

export class Sender extends Actor {
  #recipient;
  #habit;
  #writes = false;
  /** @type {import('./peer.js').Arrival} */
  #how = 'fresh';

  /**
   * @param {Stage} stage
   * @param {number} lane
   * @param {string} recipient bare JID
   * @param {Habit} habit of the recipient
   */
  constructor(stage, lane, recipient, habit) {
    super(stage, lane, 2 * lane, {
      up: (_peer, how) => (this.#how = how),
      message: (peer, stanza) => stage.books.arrive(this.bare, stanza, peer.sessions),
      acknowledged: (_peer, tag) => stage.books.acknowledge(tag),
      repeated: (_peer, tag) => stage.books.repeat(tag, this.#how),
    });
    this.#recipient = recipient;
    this.#habit = habit;
  }

  start() {
    this.connect();
    this.#writes = true;
    this.#tick();
    if (this.#habit === 'resuming') this.#interrupt();
  }

  /** Writes nothing more, and asks until all is acknowledged. */
  finish() {
    this.#writes = false;
  }

  /** @param {number} count */
  burst(count) {
    if (this.peer.phase !== 'up') return;
    for (let i = 0; i < count; i++) {
      const { number, xml } = this.stage.books.send(this.lane, this.bare, this.#recipient);
      this.peer.send(number, xml);
    }
    this.peer.requestAcknowledgement();
  }

  #tick() {
    if (this.#writes && this.peer.unacknowledged < WINDOW) this.burst(this.chance.between(1, 6));
    else if (this.peer.phase === 'up') this.peer.requestAcknowledgement();
    this.after(this.chance.between(60, 300), () => this.#tick());
  }

  #interrupt() {
    this.after(this.chance.between(1500, 5000), () => {
      if (this.#writes && this.peer.phase === 'up') this.peer.drop();
      this.#interrupt();
    });
  }
}

export class Recipient extends Actor {
  habit;
  /** Received and not confirmed. @type {import('./books.js').Entry[]} */
  unproven = [];
  #confirming = false;
  #steady = false;

  /**
   * @param {Stage} stage
   * @param {number} lane
   * @param {Habit} habit
   */
  constructor(stage, lane, habit) {
    super(
      stage,
      lane,
      2 * lane + 1,
      {
        up: (_peer, how) => {
          // What it did not confirm in the session before is not its to confirm any more.
          if (how !== 'resumed') this.unproven = [];
        },
        message: (peer, stanza) => this.#message(peer, stanza),
        request: (peer) => this.#requested(peer),
        proof: () => this.#proof(),
      },
      { management: habit !== 'plain' },
    );
    this.habit = habit;
  }

  start() {
    this.wanted = this.habit !== 'offline';
    this.connect();
    if (this.habit === 'offline') this.#comeAndGo();
    if (this.habit === 'resuming') this.#interrupt();
  }

  /** The end of the trial: stays, confirms at once. */
  steady() {
    this.#steady = true;
    this.wanted = true;
    this.connect();
  }

  /** @param {Peer} peer @param {string} stanza */
  #message(peer, stanza) {
    const entry = this.stage.books.arrive(this.bare, stanza, peer.sessions);
    if (entry !== undefined) this.unproven.push(entry);
  }

  /** @param {Peer} peer */
  #requested(peer) {
    if (this.#steady || this.habit === 'prompt' || this.habit === 'offline') {
      peer.confirm();
    } else if (!this.#confirming) {
      this.#confirming = true;
      const longest = this.habit === 'late' ? 3000 : 500;
      this.after(this.chance.between(0, longest), () => {
        this.#confirming = false;
        peer.confirm();
      });
    }
  }

  #proof() {
    for (const entry of this.unproven) {
      const last = entry.arrivals.at(-1);
      if (last !== undefined) last.proof = this.stage.books.now;
    }
    this.unproven = [];
  }

  #comeAndGo() {
    this.after(this.chance.between(2500, 7000), () => {
      if (this.#steady) return;
      this.wanted = true;
      this.connect();
      this.after(this.chance.between(1500, 4000), () => {
        if (this.#steady) return;
        this.wanted = false;
        if (this.chance.happens(0.5)) this.peer.leave();
        else this.peer.drop();
        this.#comeAndGo();
      });
    });
  }

  #interrupt() {
    this.after(this.chance.between(1000, 4000), () => {
      if (!this.#steady && this.peer.phase === 'up') this.peer.drop();
      this.#interrupt();
    });
  }
}
