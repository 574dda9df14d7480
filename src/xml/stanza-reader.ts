// Reads stanzas that the server itself wrote: from the disk, from another worker, or its own replies on their way.
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from './bytes.ts';
import type { Stanza } from './stanza.ts';
import { Tokenizer, type TokenSink } from './tokenizer.ts';
import type { XmlContext } from './xml-context.ts';

const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** The same tokenizer as on the wire, on a stream that never ends. */
export class StanzaReader implements TokenSink {
  private readonly context: XmlContext;
  private tokenizer: Tokenizer;
  private last: Stanza | undefined;

  constructor(context: XmlContext) {
    this.context = context;
    this.tokenizer = this.fresh();
  }

  /**
   * @param bytes one complete stanza, in the frame of a client's stream or with its own xmlns
   * @throws InvariantError when they are none: they were ours, so this is a bug or a damaged row
   */
  read(bytes: Bytes): Stanza {
    this.last = undefined;
    try {
      this.tokenizer.push(Buffer.from(bytes, 'latin1'));
    } catch (error) {
      this.tokenizer = this.fresh();
      throw new InvariantError('a stanza of our own could not be read', { cause: error });
    }
    const stanza = this.last as Stanza | undefined;
    if (stanza === undefined || this.tokenizer.midStanza) {
      this.tokenizer = this.fresh();
      throw new InvariantError('a stanza of our own is not complete');
    }
    return stanza;
  }

  onOpen(): void {
    // The header is ours.
  }

  onStanza(stanza: Stanza): void {
    this.last = stanza;
  }

  onClose(): void {
    // Never: the stream has no end.
  }

  private fresh(): Tokenizer {
    const tokenizer = new Tokenizer(this.context, this, this.context.trustedLimits);
    tokenizer.push(Buffer.from(HEADER, 'latin1'));
    return tokenizer;
  }
}
