// From a trace of the server: which messages had which rows on disk when something about them left for a client.
import { events } from './trace.js';

/** SQLite's file format §4: a frame of the log is a header of 24 bytes, then the page. */
const FRAME_HEADER_BYTES = 24;

/**
 * @typedef {object} Watched
 * @property {string} walFile
 * @property {number} port of the server
 * @property {RegExp} id finds the ids of messages, wherever they are
 * @property {number} rows that a message owes before it may be acknowledged
 * @property {(h: number) => string[]} covered the ids that an `<a h>` confirms
 */

/** Occurrences of each id in the pages of the database as the log has them, and since which write. */
class Pages {
  #id;
  /** @type {Map<number, string[]>} */
  #images = new Map();
  /** @type {Map<string, number>} */
  #count = new Map();
  /** id -> for one row, for two, …: the write that brought it. @type {Map<string, number[]>} */
  #since = new Map();
  #page = 0;
  writes = 0;

  /** @param {RegExp} id */
  constructor(id) {
    this.#id = id;
  }

  /** @param {string} data */
  write(data) {
    this.writes++;
    if (data.length === FRAME_HEADER_BYTES) {
      this.#page = [0, 1, 2, 3].reduce((sum, i) => sum * 256 + data.charCodeAt(i), 0);
      return;
    }
    const ids = data.match(this.#id) ?? [];
    for (const id of this.#images.get(this.#page) ?? []) this.#add(id, -1);
    for (const id of ids) this.#add(id, 1);
    this.#images.set(this.#page, ids);
  }

  /** The write since which so many rows of a message are in the log; Infinity: they are not. @param {string} id @param {number} rows */
  since(id, rows) {
    return this.#since.get(id)?.[rows] ?? Infinity;
  }

  /** @param {string} id @param {number} by */
  #add(id, by) {
    const count = (this.#count.get(id) ?? 0) + by;
    this.#count.set(id, count);
    const since = this.#since.get(id) ?? [];
    if (!this.#since.has(id)) this.#since.set(id, since);
    since[count] ??= this.writes;
  }
}

/**
 * @param {string} trace
 * @param {Watched} watched
 */
export function checkOrder(trace, { walFile, port, id, rows, covered }) {
  const pages = new Pages(id);
  const found = { syncs: 0, acknowledgements: 0, acknowledged: 0, copies: 0 };
  /** @type {string[]} */
  const violations = [];
  /** The last write that is certainly on disk. */
  let synced = 0;
  /** What a sync that is under way will make certain. */
  let syncing = 0;
  const local = `TCP:[127.0.0.1:${port}->`;

  for (const { phase, call, target, data } of events(trace)) {
    if (target === walFile) {
      if (call === 'pwrite64' && phase === 'end') pages.write(data);
      if (call !== 'fsync' && call !== 'fdatasync') continue;
      if (phase === 'begin') {
        syncing = pages.writes;
      } else {
        found.syncs++;
        synced = syncing;
      }
    } else if (target.startsWith(local) && phase === 'begin') {
      for (const [, h] of data.matchAll(/<a [^>]*h='(\d+)'/g)) {
        const messages = covered(Number(h));
        found.acknowledgements++;
        found.acknowledged = Math.max(found.acknowledged, messages.length);
        for (const message of messages) {
          if (pages.since(message, rows) > synced) violations.push(`h=${h} before ${message}`);
        }
      }
      for (const [stanza] of data.matchAll(/<message [^]*?<\/message>/g)) {
        const [message] = stanza.match(id) ?? [];
        if (message === undefined || !stanza.includes('<stanza-id ')) continue;
        found.copies++;
        if (pages.since(message, 1) > synced) violations.push(`the copy of ${message}`);
      }
    }
  }
  return { ...found, violations };
}
