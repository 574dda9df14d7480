// Resource binding: RFC 6120 §7.
import { JidError, makeJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { errorContent, StanzaError } from '../protocol/stanza-error.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeAttr, escapeText } from '../xml/writer.ts';

/**
 * The resource that a client asks for; undefined: the server makes one (§7.6).
 * @throws StreamError when the stanza is no request to bind: nothing else is allowed before (§7.1)
 * @throws StanzaError when the resource cannot be one (§7.7.2.1)
 */
export function wantedResource(stanza: Stanza, account: Jid): string | undefined {
  const child = stanza.children.length === 1 ? stanza.children[0] : undefined;
  const isBind = child?.name === 'bind' && child.ns === NS.bind;
  if (stanza.name !== 'iq' || stanza.type !== 'set' || child === undefined || !isBind) {
    throw new StreamError('not-authorized', 'Bind a resource first.');
  }
  const wanted = stanza.childElement(child).getChildText('resource', NS.bind);
  if (wanted === null || wanted === '') return undefined;
  try {
    return makeJid(account.local, account.domain, wanted).resource;
  } catch (error) {
    if (error instanceof JidError) throw new StanzaError('bad-request', 'modify', error.message);
    throw error;
  }
}

/** §7.6.1, §7.7.1 */
export function bound(stanza: Stanza, jid: Jid): Bytes {
  const content = `<bind xmlns='${NS.bind}'><jid>${escapeText(jid.full)}</jid></bind>`;
  return `<iq type='result'${idOf(stanza)}>${content}</iq>` as Bytes;
}

/** §7.6.2, §7.7.2 */
export function notBound(stanza: Stanza, error: StanzaError): Bytes {
  return `<iq type='error'${idOf(stanza)}>${errorContent(error)}</iq>` as Bytes;
}

/** §7.7.2.2: a resource in use, where the older session stays; §7.6.2.1: too many; the account is gone: §7.6.2.2. */
export function bindError(
  refused: 'conflict' | 'resource-constraint' | 'no-such-account',
): StanzaError {
  return new StanzaError(refused === 'no-such-account' ? 'not-allowed' : refused);
}

function idOf(stanza: Stanza): string {
  return stanza.id === undefined ? '' : ` id='${escapeAttr(stanza.id)}'`;
}
