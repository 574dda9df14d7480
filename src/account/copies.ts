// One presence on its way to many accounts: rendered when the first of them has somebody to see it.
import type { Jid } from '../protocol/jid.ts';
import type { Bytes } from '../xml/bytes.ts';
import { renderHalves, type Halves } from '../xml/forward.ts';
import type { Stanza } from '../xml/stanza.ts';

export class Copies {
  readonly stanza: Stanza;
  readonly from: Jid;
  private halves: Halves | undefined = undefined;

  constructor(stanza: Stanza, from: Jid) {
    this.stanza = stanza;
    this.from = from;
  }

  /** The copy for one account, all of whose sessions share it. RFC 6121 §8.5.2.1.2: `to` stays the bare JID. */
  to(bare: Jid): Bytes {
    const { stanza, from } = this;
    const { type, id, lang } = stanza;
    const { before, after } = (this.halves ??= renderHalves(stanza, 'c2s', {
      from: from.full,
      type,
      id,
      lang,
    }));
    return (before + bare.bareBytes + after) as Bytes;
  }
}
