// One account's roster: what is on disk, what is on its way there, and what changed since a version (RFC 6121 §2.6).
import type { Ticket } from '../storage/storage.ts';
import {
  count,
  find,
  NO_CONTACTS,
  pack,
  put,
  unpack,
  type Contact,
  type PackedContacts,
} from './contacts.ts';

/** A roster as it was at one moment. */
export interface Snapshot {
  readonly contacts: PackedContacts;
  /** Random and positive, drawn at the first change: the versions of an earlier account of the same name are not ours. */
  readonly epoch: number;
  /** 0 before the first change; one more for each. */
  readonly version: number;
  /** Removals up to this version are forgotten: who has an older one gets the whole roster. */
  readonly floor: number;
}

/** The states of a subscription, as an item shows them. */
export interface States {
  readonly subscription: 'none' | 'to' | 'from' | 'both';
  readonly ask: boolean;
  readonly approved: boolean;
}

/** What an owner asks for, or what a subscription stanza does; with neither of both the contact is removed. */
export interface Edit {
  readonly jid: string;
  readonly details?: { readonly name: string; readonly groups: readonly string[] };
  readonly states?: States;
}

export function isRemoval(edit: Edit): boolean {
  return edit.details === undefined && edit.states === undefined;
}

/** An edit with the numbers it was given. It says what to do and not what comes out, since one before it may fail. */
export interface Change extends Edit {
  readonly epoch: number;
  readonly version: number;
  readonly floor: number;
}

const EMPTY: Snapshot = { contacts: NO_CONTACTS, epoch: 0, version: 0, floor: 0 };

/** Interim pushes up to this many are sent even if the whole roster were shorter: they are what clients expect. */
const SMALL_DELTA = 20;

/** A removed contact: its address and the version are all that is kept. */
function removed(jid: string, version: number): Contact {
  return {
    jid,
    name: '',
    groups: [],
    subscription: 'remove',
    ask: false,
    approved: false,
    version,
  };
}

const NEW: States & { name: string; groups: readonly string[] } = {
  name: '',
  groups: [],
  subscription: 'none',
  ask: false,
  approved: false,
};

function apply(before: Snapshot, change: Change): Snapshot {
  const { jid, details, states, epoch, version, floor } = change;
  let contact = removed(jid, version);
  if (!isRemoval(change)) {
    const known = find(before.contacts, jid);
    // RFC 6121 §2.1.5: a roster set never touches the states of the subscription, nor does the other way round.
    const was = known === undefined || known.subscription === 'remove' ? NEW : known;
    contact = {
      jid,
      name: details?.name ?? was.name,
      groups: details?.groups ?? was.groups,
      subscription: states?.subscription ?? was.subscription,
      ask: states?.ask ?? was.ask,
      approved: states?.approved ?? was.approved,
      version,
    };
  }
  let contacts = put(before.contacts, contact);
  if (floor > before.floor) contacts = pack(remembered(contacts, floor));
  return { contacts, epoch, version, floor: Math.max(floor, before.floor) };
}

function* remembered(contacts: PackedContacts, floor: number): Generator<Contact> {
  for (const contact of unpack(contacts)) {
    if (contact.subscription !== 'remove' || contact.version > floor) yield contact;
  }
}

/**
 * Shared by the account's sessions. Clients are told `stored`; requests are judged by `latest`, so that of two
 * changes on their way to the disk the second knows of the first.
 */
export class AccountRoster {
  /** What is on disk. */
  stored: Snapshot = EMPTY;
  private ahead: Snapshot | undefined = undefined;
  private waiting: { readonly change: Change; readonly ticket: Ticket }[] | undefined = undefined;

  /** What will be on disk when all that is on its way has arrived. */
  get latest(): Snapshot {
    return this.ahead ?? this.stored;
  }

  /** Changes are on their way to the disk. */
  get busy(): boolean {
    return this.waiting !== undefined;
  }

  /** Drops changes that failed: their units are done, and nobody committed them. */
  dropFailed(done: Ticket): void {
    const first = this.waiting?.[0];
    if (first === undefined || first.ticket > done) return;
    this.keepWaiting((entry) => entry.ticket > done);
  }

  /**
   * Gives an edit its numbers; nothing is recorded yet.
   * @param epoch for a roster that has none
   * @param removalsKept how many removed contacts are remembered
   */
  plan(edit: Edit, epoch: number, removalsKept: number): { change: Change; after: Snapshot } {
    const { latest } = this;
    const version = latest.version + 1;
    let { floor } = latest;
    if (isRemoval(edit)) {
      const removals = [version];
      for (const { subscription, version: at } of unpack(latest.contacts)) {
        if (subscription === 'remove') removals.push(at);
      }
      removals.sort((a, b) => a - b);
      floor = removals[removals.length - removalsKept - 1] ?? floor;
    }
    const change = { ...edit, epoch: latest.epoch === 0 ? epoch : latest.epoch, version, floor };
    return { change, after: apply(latest, change) };
  }

  /** The change is on its way. @param ticket of its unit */
  begin(change: Change, ticket: Ticket, after: Snapshot): void {
    (this.waiting ??= []).push({ change, ticket });
    this.ahead = after;
  }

  /** The change is on disk. @returns the contact as it now is */
  commit(change: Change): Contact {
    this.stored = apply(this.stored, change);
    if (this.waiting?.[0]?.change === change) {
      // SECURITY: nothing failed, so `ahead` holds as it is: a flood of changes costs each its own work alone.
      this.waiting.shift();
      if (this.waiting.length === 0) this.waiting = this.ahead = undefined;
      return find(this.stored.contacts, change.jid) ?? removed(change.jid, change.version);
    }
    // Units of one owner commit in order: what was submitted before and has not committed has failed.
    this.keepWaiting((entry) => entry.change.version > change.version);
    return find(this.stored.contacts, change.jid) ?? removed(change.jid, change.version);
  }

  /** How many contacts there are in `latest`. */
  get size(): number {
    return count(this.latest.contacts);
  }

  /** Of `latest`, removed ones included. */
  find(jid: string): Contact | undefined {
    return find(this.latest.contacts, jid);
  }

  has(jid: string): boolean {
    const contact = this.find(jid);
    return contact !== undefined && contact.subscription !== 'remove';
  }

  /** RFC 6121 §2.6.1: opaque to the client. `0` is the empty roster of an account that never changed it. */
  versionText(version = this.stored.version): string {
    return version === 0 ? '0' : `${this.stored.epoch.toString(36)}-${version.toString()}`;
  }

  /**
   * What changed on disk since a version, in the order of the changes.
   * @returns undefined when the whole roster must be sent, or is the shorter answer
   * @source RFC 6121 §2.6.3
   */
  since(text: string): readonly Contact[] | undefined {
    const { contacts, floor, version } = this.stored;
    const known = text === '0' ? 0 : this.parseVersion(text);
    // Whoever has an empty roster needs no removals, so that forgotten ones are not missed.
    if (known === undefined || known > version || (known < floor && known !== 0)) return undefined;
    const changed: Contact[] = [];
    for (const contact of unpack(contacts)) {
      if (contact.version > known && (known !== 0 || contact.subscription !== 'remove')) {
        changed.push(contact);
      }
    }
    // RFC 6121 §2.6.3: the whole roster where that takes less.
    if (changed.length > SMALL_DELTA && changed.length * 2 > count(contacts)) return undefined;
    return changed.sort((a, b) => a.version - b.version);
  }

  private parseVersion(text: string): number | undefined {
    const match = /^[0-9a-z]{1,7}-([0-9]{1,10})$/.exec(text);
    const version = Number(match?.[1]);
    return match !== null && text === this.versionText(version) ? version : undefined;
  }

  private keepWaiting(isKept: (entry: { change: Change; ticket: Ticket }) => boolean): void {
    if (this.waiting === undefined) return;
    const kept = this.waiting.filter(isKept);
    if (kept.length === 0) {
      this.waiting = undefined;
      this.ahead = undefined;
      return;
    }
    this.waiting = kept;
    this.ahead = kept.reduce((before, { change }) => apply(before, change), this.stored);
  }
}
