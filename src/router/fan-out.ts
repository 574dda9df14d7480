// One presence for many accounts of another worker: its bytes cross once, with the list of addresses.
import type { Accounts } from '../account/accounts.ts';
import { Copies } from '../account/copies.ts';
import type { Jid, JidCache } from '../protocol/jid.ts';
import { text, utf8, type Bytes } from '../xml/bytes.ts';
import { render } from '../xml/forward.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { FRAME, frame } from './frames.ts';

export function fanOutFrame(stanza: Stanza, from: Jid, to: readonly Jid[]): Bytes {
  const { type, id, lang } = stanza;
  const bytes = render(stanza, 'c2s', { from: from.full, type, id, lang });
  return frame(FRAME.fanOut, bytes, ...to.map((jid) => utf8(jid.bare)));
}

/** At the owner of the addresses. */
export function hear(
  fields: readonly Bytes[],
  parts: { readonly reader: StanzaReader; readonly jids: JidCache; readonly accounts: Accounts },
): void {
  const { reader, jids, accounts } = parts;
  const stanza = reader.read(fields[0]!);
  const from = jids.get(stanza.from ?? '');
  if (from === undefined) return;
  const copies = new Copies(stanza, from);
  for (let i = 1; i < fields.length; i++) {
    const to = jids.get(text(fields[i]!));
    if (to !== undefined) accounts.hear(copies, to);
  }
}
