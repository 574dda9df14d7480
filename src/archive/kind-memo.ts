// The rules for one message are asked at the sender and at the recipient, one right after the other.
import { messageKind, type MessageKind } from '../protocol/message-kind.ts';
import type { Stanza } from '../xml/stanza.ts';

/** Remembers the answer for the last stanza. */
export class KindMemo {
  private stanza: Stanza | undefined;
  private kind: MessageKind | undefined;

  of(stanza: Stanza): MessageKind {
    if (stanza !== this.stanza || this.kind === undefined) {
      this.kind = messageKind(stanza.type, stanza.children);
      this.stanza = stanza;
    }
    return this.kind;
  }
}
