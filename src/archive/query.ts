// Answers queries of an account's archive: XEP-0313 (v1.1.3) §4. One read for a page, its messages as they lie on disk.
import type { IqRequest, ModuleHost } from '../host/module.ts';
import type { AccountView, SessionView, Slot } from '../host/views.ts';
import { NS } from '../protocol/namespaces.ts';
import { resultSet } from '../protocol/rsm.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { formatTimestamp } from '../protocol/timestamp.ts';
import type { Row, Value } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr } from '../xml/writer.ts';
import { askedSlot, custodySlot, type Custody } from './custody.ts';
import { timeOf } from './owner-ids.ts';
import { parseRequest, queryForm, type ArchiveRequest } from './request.ts';
import {
  COUNTED_ROWS,
  KIND_INCOMING,
  MAX_PAGE_BYTES,
  type ArchiveStatements,
  type Filter,
} from './store.ts';

/** The kind that a row has which only shows that the id asked for exists. */
const KIND_ANCHOR = 0;

/** A message of a page: id, stanza, kind. */
type Message = readonly [id: number, stanza: Bytes, kind: number];

export class Query {
  private readonly host: ModuleHost;
  private readonly statements: ArchiveStatements;
  private readonly limits: { readonly maxPage: number };
  private readonly custody: Slot<Custody>;
  private readonly asked: Slot<boolean>;

  constructor(
    host: ModuleHost,
    statements: ArchiveStatements,
    limits: { readonly maxPage: number },
  ) {
    this.host = host;
    this.statements = statements;
    this.limits = limits;
    this.custody = custodySlot(host);
    this.asked = askedSlot(host);
  }

  /** @throws StanzaError */
  answer(request: IqRequest): Bytes | Promise<Bytes> {
    const { account } = request;
    // SECURITY: XEP-0313 §8.1: nobody else's; and a stranger must not learn whether there is such an account.
    if (account === undefined || !request.own) throw request.unknown();
    if (request.type === 'get') return `<query xmlns='${NS.mam2}'>${queryForm()}</query>` as Bytes;
    const query = parseRequest(request.payload, this.limits.maxPage);
    if (query.max === 0) return this.count(account, query);
    request.session?.setSlot(this.asked, true);
    return this.page(request, account, query);
  }

  private async page(
    request: IqRequest,
    account: AccountView,
    query: ArchiveRequest,
  ): Promise<Bytes> {
    const direction = query.backward ? 'backward' : 'forward';
    const [filter, values] = filterOf(query);
    const above = Math.max(query.above, query.after ?? 0);
    const below = Math.min(query.below, query.before ?? Number.MAX_SAFE_INTEGER);
    const rows = await this.host.read(this.statements.page(filter, direction), [
      ...anchorsOf(account, query),
      account.owner,
      above,
      below,
      ...values,
      query.max + 1,
    ]);
    checkAnchors(rows, query);
    const page = rows.filter((row) => row[2] !== KIND_ANCHOR) as unknown as Message[];
    page.sort((a, b) => a[0] - b[0]);
    const kept = query.backward ? cut(page.reverse(), query.max).reverse() : cut(page, query.max);
    this.give(request, account, query, kept);
    // XEP-0313 §4.3.2: complete when the page size has cut nothing off.
    return fin(kept.length === page.length, kept);
  }

  /** XEP-0059 §2.7: the count is left out where counting would be exceptionally expensive. */
  private async count(account: AccountView, query: ArchiveRequest): Promise<Bytes> {
    const [filter, values] = filterOf(query);
    const rows = await this.host.read(this.statements.count(filter), [
      ...values,
      account.owner,
      query.above,
      query.below,
      ...anchorsOf(account, query),
    ]);
    checkAnchors(rows, query);
    const [count, walked] = rows.find((row) => row[2] !== KIND_ANCHOR) as [number, number];
    if (walked >= COUNTED_ROWS) return `<fin xmlns='${NS.mam2}'>${resultSet({})}</fin>` as Bytes;
    const complete = count === 0 ? ` complete='true'` : '';
    return `<fin xmlns='${NS.mam2}'${complete}>${resultSet({ count })}</fin>` as Bytes;
  }

  private give(
    request: IqRequest,
    account: AccountView,
    query: ArchiveRequest,
    page: readonly Message[],
  ): void {
    const followed = this.follow(account, request.session, page);
    const queryId = query.queryId === undefined ? '' : ` queryid='${escapeAttr(query.queryId)}'`;
    const head = `<message from='${account.jid.bareBytes}' to='${request.from.bytes}'><result xmlns='${NS.mam2}'${queryId} id='`;
    for (const [id, stanza, kind] of page) {
      const stamp = formatTimestamp(timeOf(id));
      // XEP-0297 §3.1: a delay, and the message in its own namespace, as it was written to the archive.
      const result = `${head}${id}'><forwarded xmlns='${NS.forward}'><delay xmlns='${NS.delay}' stamp='${stamp}'/>${stanza}</forwarded></result></message>`;
      request.before(result as Bytes, id > followed && (kind & KIND_INCOMING) !== 0 ? id : 0);
    }
  }

  /**
   * A page that was received proves the messages in it.
   * @returns the id above which results carry their reference
   */
  private follow(
    account: AccountView,
    session: SessionView | undefined,
    page: readonly Message[],
  ): number {
    const custody = account.slot(this.custody);
    const last = page.at(-1)?.[0] ?? 0;
    if (
      session === undefined ||
      last <= custody.provenUpTo ||
      !account.sessions.includes(session)
    ) {
      return Infinity;
    }
    const ids = page
      .filter(([id, , kind]) => id > custody.provenUpTo && (kind & KIND_INCOMING) !== 0)
      .map(([id]) => id);
    custody.given(session, ids);
    return custody.provenUpTo;
  }
}

/** As many as were asked for and as many bytes as a page may have, at least one. */
function cut(messages: readonly Message[], max: number): Message[] {
  let bytes = 0;
  let count = 0;
  for (const [, stanza] of messages) {
    bytes += stanza.length;
    if (count === max || (count > 0 && bytes > MAX_PAGE_BYTES)) break;
    count++;
  }
  return messages.slice(0, count);
}

function filterOf({ with: peer }: ArchiveRequest): readonly [Filter, readonly Value[]] {
  if (peer === undefined) return ['all', []];
  // XEP-0313 §4.1.1: a bare JID matches every resource. Only notes to oneself have one's own JID for a peer.
  return peer.resource === '' ? ['bare', [peer.bare]] : ['full', [peer.bare, peer.resource]];
}

function anchorsOf(account: AccountView, { after, before }: ArchiveRequest): readonly Value[] {
  return [account.owner, after ?? -1, before ?? -1];
}

/** XEP-0313 §4.3.2: what a page is counted from must be in the archive, whatever the filter. */
function checkAnchors(rows: readonly Row[], { after, before }: ArchiveRequest): void {
  for (const anchor of [after, before]) {
    if (anchor === undefined) continue;
    if (!rows.some((row) => row[2] === KIND_ANCHOR && row[0] === anchor)) {
      throw new StanzaError('item-not-found');
    }
  }
}

function fin(isComplete: boolean, page: readonly Message[]): Bytes {
  const first = page[0]?.[0];
  const last = page.at(-1)?.[0];
  const set = resultSet({
    ...(first === undefined ? {} : { first: String(first) }),
    ...(last === undefined ? {} : { last: String(last) }),
  });
  return `<fin xmlns='${NS.mam2}'${isComplete ? " complete='true'" : ''}>${set}</fin>` as Bytes;
}
