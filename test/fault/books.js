// The books of a trial: what became of every message, seen from the clients, and why one came twice.
import { attribute, contains } from '../../bench/framer.js';

const TEXT = 'Shall we meet at the station around half past six and then walk over together';

/**
 * One message's story. Times are milliseconds since the trial began.
 * @typedef {object} Entry
 * @property {number} number
 * @property {number} lane one sender to one recipient
 * @property {string} sender
 * @property {string} recipient
 * @property {{ at: number, how: import('./peer.js').Arrival | 'first' }[]} sends
 * @property {number} acknowledgedAt -1: never
 * @property {boolean} refused an error came back
 * @property {{ at: number, stanzaId: string, delayed: boolean, proof: number, session: number }[]} arrivals
 */

/** Marks of proof are written once a second; on a machine that is busy that may take longer. */
const UNMARKED_MS = 2000;

/** What a dead process had sent is still read for this long, and answered to nobody. */
const STALE_MS = 200;

/** Why a message may come twice; `unexplained` is a failure. */
export const REASONS = {
  unproven: 'its client had not confirmed it when a process died',
  unmarked: 'its client had confirmed it so shortly before that the proof was not on disk',
  resent: 'its sender logged in afresh and sent it again, as a new message',
  proven: 'sent again after it had been proven and, without an archive, forgotten',
  unexplained: 'nothing that is promised allows it',
};

export class Books {
  /** @type {Entry[]} */
  entries = [];
  acknowledged = 0;
  delivered = 0;
  refused = 0;
  /** First delivered behind a later message of their lane. @type {Entry[]} */
  reordered = [];
  /** @type {Record<keyof typeof REASONS, number>} */
  doubled = { unproven: 0, unmarked: 0, resent: 0, proven: 0, unexplained: 0 };
  /** @type {Entry[]} */
  unexplained = [];
  /** When a worker was killed, alone or with everything. @type {number[]} */
  kills = [];
  #prefix;
  #archive;
  #startedAt = performance.now();
  /** @type {Map<number, number>} */
  #lastOfLane = new Map();

  /**
   * @param {string} prefix of every id of this trial
   * @param {boolean} archive whether the server archives
   */
  constructor(prefix, archive) {
    this.#prefix = prefix;
    this.#archive = archive;
  }

  get now() {
    return Math.round(performance.now() - this.#startedAt);
  }

  /**
   * Enters a message that is being sent.
   * @param {number} lane
   * @param {string} sender bare JID
   * @param {string} recipient bare JID
   * @returns {{ number: number, xml: string }}
   */
  send(lane, sender, recipient) {
    const number = this.entries.length;
    this.entries.push({
      number,
      lane,
      sender,
      recipient,
      sends: [{ at: this.now, how: 'first' }],
      acknowledgedAt: -1,
      refused: false,
      arrivals: [],
    });
    const id = this.idOf(number);
    const xml =
      `<message to='${recipient}' type='chat' id='${id}'><body>${TEXT} ${id}</body>` +
      `<active xmlns='http://jabber.org/protocol/chatstates'/></message>`;
    return { number, xml };
  }

  /** @param {number} number @param {import('./peer.js').Arrival} how */
  repeat(number, how) {
    this.#entry(number).sends.push({ at: this.now, how });
  }

  /** @param {number} number */
  acknowledge(number) {
    const entry = this.#entry(number);
    if (entry.acknowledgedAt >= 0) return;
    entry.acknowledgedAt = this.now;
    this.acknowledged++;
  }

  /**
   * A message stanza that a client received.
   * @param {string} bare of the client
   * @param {string} stanza
   * @param {number} session counts the client's sessions
   * @returns {Entry | undefined} the entry of a delivery; undefined for errors and what is not ours
   */
  arrive(bare, stanza, session) {
    const entry = this.entryOf(stanza);
    if (entry === undefined) return undefined;
    const head = stanza.indexOf('>') + 1;
    if (attribute(stanza, 0, head, 'type') === 'error') {
      if (!entry.refused) this.refused++;
      entry.refused = true;
      return undefined;
    }
    if (entry.recipient !== bare) return undefined;
    const stanzaId = / by='[^']*' id='(\d+)'/.exec(stanza)?.[1] ?? '';
    const delayed = contains(stanza, 0, stanza.length, 'urn:xmpp:delay');
    entry.arrivals.push({ at: this.now, stanzaId, delayed, proof: -1, session });
    if (entry.arrivals.length === 1) {
      this.delivered++;
      if ((this.#lastOfLane.get(entry.lane) ?? -1) > entry.number) this.reordered.push(entry);
      else this.#lastOfLane.set(entry.lane, entry.number);
    } else {
      const reason = this.#whyAgain(entry);
      this.doubled[reason]++;
      if (reason === 'unexplained') this.unexplained.push(entry);
    }
    return entry;
  }

  /** The numbers sent and neither acknowledged nor refused. */
  open() {
    return this.entries.filter((entry) => entry.acknowledgedAt < 0 && !entry.refused);
  }

  /** Acknowledged and not seen by its recipient. */
  undelivered() {
    return this.entries.filter(
      ({ acknowledgedAt, refused, arrivals }) =>
        acknowledgedAt >= 0 && !refused && arrivals.length === 0,
    );
  }

  /**
   * Acknowledged, and neither a client nor its archive has it.
   * @param {Map<string, Map<number, number>>} archives bare JID -> number -> how often
   */
  lost(archives) {
    return this.undelivered().filter(
      ({ recipient, number }) => !archives.get(recipient)?.has(number),
    );
  }

  /** @param {string} text anything that holds an id of ours */
  entryOf(text) {
    const at = text.indexOf(this.#prefix);
    if (at < 0) return undefined;
    return this.entries[Number.parseInt(text.slice(at + this.#prefix.length), 10)];
  }

  /** @param {number} number */
  idOf(number) {
    return `${this.#prefix}${number}`;
  }

  /** @param {Entry} entry */
  #whyAgain(entry) {
    const last = /** @type {Entry['arrivals'][number]} */ (entry.arrivals.at(-1));
    const before = entry.arrivals.slice(0, -1);
    const afresh = entry.sends.some(({ how }) => how === 'fresh');
    const again = entry.sends.some(({ how }) => how === 'again');
    if (this.#archive) {
      // The same row: the client can tell by its id (XEP-0359). A session that goes on never sees one twice.
      const same = before.filter(({ stanzaId }) => stanzaId === last.stanzaId);
      if (same.length > 0) return this.#whyGivenAgain(same, last);
      return afresh ? 'resent' : 'unexplained';
    }
    if (last.delayed) {
      // Without ids the copies cannot be told apart: the last one is what it may be a repetition of.
      const why = this.#whyGivenAgain(before.slice(-1), last);
      if (why !== 'unexplained') return why;
    }
    if (afresh) return 'resent';
    // What is not acknowledged yet the workers repeat among themselves, too.
    return again || entry.acknowledgedAt < 0 ? 'proven' : 'unexplained';
  }

  /**
   * @param {Entry['arrivals']} before of the same row
   * @param {Entry['arrivals'][number]} last
   * @returns {'unproven' | 'unmarked' | 'unexplained'}
   */
  #whyGivenAgain(before, last) {
    if (before.some(({ session }) => session === last.session)) return 'unexplained';
    let why = /** @type {'unproven' | 'unmarked'} */ ('unproven');
    for (const { at, proof } of before) {
      if (proof < 0) continue;
      // What was confirmed to a process that was dead already confirmed nothing.
      if (this.kills.some((kill) => kill > at - STALE_MS && kill <= proof)) continue;
      if (!this.kills.some((kill) => kill > proof && kill - proof < UNMARKED_MS)) {
        return 'unexplained';
      }
      why = 'unmarked';
    }
    return why;
  }

  /** @param {number} number */
  #entry(number) {
    return /** @type {Entry} */ (this.entries[number]);
  }
}
