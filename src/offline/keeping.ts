// What waits for its recipient: XEP-0160 (v1.0.1) §2 and §3, XEP-0334 (v1.0.0), RFC 6121 §8.5.2.2.1.
import { KindMemo, type OwnerIds, Repeats } from '../archive/index.ts';
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, Effects, Verdict } from '../host/views.ts';
import { hasBody, type MessageKind } from '../protocol/message-kind.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { Mailbox } from './mailbox.ts';
import type { OfflineStatements } from './store.ts';

export class Keeping {
  private readonly statements: OfflineStatements;
  private readonly ids: OwnerIds;
  private readonly limits: { readonly maxMessages: number };
  private readonly mailbox: (account: AccountView) => Mailbox;
  private readonly repeats: Repeats;
  private readonly kinds = new KindMemo();

  constructor(
    host: ModuleHost,
    statements: OfflineStatements,
    ids: OwnerIds,
    limits: { readonly maxMessages: number },
    mailbox: (account: AccountView) => Mailbox,
  ) {
    this.statements = statements;
    this.ids = ids;
    this.limits = limits;
    this.mailbox = mailbox;
    this.repeats = new Repeats(host, async (account, sinceId, sender) => {
      const rows = await host.read(statements.recent, [account.owner, sinceId]);
      return rows.map((row) => row[0] as Bytes).filter((stanza) => isFrom(stanza, sender));
    });
  }

  incoming(stanza: Stanza, account: AccountView, effects: Effects): Verdict {
    const { outcome, reference } = effects;
    if (outcome !== 'deliver' && outcome !== 'store') return undefined;
    if (reference > 0) {
      this.mailbox(account).addArchived(reference, effects.deliveries);
      return undefined;
    }
    const kind = this.kinds.of(stanza);
    if (!kind.offlinable) {
      if (outcome === 'store' && isSilent(kind, stanza)) effects.outcome = 'ignore';
      return undefined;
    }
    // What is given to a session and cannot be confirmed to its sender is not kept: nobody was promised anything.
    if (outcome === 'deliver' && !effects.owed) return undefined;
    const verdict = this.repeats.check(stanza, account, effects);
    if (verdict !== undefined) return verdict;
    const mailbox = this.mailbox(account);
    if (outcome === 'store' && mailbox.pending.size >= this.limits.maxMessages) {
      // XEP-0160 §2, third step
      const text = 'Too many messages wait for the recipient.';
      return { stop: true, error: new StanzaError('service-unavailable', 'wait', text) };
    }
    this.keep(account, effects, mailbox, outcome === 'deliver' ? effects.deliveries : 0);
    return undefined;
  }

  private keep(account: AccountView, effects: Effects, mailbox: Mailbox, holders: number): void {
    const id = this.ids.next(account);
    effects.unit.start(this.statements.keep).int(account.owner).int(id).bytes(effects.rendered());
    effects.refer(-id, false);
    mailbox.addPending(id, holders);
  }
}

/**
 * What nobody misses is not answered with an error either: what its writer is doing now, and what is about nothing but
 * other messages. RFC 6121 §8.5.2.2.1 would allow an error for these of type chat and normal.
 */
function isSilent(kind: MessageKind, stanza: Stanza): boolean {
  switch (kind.reason) {
    case 'error':
    case 'headline':
    case 'chat-state':
    case 'empty':
      return true;
    case 'no-store':
      return !hasBody(stanza.children);
    default:
      return false;
  }
}

function isFrom(stanza: Bytes, sender: string): boolean {
  const tag = stanza.slice(0, stanza.indexOf('>'));
  const from = ` from='${escapeAttr(sender)}`;
  return tag.includes(`${from}'`) || tag.includes(`${from}/`);
}
