// What a client or a link sends once more after a crash is dropped if it is on disk already; nothing else pays for that.
import { createHash } from 'node:crypto';
import type { ModuleHost } from '../host/module.ts';
import { STOP, type AccountView, type Effects, type Slot, type Verdict } from '../host/views.ts';
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { Stanza } from '../xml/stanza.ts';
import { firstIdAt } from './owner-ids.ts';

/** How far back a repeated message is looked for. */
const RECENT_MS = 600_000;
/** What was read for one sender is forgotten after at most this time. */
const FORGET_MS = 60_000;

/** Rows of an owner kept since an id was given; of one sender's bare JID, or more than those. */
export type ReadRecent = (
  account: AccountView,
  sinceId: number,
  sender: string,
) => Promise<readonly Bytes[]>;

/** By sender's bare JID, what of him is on disk or on its way there: hashes of id and content. */
type Recent = Map<string, Set<string>>;

/**
 * Same sender, same id, same content within the last ten minutes. The sender is compared without its resource, since
 * after a failed resumption a client binds anew. A message without an id is never taken for a repeated one.
 */
export class Repeats {
  private readonly host: ModuleHost;
  private readonly read: ReadRecent;
  private readonly slot: Slot<Recent | undefined>;
  private readonly holders = new Set<AccountView>();
  private readonly dropped: { add(count?: number): void };

  constructor(host: ModuleHost, read: ReadRecent) {
    this.host = host;
    this.read = read;
    this.slot = host.accountSlot<Recent | undefined>(() => undefined);
    this.dropped = host.counter(
      'repeated_total',
      'Messages dropped because they were on disk already.',
    );
    host.every(FORGET_MS, () => {
      for (const account of this.holders) account.setSlot(this.slot, undefined);
      this.holders.clear();
    });
  }

  /** For an incoming message that may be kept. @returns undefined: it is a new one */
  check(stanza: Stanza, account: AccountView, effects: Effects): Verdict {
    const sender = effects.from.bare;
    const known = account.slot(this.slot);
    if (!effects.again || stanza.id === undefined) {
      // What is kept now is not in the set.
      known?.delete(sender);
      return undefined;
    }
    const recent = known?.get(sender);
    if (recent === undefined) return { stop: true, later: this.load(account, sender) };
    const key = keyOf(effects.rendered());
    if (recent.has(key)) {
      this.dropped.add();
      return STOP;
    }
    recent.add(key);
    return undefined;
  }

  private async load(account: AccountView, sender: string): Promise<void> {
    const stanzas = await this.read(account, firstIdAt(this.host.clock.now() - RECENT_MS), sender);
    const keys = new Set<string>();
    for (const stanza of stanzas) keys.add(keyOf(stanza));
    const known = account.slot(this.slot) ?? new Map<string, Set<string>>();
    known.set(sender, keys);
    account.setSlot(this.slot, known);
    this.holders.add(account);
  }
}

/** The oldest id that the sender's own rows are looked through for a repeated message. */
export function recentSince(nowMs: number): number {
  return firstIdAt(nowMs - RECENT_MS);
}

/** The id as it stands in the start tag of a stanza of ours. */
export function idAttribute(id: string): Bytes {
  return ` id='${escapeAttr(id)}'` as Bytes;
}

/** From the `>` of the start tag on. Our writer escapes `>` in values, so the first one ends the tag. */
export function contentOf(stanza: Bytes): Bytes {
  return stanza.slice(stanza.indexOf('>')) as Bytes;
}

const ID = / id='([^']*)'/;

function keyOf(stanza: Bytes): string {
  const end = stanza.indexOf('>');
  const id = ID.exec(stanza.slice(0, end))?.[1] ?? '';
  return `${id} ${createHash('sha256').update(stanza.slice(end), 'latin1').digest('base64')}`;
}
