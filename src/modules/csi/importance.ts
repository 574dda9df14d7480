// What waits while nobody looks at the client: XEP-0352 (1.0.0) §3.2 leaves it to the server. A table and its reader.
import { NS } from '../../protocol/namespaces.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Element } from '../../xml/element.ts';
import type { Stanza } from '../../xml/stanza.ts';
import type { StanzaReader } from '../../xml/stanza-reader.ts';

export type Importance =
  /** Leaves at once, and what waits leaves before it. */
  | 'now'
  /** Waits; a later one of the same sender takes its place. */
  | 'latest'
  /** Waits, in its order. */
  | 'later';

export interface Rule {
  readonly what: string;
  readonly importance: Importance;
}

/** Printed in the README of this folder; the first line that fits decides. */
export const RULES = {
  request: { what: 'iq: requests, answers, pushes', importance: 'now' },
  // A client in the background joins rooms too, and waits for this.
  selfPresence: { what: "presence of the client's own occupant in a room", importance: 'now' },
  presence: { what: 'presence, available and unavailable', importance: 'latest' },
  subscription: { what: 'presence of every other type', importance: 'now' },
  error: { what: 'message of type error', importance: 'now' },
  body: { what: 'message with a body, also as a copy', importance: 'now' },
  chatState: { what: 'message with a chat state alone, also as a copy', importance: 'latest' },
  ownEvent: { what: "event of the account's own nodes", importance: 'now' },
  event: { what: "event of other people's nodes", importance: 'later' },
  // Calls (XEP-0353), receipts, markers, encrypted messages, retractions, reactions.
  other: { what: 'every other message', importance: 'now' },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof RULES;

export interface Judgement {
  readonly rule: RuleName;
  /** Whose it is: presences and chat states of one sender replace each other. */
  readonly peer: string;
}

/** A message's type and children, of the stanza itself or of the one that a copy carries. */
interface Seen {
  readonly type: string | undefined;
  readonly from: string;
  readonly children: readonly { readonly name: string; readonly ns: string }[];
}

/** @param account the client's own bare JID */
export function judge(reader: StanzaReader, bytes: Bytes, account: string): Judgement {
  if (bytes.startsWith('<iq')) return { rule: 'request', peer: '' };
  const stanza = reader.read(bytes);
  const from = stanza.from ?? account;
  if (stanza.name === 'presence') return { rule: ruleOfPresence(stanza), peer: from };
  const copied = copiedMessage(stanza, account);
  const seen = copied ?? { type: stanza.type, from, children: stanza.children };
  return { rule: ruleOfMessage(seen, account), peer: seen.from };
}

function ruleOfPresence(stanza: Stanza): RuleName {
  if (stanza.type !== undefined && stanza.type !== 'unavailable') return 'subscription';
  const x = stanza.child('x', NS.mucUser);
  if (x === undefined) return 'presence';
  // XEP-0045 §7.2.2: status 110.
  const codes = stanza.childElement(x).getChildren('status', NS.mucUser);
  return codes.some((status) => status.attrs['code'] === '110') ? 'selfPresence' : 'presence';
}

function ruleOfMessage({ type, from, children }: Seen, account: string): RuleName {
  if (type === 'error') return 'error';
  let hasState = false;
  let hasMore = false;
  let isEvent = false;
  for (const { name, ns } of children) {
    if (ns === NS.client && name === 'body') return 'body';
    if (ns === NS.chatStates) hasState = true;
    else if (ns === NS.pubsubEvent) isEvent = true;
    else if (!ACCOMPANYING.has(ns) && !(ns === NS.client && name === 'thread')) hasMore = true;
  }
  if (isEvent) return from === account ? 'ownEvent' : 'event';
  return hasState && !hasMore ? 'chatState' : 'other';
}

/** What says nothing of its own beside a chat state. */
const ACCOMPANYING: ReadonlySet<string> = new Set([NS.hints, NS.stanzaIds]);

/** XEP-0280: the message in a copy that the server itself made. */
function copiedMessage(stanza: Stanza, account: string): Seen | undefined {
  const child = stanza.children[0];
  if (child?.ns !== NS.carbons || stanza.from !== account) return undefined;
  const message = stanza
    .childElement(child)
    .getChild('forwarded', NS.forward)
    ?.getChild('message', NS.client);
  if (message === undefined) return undefined;
  return {
    type: message.attrs['type'],
    // What this account wrote, to whomever, and what others wrote stand beside each other.
    from: `${child.name} ${message.attrs['from'] ?? ''} ${message.attrs['to'] ?? ''}`,
    children: message.getChildElements().map(nameOf),
  };
}

function nameOf(element: Element): { name: string; ns: string } {
  return { name: element.getName(), ns: element.getNS() ?? '' };
}
