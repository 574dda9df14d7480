// <block/>, <unblock/> and <blocklist/> as clients write them and as the server does: XEP-0191 (1.3) §3.
import { JidError, parseJid, type Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Element } from '../../xml/element.ts';
import { escapeAttr } from '../../xml/writer.ts';

export interface BlockItem {
  readonly jid: Jid;
  readonly element: Element;
}

/** Each address once. @throws StanzaError bad-request, jid-malformed */
export function readItems(command: Element): BlockItem[] {
  const items = new Map<string, BlockItem>();
  for (const element of command.getChildren('item', NS.blocking)) {
    const jid = readJid(element.attrs['jid']);
    if (!items.has(jid.full)) items.set(jid.full, { jid, element });
  }
  return [...items.values()];
}

function readJid(given: string | undefined): Jid {
  if (given === undefined)
    throw new StanzaError('bad-request', 'modify', 'An item has no address.');
  try {
    return parseJid(given);
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
    throw new StanzaError('jid-malformed', 'modify', error.message);
  }
}

/** §3.2: the answer to a get, §3.3 to §3.5: what is pushed. */
export function listBytes(name: 'blocklist' | 'block' | 'unblock', jids: Iterable<string>): Bytes {
  let items = '';
  for (const jid of jids) items += `<item jid='${escapeAttr(jid)}'/>`;
  const head = `<${name} xmlns='${NS.blocking}'`;
  return (items === '' ? `${head}/>` : `${head}>${items}</${name}>`) as Bytes;
}

/** Without `from`: from the account itself (RFC 6120 §8.1.2.1). */
export function pushBytes(to: Jid, id: string, content: Bytes): Bytes {
  return `<iq type='set' id='${id}' to='${to.bytes}'>${content}</iq>` as Bytes;
}
