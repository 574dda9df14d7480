// Reads what waits and makes it ready for a session: XEP-0203 (v2.0) stamps, and the id it has in the archive.
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, BacklogItem, Reference } from '../host/views.ts';
import { timeOf } from '../archive/index.ts';
import { NS } from '../protocol/namespaces.ts';
import { formatTimestamp } from '../protocol/timestamp.ts';
import type { QueryId, Row } from '../storage/storage.ts';
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from '../xml/bytes.ts';
import { PICK, type OfflineStatements } from './store.ts';

/** Of one go, in bytes; below what a session may hold unacknowledged. The rest follows when this has arrived. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of one go, in messages. */
const MAX_ITEMS = 1000;

export interface Batch {
  readonly items: readonly BacklogItem[];
  /** Asked for, and not on disk. */
  readonly missing: readonly Reference[];
  /** Asked for, and left for another go. */
  readonly rest: readonly Reference[];
}

export class Backlog {
  private readonly host: ModuleHost;
  private readonly statements: OfflineStatements;

  constructor(host: ModuleHost, statements: OfflineStatements) {
    this.host = host;
    this.statements = statements;
  }

  /** @param references oldest first. @throws StorageError (rejects) */
  async read(account: AccountView, references: readonly Reference[]): Promise<Batch> {
    const items: BacklogItem[] = [];
    const missing: Reference[] = [];
    let bytes = 0;
    let at = 0;
    const end = Math.min(references.length, MAX_ITEMS);
    while (at < end && bytes < MAX_BYTES) {
      const part = references.slice(at, Math.min(at + PICK, end));
      const stanzas = await this.pick(account, part);
      for (const reference of part) {
        if (bytes >= MAX_BYTES) break;
        at++;
        const stanza = stanzas.get(reference);
        if (stanza === undefined) {
          missing.push(reference);
          continue;
        }
        bytes += stanza.length;
        items.push({ stanza: stamped(stanza, account, reference), reference });
      }
    }
    return { items, missing, rest: references.slice(at) };
  }

  /** Ids of archived incoming messages in between, oldest first: one page. @throws StorageError (rejects) */
  async ids(account: AccountView, above: number, upTo: number): Promise<readonly number[]> {
    const rows = await this.host.read(this.statements.unread, [account.owner, above, upTo]);
    return rows.map((row) => row[0] as number);
  }

  private async pick(
    account: AccountView,
    references: readonly Reference[],
  ): Promise<Map<Reference, Bytes>> {
    const archived = references.filter((reference) => reference > 0);
    const pending = references.filter((reference) => reference < 0).map((reference) => -reference);
    const [rows, others] = await Promise.all([
      this.rows(this.statements.pickArchived, account, archived),
      this.rows(this.statements.pickPending, account, pending),
    ]);
    const found = new Map<Reference, Bytes>();
    for (const [id, stanza] of rows) found.set(id as number, stanza as Bytes);
    for (const [id, stanza] of others) found.set(-(id as number), stanza as Bytes);
    return found;
  }

  private async rows(
    query: QueryId,
    account: AccountView,
    ids: readonly number[],
  ): Promise<readonly Row[]> {
    if (ids.length === 0) return [];
    const places = Array.from({ length: PICK }, (_, i) => ids[i] ?? -1);
    return await this.host.read(query, [account.owner, ...places]);
  }
}

const END = '</message>';

/** Our children go behind the content of a stanza that we wrote: it ends with its end tag. */
function stamped(stanza: Bytes, account: AccountView, reference: Reference): Bytes {
  if (!stanza.endsWith(END)) throw new InvariantError('a stored message is not one of ours');
  const { jid } = account;
  const stamp = formatTimestamp(timeOf(Math.abs(reference)));
  // XEP-0203 §4: in the name of the server, which kept it.
  const delay = `<delay xmlns='${NS.delay}' from='${jid.domain}' stamp='${stamp}'/>`;
  const id =
    reference > 0
      ? `<stanza-id xmlns='${NS.stanzaIds}' by='${jid.bareBytes}' id='${reference}'/>`
      : '';
  return `${stanza.slice(0, -END.length)}${id}${delay}${END}` as Bytes;
}
