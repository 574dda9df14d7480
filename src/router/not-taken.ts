// The answer to a stanza that no worker took: RFC 6120 §8.3.3.18.
import type { Jid } from '../protocol/jid.ts';
import { errorBytes, mayBeRefused } from '../protocol/replies.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

/** @returns undefined for what is never answered */
export function notTaken(stanza: Stanza, to: Jid | undefined, sender: Jid): Bytes | undefined {
  if (!mayBeRefused(stanza) || stanza.name === 'presence') return undefined;
  const text = 'The server could not take this. Try again.';
  return errorBytes(stanza, to, sender, new StanzaError('resource-constraint', 'wait', text));
}
