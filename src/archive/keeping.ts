// What goes into an archive: XEP-0313 (v1.1.3) §6.1.1, at the sender's account and at the recipient's.
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, Effects, Verdict } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { hasBody } from '../protocol/message-kind.ts';
import { NS } from '../protocol/namespaces.ts';
import type { StatementId } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { KindMemo } from './kind-memo.ts';
import type { OwnerIds } from './owner-ids.ts';
import { contentOf, idAttribute, recentSince, Repeats } from './repeats.ts';
import { KIND_BODY, KIND_INCOMING, KIND_OUTGOING, type ArchiveStatements } from './store.ts';

/** XEP-0359 §5 */
function stanzaId(account: AccountView, id: number): Bytes {
  return `<stanza-id xmlns='${NS.stanzaIds}' by='${account.jid.bareBytes}' id='${id}'/>` as Bytes;
}

export class Keeping {
  private readonly host: ModuleHost;
  private readonly statements: ArchiveStatements;
  private readonly ids: OwnerIds;
  private readonly repeats: Repeats;
  private readonly kinds = new KindMemo();

  constructor(host: ModuleHost, statements: ArchiveStatements, ids: OwnerIds) {
    this.host = host;
    this.statements = statements;
    this.ids = ids;
    this.repeats = new Repeats(host, async (account, sinceId, sender) => {
      const rows = await host.read(statements.recent, [account.owner, sinceId, sender]);
      return rows.map((row) => row[0] as Bytes);
    });
  }

  /** The recipient's copy. It leaves for his sessions when it is on disk: its id must be in the archive by then. */
  incoming(stanza: Stanza, account: AccountView, effects: Effects): Verdict {
    // XEP-0313 §6.1: what the account rejects is not in its archive.
    if (effects.outcome !== 'deliver' && effects.outcome !== 'store') return undefined;
    if (!this.kinds.of(stanza).archivable) return undefined;
    const verdict = this.repeats.check(stanza, account, effects);
    if (verdict !== undefined) return verdict;
    const { from } = effects;
    const isNote = from.bare === account.jid.bare;
    const id = this.ids.next(account);
    const kind = isNote ? KIND_INCOMING | KIND_OUTGOING : KIND_INCOMING;
    this.row(effects, this.statements.insert, account.owner, id, from, kind, stanza);
    // XEP-0313 §3.5, XEP-0359 §5
    effects.append(stanzaId(account, id));
    effects.refer(id, true);
    return undefined;
  }

  /** The sender's copy. Its id is told to nobody but the sender's own sessions (XEP-0313 §3.5). */
  outgoing(stanza: Stanza, account: AccountView, effects: Effects): Verdict {
    // XEP-0313 §6.1.1: one copy in an archive. A note to oneself is kept when it comes in, with the id that it carries.
    if (effects.to.bare === account.jid.bare || !this.kinds.of(stanza).archivable) return undefined;
    // Asked for at the submission: this unit may wait for the recipient's, and what comes in meanwhile is not to stand
    // behind it in the archive while its id is lower; who has read up to there would miss this one.
    if (effects.again && stanza.id !== undefined) {
      this.rowOnce(effects, account, () => this.ids.next(account), stanza, stanza.id);
      return undefined;
    }
    // PERF: who has one session gets no copy that could carry it.
    const id =
      account.sessions.length > 1
        ? this.stamped(account, effects)
        : (): number => this.ids.next(account);
    const { insert } = this.statements;
    this.row(effects, insert, account.owner, id, effects.to, KIND_OUTGOING, stanza);
    return undefined;
  }

  /** The id, once it is asked for, is in the copies for the account's other sessions too (XEP-0313 §3.5). */
  private stamped(account: AccountView, effects: Effects): () => number {
    let id = 0;
    effects.stamp(() => stanzaId(account, id));
    return () => (id = this.ids.next(account));
  }

  private row(
    effects: Effects,
    statement: StatementId,
    owner: number,
    id: number | (() => number),
    peer: Jid,
    kind: number,
    stanza: Stanza,
  ): void {
    const { unit } = effects;
    unit.start(statement).int(owner);
    (typeof id === 'number' ? unit.int(id) : unit.late(id))
      .text(peer.bare)
      .text(peer.resource)
      .int(hasBody(stanza.children) ? kind | KIND_BODY : kind)
      .bytes(effects.rendered());
  }

  /** After a crash between the two units the recipient has the message and the sender's archive has not: or both have. */
  private rowOnce(
    effects: Effects,
    account: AccountView,
    id: () => number,
    stanza: Stanza,
    stanzaId: string,
  ): void {
    this.row(
      effects,
      this.statements.insertOnce,
      account.owner,
      id,
      effects.to,
      KIND_OUTGOING,
      stanza,
    );
    effects.unit
      .int(account.owner)
      .int(recentSince(this.host.clock.now()))
      .text(effects.to.bare)
      .bytes(contentOf(effects.rendered()))
      .bytes(idAttribute(stanzaId));
  }
}
