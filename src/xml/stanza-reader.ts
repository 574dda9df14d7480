// Reads stanzas that the server itself wrote: from the disk, from another worker, or its own replies on their way.
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from './bytes.ts';
import type { Stanza } from './stanza.ts';
import { readStanza } from './take-stanza.ts';
import type { XmlContext } from './xml-context.ts';

const CONTENT_NS = 'jabber:client';

/** The same tokenizer as on the wire, for stanzas in the frame of a client's stream. */
export class StanzaReader {
  private readonly context: XmlContext;

  constructor(context: XmlContext) {
    this.context = context;
  }

  /**
   * @param bytes one complete stanza, with its own xmlns or without
   * @throws InvariantError when they are none: they were ours, so this is a bug or a damaged row
   */
  read(bytes: Bytes): Stanza {
    try {
      return readStanza(this.context, bytes, CONTENT_NS);
    } catch (error) {
      throw new InvariantError('a stanza of our own could not be read', { cause: error });
    }
  }
}
