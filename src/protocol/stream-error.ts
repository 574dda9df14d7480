// Stream errors: RFC 6120 §4.9. Each ends its stream; none is recoverable.
import type { Bytes } from '../xml/bytes.ts';
import { escapeText } from '../xml/writer.ts';
import { NS } from './namespaces.ts';

/** The defined conditions. @source RFC 6120 §4.9.3.1 – §4.9.3.25 */
export const STREAM_CONDITIONS = [
  'bad-format',
  'bad-namespace-prefix',
  'conflict',
  'connection-timeout',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'invalid-from',
  'invalid-namespace',
  'invalid-xml',
  'not-authorized',
  'not-well-formed',
  'policy-violation',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'restricted-xml',
  'see-other-host',
  'system-shutdown',
  'undefined-condition',
  'unsupported-encoding',
  'unsupported-feature',
  'unsupported-stanza-type',
  'unsupported-version',
] as const;

export type StreamCondition = (typeof STREAM_CONDITIONS)[number];

export interface StreamErrorDetails {
  /** Only with `see-other-host`: host or host:port. RFC 6120 §4.9.3.19 */
  readonly host?: string;
  /** An application-specific condition, a finished element with its own xmlns. RFC 6120 §4.9.4 */
  readonly application?: Bytes;
}

/** Thrown or passed to say that the stream must end, and what its peer is told. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly condition: StreamCondition;
  readonly text: string | undefined;
  readonly details: StreamErrorDetails;

  constructor(condition: StreamCondition, text?: string, details: StreamErrorDetails = {}) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
    this.details = details;
  }
}

/**
 * The `<stream:error/>` element, without the close tag of the stream that follows it.
 * @param declarePrefix for frames without an enclosing stream element (RFC 7395 §3.3), where `stream:` is not yet bound
 * @throws XmlWriteError if a text holds characters that XML cannot carry
 */
export function streamErrorBytes(error: StreamError, declarePrefix = false): Bytes {
  const { host, application } = error.details;
  const declaration = declarePrefix ? ` xmlns:stream='${NS.streams}'` : '';
  const condition =
    host === undefined
      ? `<${error.condition} xmlns='${NS.streamErrors}'/>`
      : `<${error.condition} xmlns='${NS.streamErrors}'>${escapeText(host)}</${error.condition}>`;
  // RFC 6120 §4.9.2: the text SHOULD possess an xml:lang; ours are written in English.
  const text =
    error.text === undefined
      ? ''
      : `<text xmlns='${NS.streamErrors}' xml:lang='en'>${escapeText(error.text)}</text>`;
  return `<stream:error${declaration}>${condition}${text}${application ?? ''}</stream:error>` as Bytes;
}
