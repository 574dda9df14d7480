// Stanza errors: RFC 6120 §8.3. The one family of errors that a handler may throw at the sender of a stanza.
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr, escapeText } from '../xml/writer.ts';
import { NS } from './namespaces.ts';

export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/**
 * The defined conditions with the type the RFC associates with each.
 * Where it names two or leaves the choice, the type that makes a client give up soonest is the default,
 * save unexpected-request, where the first one named stands.
 * @source RFC 6120 §8.3.3.1 – §8.3.3.22
 */
export const STANZA_ERROR_TYPES = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const satisfies Record<string, StanzaErrorType>;

export type StanzaCondition = keyof typeof STANZA_ERROR_TYPES;

export interface StanzaErrorDetails {
  /** The entity that found the error, as the text of its JID. RFC 6120 §8.3.1 */
  readonly by?: string;
  /** Only with `gone` and `redirect`: where to turn instead, a URI. RFC 6120 §8.3.3.5, §8.3.3.14 */
  readonly uri?: string;
  /** An application-specific condition, a finished element with its own xmlns. RFC 6120 §8.3.4 */
  readonly application?: Bytes;
}

/** An answer to the sender of a stanza, not a fault of the server. `type` defaults by the table. */
export class StanzaError extends Error {
  override readonly name = 'StanzaError';
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
  readonly text: string | undefined;
  readonly details: StanzaErrorDetails;

  constructor(
    condition: StanzaCondition,
    type?: StanzaErrorType,
    text?: string,
    details: StanzaErrorDetails = {},
  ) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.type = type ?? STANZA_ERROR_TYPES[condition];
    this.text = text;
    this.details = details;
  }
}

/**
 * The `<error/>` child of a stanza of type 'error', for a frame whose default namespace is the stanza's.
 * @throws XmlWriteError if a text holds characters that XML cannot carry
 */
export function errorContent(error: StanzaError): Bytes {
  const { by, uri, application } = error.details;
  const byAttribute = by === undefined ? '' : ` by='${escapeAttr(by)}'`;
  const condition =
    uri === undefined
      ? `<${error.condition} xmlns='${NS.stanzaErrors}'/>`
      : `<${error.condition} xmlns='${NS.stanzaErrors}'>${escapeText(uri)}</${error.condition}>`;
  // RFC 6120 §8.3.2: the text SHOULD possess an xml:lang; ours are written in English.
  const text =
    error.text === undefined
      ? ''
      : `<text xmlns='${NS.stanzaErrors}' xml:lang='en'>${escapeText(error.text)}</text>`;
  return `<error type='${error.type}'${byAttribute}>${condition}${text}${application ?? ''}</error>` as Bytes;
}
