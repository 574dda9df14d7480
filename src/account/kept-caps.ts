// XEP-0115 (v1.6.0) §8.4: a client may say what it can once and leave it out while it has not changed.
import { NS } from '../protocol/namespaces.ts';
import { render } from '../xml/forward.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';

/**
 * The presence to be kept for those who are told of the session later: with the capabilities that it last had.
 * @param before what was kept until now
 */
export function withKeptCaps(
  before: Stanza | undefined,
  presence: Stanza,
  reader: StanzaReader,
): Stanza {
  const kept = before?.child('c', NS.caps);
  if (before === undefined || kept === undefined) return presence;
  if (presence.child('c', NS.caps) !== undefined) return presence;
  const { id, type, lang } = presence;
  const caps = before.content.slice(kept.start, kept.end) as Bytes;
  const values = { from: undefined, to: undefined, id, type, lang };
  return reader.read(render(presence, 'c2s', values, undefined, caps));
}
