// What may be kept of a message: XEP-0313 (v1.1.3) §6.1.1, XEP-0160 (v1.0.1) §3, XEP-0334 (v1.0.0), RFC 6121 §5.2.2.
// The answer depends on the type and on the names of the children alone, never on what they say.
import { NS } from './namespaces.ts';

/** A child of a message: its local name and its namespace. */
export interface ChildName {
  readonly name: string;
  readonly ns: string;
}

export type MessageReason =
  | 'error'
  | 'groupchat'
  | 'no-store'
  | 'store'
  | 'headline'
  | 'content'
  | 'chat-state'
  | 'empty'
  | 'other-payload'
  | 'no-permanent-store';

/** What may be kept of a message for an account, and the rule that says so. */
export interface MessageKind {
  /** Belongs in the archives of both sides. */
  readonly archivable: boolean;
  /** Waits for a recipient who is not on line. */
  readonly offlinable: boolean;
  readonly reason: MessageReason;
}

// What a child says about the message that carries it.
type Role =
  | 'content' // makes it part of a conversation
  | 'chat-state' // says what the writer is doing now
  | 'accompanying' // says nothing without something beside it
  | 'no-store'
  | 'no-permanent-store'
  | 'store';

/** The children that count, by namespace and name; '*' is every other name of the namespace. */
export const MESSAGE_CHILDREN: readonly (readonly [ns: string, name: string, role: Role])[] = [
  // RFC 6121 §5.2; the three content namespaces of streams
  ...[NS.client, NS.server, NS.component].flatMap((ns) => [
    [ns, 'body', 'content'] as const,
    [ns, 'subject', 'content'] as const,
    [ns, 'thread', 'accompanying'] as const,
  ]),
  // XEP-0334 §4
  [NS.hints, 'no-store', 'no-store'],
  [NS.hints, 'no-permanent-store', 'no-permanent-store'],
  [NS.hints, 'store', 'store'],
  [NS.hints, '*', 'accompanying'],
  // XEP-0085 §5.6: a standalone notification; XEP-0022 is its forerunner
  [NS.chatStates, '*', 'chat-state'],
  ['jabber:x:event', '*', 'chat-state'],
  // A device that was away must learn that its message arrived and was read.
  [NS.receipts, 'received', 'content'], // XEP-0184
  [NS.receipts, '*', 'accompanying'],
  [NS.markers, 'markable', 'accompanying'], // XEP-0333
  [NS.markers, '*', 'content'],
  // Encrypted content without a body; key transport alone keeps sessions in step.
  [NS.encryption, 'encryption', 'content'], // XEP-0380
  [NS.omemo, 'encrypted', 'content'], // XEP-0384
  [NS.omemoLegacy, 'encrypted', 'content'],
  [NS.openPgp, 'openpgp', 'content'], // XEP-0373
  [NS.openPgpLegacy, 'x', 'content'], // XEP-0027
  // Changes to earlier messages, and content beside the body
  [NS.reactions, 'reactions', 'content'], // XEP-0444
  [NS.retraction, 'retract', 'content'], // XEP-0424 §5: MUST be stored
  ['urn:xmpp:fasten:0', 'apply-to', 'content'], // XEP-0422, which carried retractions before
  [NS.fileSharing, '*', 'content'], // XEP-0447
  [NS.oob, 'x', 'content'], // XEP-0066
  // Marks on a message
  [NS.stanzaIds, '*', 'accompanying'], // XEP-0359
  [NS.carbons, '*', 'accompanying'], // XEP-0280
  [NS.delay, '*', 'accompanying'], // XEP-0203
  [NS.nick, '*', 'accompanying'], // XEP-0172
  [NS.correction, '*', 'accompanying'], // XEP-0308
];

/** The decisions by reason. */
export const MESSAGE_KINDS: {
  readonly [R in MessageReason]: MessageKind & { readonly reason: R };
} = {
  // XEP-0160 §3; XEP-0334 §5: hints in an error are those of the message it answers.
  error: { archivable: false, offlinable: false, reason: 'error' },
  // XEP-0160 §3; the room has the archive.
  groupchat: { archivable: false, offlinable: false, reason: 'groupchat' },
  // XEP-0334 §4.2
  'no-store': { archivable: false, offlinable: false, reason: 'no-store' },
  // XEP-0334 §4.4: SHOULD be stored, whatever else it is
  store: { archivable: true, offlinable: true, reason: 'store' },
  // XEP-0160 §3, XEP-0313 §6.1.1
  headline: { archivable: false, offlinable: false, reason: 'headline' },
  // XEP-0313 §6.1.1
  content: { archivable: true, offlinable: true, reason: 'content' },
  // XEP-0160 §3
  'chat-state': { archivable: false, offlinable: false, reason: 'chat-state' },
  // Nothing that anybody could miss.
  empty: { archivable: false, offlinable: false, reason: 'empty' },
  // XEP-0160 §3 keeps every chat and normal message; XEP-0313 asks only for conversation.
  'other-payload': { archivable: false, offlinable: true, reason: 'other-payload' },
  // XEP-0334 §4.1: may be kept until it is delivered, if it would be kept at all
  'no-permanent-store': { archivable: false, offlinable: true, reason: 'no-permanent-store' },
};

const ROLES: ReadonlyMap<string, ReadonlyMap<string, Role>> = rolesByNamespace();

/**
 * What may be kept of a message; always one of MESSAGE_KINDS.
 * @param type the attribute as sent; absent and unknown values are 'normal' (RFC 6121 §5.2.2)
 */
export function messageKind(type: string | undefined, children: Iterable<ChildName>): MessageKind {
  if (type === 'error') return MESSAGE_KINDS.error;
  if (type === 'groupchat') return MESSAGE_KINDS.groupchat;
  let content = false;
  let chatState = false;
  let unknown = false;
  let store = false;
  let temporary = false;
  for (const child of children) {
    switch (roleOf(child)) {
      case 'content':
        content = true;
        break;
      case 'chat-state':
        chatState = true;
        break;
      case 'accompanying':
        break;
      case 'no-store':
        return MESSAGE_KINDS['no-store'];
      case 'no-permanent-store':
        temporary = true;
        break;
      case 'store':
        store = true;
        break;
      case undefined:
        unknown = true;
    }
  }
  const reason = keptBecause(type, { content, chatState, unknown, store });
  const kind = MESSAGE_KINDS[reason];
  return temporary && kind.offlinable ? MESSAGE_KINDS['no-permanent-store'] : kind;
}

/** Whether there is a body, of any language. RFC 6121 §5.2.3 */
export function hasBody(children: Iterable<ChildName>): boolean {
  for (const { name, ns } of children) {
    if (name === 'body' && (ns === NS.client || ns === NS.server || ns === NS.component))
      return true;
  }
  return false;
}

interface Found {
  readonly content: boolean;
  readonly chatState: boolean;
  readonly unknown: boolean;
  readonly store: boolean;
}

// The first line that fits, in this order.
function keptBecause(type: string | undefined, found: Found): MessageReason {
  if (found.store) return 'store';
  if (type === 'headline') return 'headline';
  if (found.content) return 'content';
  if (found.unknown) return 'other-payload';
  return found.chatState ? 'chat-state' : 'empty';
}

function roleOf({ name, ns }: ChildName): Role | undefined {
  const names = ROLES.get(ns);
  return names?.get(name) ?? names?.get('*');
}

function rolesByNamespace(): Map<string, Map<string, Role>> {
  const roles = new Map<string, Map<string, Role>>();
  for (const [ns, name, role] of MESSAGE_CHILDREN) {
    const names = roles.get(ns) ?? new Map<string, Role>();
    roles.set(ns, names.set(name, role));
  }
  return roles;
}
