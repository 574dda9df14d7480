// RFC 6121 §8.5 as data: what a server does with a stanza for one of its accounts. Printed into docs/reference/delivery.md.

/** What the `to` address meets. */
export type Situation =
  | 'no-such-user'
  | 'bare-some-available'
  | 'bare-none-available'
  | 'full-match'
  | 'full-gone-some-available'
  | 'full-gone-none-available';

export type StanzaKind =
  | 'message-normal'
  | 'message-chat'
  | 'message-groupchat'
  | 'message-headline'
  | 'message-error'
  | 'presence-available'
  | 'presence-unavailable'
  | 'presence-subscribe'
  | 'presence-subscription'
  | 'presence-probe'
  | 'presence-error'
  | 'iq-request'
  | 'iq-response';

export type Action =
  /** To every available resource of non-negative priority. */
  | 'deliver-non-negative'
  /** To every available resource, negative priorities too. */
  | 'deliver-available'
  /** To the one session addressed, whatever its presence. */
  | 'deliver-match'
  /** Kept for the next log-in if it may be kept, else refused. */
  | 'store'
  /** Answered with <service-unavailable/>. */
  | 'refuse'
  | 'ignore'
  /** The account's owner answers it itself. */
  | 'answer'
  /** The account's presence rules decide. */
  | 'account';

export interface Row {
  readonly situation: Situation;
  readonly clause: string;
  readonly actions: Readonly<Record<StanzaKind, Action>>;
}

/**
 * "Available" in a situation means: at least one available resource with non-negative priority.
 * @source RFC 6121 §8.5, table 1 of §8.5.4
 */
export const DELIVERY_TABLE: readonly Row[] = [
  {
    situation: 'no-such-user',
    clause: 'RFC 6121 §8.5.1',
    actions: {
      'message-normal': 'refuse',
      'message-chat': 'refuse',
      'message-groupchat': 'refuse',
      'message-headline': 'refuse',
      'message-error': 'ignore',
      'presence-available': 'ignore',
      'presence-unavailable': 'ignore',
      'presence-subscribe': 'ignore',
      'presence-subscription': 'ignore',
      'presence-probe': 'ignore',
      'presence-error': 'ignore',
      // XEP-0030 §8: as an account answers a stranger, nearly always with <service-unavailable/>.
      'iq-request': 'answer',
      'iq-response': 'ignore',
    },
  },
  {
    situation: 'bare-some-available',
    clause: 'RFC 6121 §8.5.2.1',
    actions: {
      'message-normal': 'deliver-non-negative',
      'message-chat': 'deliver-non-negative',
      'message-groupchat': 'refuse',
      'message-headline': 'deliver-non-negative',
      'message-error': 'ignore',
      'presence-available': 'deliver-available',
      'presence-unavailable': 'deliver-available',
      'presence-subscribe': 'account',
      'presence-subscription': 'account',
      'presence-probe': 'account',
      'presence-error': 'ignore',
      'iq-request': 'answer',
      'iq-response': 'ignore',
    },
  },
  {
    situation: 'bare-none-available',
    clause: 'RFC 6121 §8.5.2.2',
    actions: {
      'message-normal': 'store',
      'message-chat': 'store',
      'message-groupchat': 'refuse',
      'message-headline': 'ignore',
      'message-error': 'ignore',
      // Available resources of negative priority still see presence (§8.5.2.1.2).
      'presence-available': 'deliver-available',
      'presence-unavailable': 'deliver-available',
      'presence-subscribe': 'account',
      'presence-subscription': 'account',
      'presence-probe': 'account',
      'presence-error': 'ignore',
      'iq-request': 'answer',
      'iq-response': 'ignore',
    },
  },
  {
    situation: 'full-match',
    clause: 'RFC 6121 §8.5.3.1',
    actions: {
      'message-normal': 'deliver-match',
      'message-chat': 'deliver-match',
      'message-groupchat': 'deliver-match',
      'message-headline': 'deliver-match',
      'message-error': 'deliver-match',
      'presence-available': 'deliver-match',
      'presence-unavailable': 'deliver-match',
      // RFC 6121 §3.1.2: subscription stanzas are for the bare JID, whatever was written.
      'presence-subscribe': 'account',
      'presence-subscription': 'account',
      'presence-probe': 'account',
      'presence-error': 'deliver-match',
      'iq-request': 'deliver-match',
      'iq-response': 'deliver-match',
    },
  },
  {
    situation: 'full-gone-some-available',
    clause: 'RFC 6121 §8.5.3.2',
    actions: {
      'message-normal': 'refuse',
      'message-chat': 'deliver-non-negative',
      'message-groupchat': 'refuse',
      'message-headline': 'ignore',
      'message-error': 'ignore',
      'presence-available': 'ignore',
      'presence-unavailable': 'ignore',
      'presence-subscribe': 'account',
      'presence-subscription': 'account',
      'presence-probe': 'account',
      'presence-error': 'ignore',
      'iq-request': 'refuse',
      'iq-response': 'ignore',
    },
  },
  {
    situation: 'full-gone-none-available',
    clause: 'RFC 6121 §8.5.3.2',
    actions: {
      'message-normal': 'refuse',
      'message-chat': 'store',
      'message-groupchat': 'refuse',
      'message-headline': 'ignore',
      'message-error': 'ignore',
      'presence-available': 'ignore',
      'presence-unavailable': 'ignore',
      'presence-subscribe': 'account',
      'presence-subscription': 'account',
      'presence-probe': 'account',
      'presence-error': 'ignore',
      'iq-request': 'refuse',
      'iq-response': 'ignore',
    },
  },
];

const BY_SITUATION = new Map(DELIVERY_TABLE.map((row) => [row.situation, row.actions]));

/** One cell of the table. */
export function actionFor(situation: Situation, kind: StanzaKind): Action {
  return BY_SITUATION.get(situation)?.[kind] ?? 'refuse';
}

// PERF: nested maps on interned strings; a joined key would allocate for every stanza.
const KINDS: ReadonlyMap<string, ReadonlyMap<string, StanzaKind>> = new Map([
  [
    'message',
    new Map<string, StanzaKind>([
      ['', 'message-normal'],
      ['normal', 'message-normal'],
      ['chat', 'message-chat'],
      ['groupchat', 'message-groupchat'],
      ['headline', 'message-headline'],
      ['error', 'message-error'],
    ]),
  ],
  [
    'presence',
    new Map<string, StanzaKind>([
      ['', 'presence-available'],
      ['unavailable', 'presence-unavailable'],
      ['subscribe', 'presence-subscribe'],
      ['subscribed', 'presence-subscription'],
      ['unsubscribe', 'presence-subscription'],
      ['unsubscribed', 'presence-subscription'],
      ['probe', 'presence-probe'],
      ['error', 'presence-error'],
    ]),
  ],
  [
    'iq',
    new Map<string, StanzaKind>([
      ['get', 'iq-request'],
      ['set', 'iq-request'],
      ['result', 'iq-response'],
      ['error', 'iq-response'],
    ]),
  ],
]);

/**
 * The table's column for a stanza.
 * RFC 6121 §5.2.2: a message of an unknown type is `normal`.
 * @returns undefined for a presence or iq whose type is not one of the RFC's (the sender gets <bad-request/>)
 */
export function kindOf(name: string, type: string | undefined): StanzaKind | undefined {
  const kind = KINDS.get(name)?.get(type ?? '');
  if (kind === undefined && name === 'message') return 'message-normal';
  return kind;
}
