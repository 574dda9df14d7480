// What workers say to each other: one letter, then fields, parted by NUL, which no XML and no address contains.
// Version 1 of these frames; a new letter or a new last field is understood or ignored by version N − 1.
import { passage, type Passage } from '../account/outlet.ts';
import type { Reference } from '../host/views.ts';
import type { Bytes } from '../xml/bytes.ts';

/** Who says it to whom, and its fields. */
export const FRAME = {
  /** Sender's owner → recipient's owner: how, stanza with both addresses. */
  incoming: 'I',
  /** Owner → owners of contacts: one presence without `to`, then the bare JID of each. Nothing is owed for it. */
  fanOut: 'F',
  /** Session's worker → account's owner: account, session, how, stanza without `from`. */
  outgoing: 'O',
  /** Session's worker → owner: request, account, resource or nothing, session, device or nothing, 1 if the account is
   * temporary, what is to be enabled or nothing. */
  bind: 'B',
  /** Owner → session's worker: request, refusal or nothing, full JID, what was enabled. */
  bound: 'b',
  /** Owner → session's worker: session, reference, stanza. */
  deliver: 'D',
  /** Owner → session's worker: session, reason. */
  end: 'K',
  /** Session's worker → owner: account, session, token. XEP-0198 is on. */
  acknowledges: 'S',
  /** Session's worker → owner: account, session, 1 or 0. It has lost its connection, or has one again. */
  hibernates: 'H',
  /** Session's worker → owner: account, session, references. */
  proven: 'P',
  /** Session's worker → owner: account, session. */
  leaving: 'L',
  /** Session's worker → owner: account, session, references, then each stanza that is on no disk. */
  ended: 'E',
  /** Session's worker → owner, before the last: account, session, those of the references that never were on a stream. */
  unseen: 'U',
  /** Worker of a returning client → owner: request, account, token, session to be, what the client counts. */
  resume: 'R',
  /** Owner → that worker: request, snapshot or nothing, presence, what was sent if the client counts more. */
  resumed: 'r',
  /** Owner → worker that has the session: request, session, what the client counts. */
  take: 'T',
  /** That worker → owner: request, snapshot or nothing, what was sent if the client counts more. */
  taken: 't',
  /** Session's worker → owner: account, session, snapshot. To be kept over a restart. */
  store: 'Z',
  /** Session's worker → owner: account, session. That worker is leaving: the owner may take the session to itself. */
  offer: 'G',
  /** In an announcement: account, session, full JID, token or nothing, presence or nothing, references, the range of
   * what it was given, 1 if it hibernates. */
  session: 'A',
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** Bits of the field `how`. */
const OWED = 1;
const AGAIN = 2;
const UNASKED = 4;

/** @param unasked nobody waits for the frame's done; an earlier version does not say, and is told at once */
export function packHow(owed: boolean, again: boolean, unasked: boolean): number {
  return (owed ? OWED : 0) + (again ? AGAIN : 0) + (unasked ? UNASKED : 0);
}

/** @param again the frame itself comes once more */
export function unpackHow(how: number, again: boolean): Passage {
  return passage((how & OWED) !== 0, again || (how & AGAIN) !== 0);
}

export function isUnasked(how: number): boolean {
  return (how & UNASKED) !== 0;
}

const SEPARATOR = '\0';

export function frame(kind: FrameKind, ...fields: readonly (string | number)[]): Bytes {
  return (kind + fields.join(SEPARATOR)) as Bytes;
}

/** The letter of a frame. */
export function kindOfFrame(payload: Bytes): string {
  return payload.charAt(0);
}

/** Its fields, one after the other. PERF: the frames of every message are not split, only cut where they are read. */
export class FieldReader {
  private readonly payload: Bytes;
  private at = 1;

  constructor(payload: Bytes) {
    this.payload = payload;
  }

  /** The next field; empty behind the last. */
  next(): Bytes {
    const from = this.at;
    const end = this.payload.indexOf(SEPARATOR, from);
    this.at = end < 0 ? this.payload.length : end + 1;
    return (end < 0 ? this.payload.slice(from) : this.payload.slice(from, end)) as Bytes;
  }
}

/** Its fields. */
export function fieldsOf(payload: Bytes): Bytes[] {
  return payload.slice(1).split(SEPARATOR) as Bytes[];
}

export function packReferences(references: readonly Reference[]): string {
  return references.join(',');
}

export function unpackReferences(field: string): Reference[] {
  return field === '' ? [] : field.split(',').map(Number);
}
