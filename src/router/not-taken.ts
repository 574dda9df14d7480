// What comes back from a link: a stanza that no worker took is answered with an error. RFC 6120 §8.3.
import type { Jid, JidCache } from '../protocol/jid.ts';
import { errorBytes, mayBeRefused } from '../protocol/replies.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { text, type Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { FRAME, fieldsOf, kindOfFrame } from './frames.ts';

/** Nobody took it, and somebody may soon: RFC 6120 §8.3.3.18. */
export function busy(): StanzaError {
  return new StanzaError(
    'resource-constraint',
    'wait',
    'The server could not take this. Try again.',
  );
}

/** Whoever takes it fails over it: RFC 6120 §8.3.3.6. */
export function failed(): StanzaError {
  return new StanzaError('internal-server-error', 'cancel', 'The server failed over this.');
}

/** @returns undefined for what is never answered */
export function notTaken(
  stanza: Stanza,
  to: Jid | undefined,
  sender: Jid,
  error: StanzaError,
): Bytes | undefined {
  if (!mayBeRefused(stanza) || stanza.name === 'presence') return undefined;
  return errorBytes(stanza, to, sender, error);
}

export interface BounceParts {
  readonly reader: StanzaReader;
  readonly jids: JidCache;
  readonly sessions: SessionRegistry;
  readonly send: (stanza: Bytes, from: Jid, to: Jid) => void;
}

/** Tells the sender of the stanza in a frame that it was not taken. */
export function bounce(payload: Bytes, error: StanzaError, parts: BounceParts): void {
  const { reader, jids, sessions, send } = parts;
  const { bytes, session } = stanzaOf(payload);
  const stanza = reader.read(bytes);
  const from = session === undefined ? jids.get(stanza.from ?? '') : sessions.get(session)?.jid;
  const to = jids.get(stanza.to ?? '') ?? from;
  if (from === undefined || to === undefined) return;
  const answer = notTaken(stanza, to, from, error);
  if (answer !== undefined) send(answer, to, from);
}

/** What an operator can find a frame by: its kind, and the stanza in it without its content. */
export function describe(payload: Bytes, reader: StanzaReader): Record<string, unknown> {
  const kind = kindOfFrame(payload);
  if (kind !== FRAME.incoming && kind !== FRAME.outgoing) return { frame: kind };
  const { bytes, account } = stanzaOf(payload);
  const { name, id, from, to } = reader.read(bytes);
  return { frame: kind, stanza: name, id, from: from ?? account, to };
}

/** @param payload `incoming` or `outgoing` */
function stanzaOf(payload: Bytes): {
  readonly bytes: Bytes;
  readonly account?: string;
  readonly session?: number;
} {
  const fields = fieldsOf(payload);
  if (kindOfFrame(payload) === FRAME.incoming) return { bytes: fields[1]! };
  return { bytes: fields[3]!, account: text(fields[0]!), session: Number(fields[1]) };
}
