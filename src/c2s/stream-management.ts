// XEP-0198 (v1.6.3) on a client stream: the elements; the numbers are in session/.
import { NS } from '../protocol/namespaces.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Session } from '../session/session.ts';
import { StreamManagement } from '../session/stream-management.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

const COUNT = /^[0-9]{1,10}$/;
const MAX_H = 2 ** 32;
/** XEP-0198 §11: xs:positiveInteger. */
const POSITIVE = /^\+?0*[1-9][0-9]{0,15}$/;

/** XEP-0198 §4: `h` is an unsigned 32-bit number. @returns undefined when it is none */
export function parseH(text: string | undefined): number | undefined {
  if (text === undefined || !COUNT.test(text)) return undefined;
  const h = Number(text);
  return h < MAX_H ? h : undefined;
}

/** XEP-0198 §3, §5: with `h` the client learns what of its stanzas had arrived (§5, example 12). */
export function failed(condition: string, h?: number): Bytes {
  const handled = h === undefined ? '' : ` h='${h}'`;
  return `<failed xmlns='${NS.sm3}'${handled}><${condition} xmlns='${NS.stanzaErrors}'/></failed>` as Bytes;
}

/** Attributes of `<enable/>`, as written. */
export interface EnableRequest {
  readonly resume: string | undefined;
  readonly max: string | undefined;
}

/** `<enable/>` on a bound stream. @returns the answer */
export function enable(
  session: Session,
  request: EnableRequest,
  newToken: () => string,
  resumeTimeoutMs: number,
): Bytes {
  if (session.management !== undefined) {
    // COMPAT: XEP-0198 §3 would end the stream; clients that ask twice are told (§6) and go on as if nothing were.
    return failed('unexpected-request');
  }
  const wanted = request.resume;
  const resumable = (wanted === 'true' || wanted === '1') && resumeTimeoutMs > 0;
  const asked = request.max ?? '';
  const timeoutMs = POSITIVE.test(asked)
    ? Math.min(Number(asked) * 1000, resumeTimeoutMs)
    : resumeTimeoutMs;
  const token = resumable ? newToken() : '';
  const management = new StreamManagement(token, timeoutMs, () => {
    session.settled();
  });
  session.enable(management);
  const resume = resumable
    ? ` id='${token}' resume='true' max='${Math.floor(timeoutMs / 1000)}'`
    : '';
  return `<enabled xmlns='${NS.sm3}'${resume}/>` as Bytes;
}

/** `<r/>` and `<a/>`. @throws StreamError for what no client may send */
export function counted(session: Session, stanza: Stanza): void {
  if (session.management === undefined) {
    throw new StreamError(
      'unsupported-stanza-type',
      'Stream management is not enabled on this stream.',
    );
  }
  if (stanza.name === 'r') {
    session.requested();
    return;
  }
  const h = parseH(stanza.attr('h'));
  if (h === undefined) throw new StreamError('invalid-xml', 'An acknowledgement needs a count h.');
  if (!session.acknowledged(h)) throw tooHigh(session.management.sentCount, h);
}

/** XEP-0198 §6: the client acknowledges more than the `sent` stanzas that it was sent. */
export function tooHigh(sent: number, h: number): StreamError {
  return new StreamError(
    'undefined-condition',
    'You acknowledged more stanzas than you were sent.',
    {
      application:
        `<handled-count-too-high xmlns='${NS.sm3}' h='${h}' send-count='${sent}'/>` as Bytes,
    },
  );
}
