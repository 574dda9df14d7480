// A fresh process runs uncompiled code: the first thousand stanzas cost several times what the rest does. So a worker reads
// and writes some of its own before it takes connections: it is quick from its first client on, also when it replaces another.
import { addressed } from '../protocol/replies.ts';
import { parseJid } from '../protocol/jid.ts';
import { messageKind } from '../protocol/message-kind.ts';
import { formatTimestamp } from '../protocol/timestamp.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';

// PERF(docs/performance.md): the first 3,000 rounds take 90 ms, the second 3,000 take 15.
const ROUNDS = 3000;

/** @returns how many bytes were written, so that no compiler may leave the work out */
export function warmUp(reader: StanzaReader): number {
  const from = parseJid('warm@localhost/up');
  const to = parseJid('up@localhost');
  let written = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const stanza = reader.read(
      `<message to='up@localhost' id='warm-up-${round}' type='chat'><body>A message like many others, of about the usual length: see you at six.</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='warm-up-${round}'/></message>` as Bytes,
    );
    messageKind(stanza.type, stanza.children);
    written += addressed(stanza, 'c2s', from, to).length;
    written += addressed(
      stanza,
      'forwarded',
      from,
      to,
      (child) => child.name === 'stanza-id',
    ).length;
    written += formatTimestamp(round * 1000).length;
  }
  return written;
}
