// For tests of XML: reads a stream from text and keeps what came out.
import type { XmlCondition } from '../../src/xml/errors.ts';
import { XmlError } from '../../src/xml/errors.ts';
import { STANZA_LIMITS } from '../../src/xml/limits.ts';
import type { Stanza } from '../../src/xml/stanza.ts';
import {
  type StreamHeader,
  Tokenizer,
  type TokenSink,
  type XmlLimits,
} from '../../src/xml/tokenizer.ts';
import { XmlContext } from '../../src/xml/xml-context.ts';

export const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='h' version='1.0'>";

export class Recording implements TokenSink {
  readonly headers: StreamHeader[] = [];
  readonly stanzas: Stanza[] = [];
  closed = 0;
  /** Called for each stanza after it was noted. */
  then: ((stanza: Stanza) => void) | undefined;

  onOpen(header: StreamHeader): void {
    this.headers.push(header);
  }

  onStanza(stanza: Stanza): void {
    this.stanzas.push(stanza);
    this.then?.(stanza);
  }

  onClose(): void {
    this.closed++;
  }
}

/** A tokenizer with its recording. */
export function reader(limits: XmlLimits = STANZA_LIMITS, context: XmlContext = new XmlContext()) {
  const seen = new Recording();
  const tokenizer = new Tokenizer(context, seen, limits);
  const push = (text: string | Buffer): void => tokenizer.push(Buffer.from(text as string));
  return { seen, tokenizer, push, context };
}

/** The stanzas below an ordinary header. */
export function stanzasOf(text: string | Buffer, header: string = HEADER): Stanza[] {
  const { seen, push } = reader();
  push(header);
  push(text);
  return seen.stanzas;
}

/** The only stanza. */
export function stanzaOf(text: string | Buffer, header?: string): Stanza {
  const [stanza] = stanzasOf(text, header);
  if (stanza === undefined) throw new XmlError('invalid-xml', 'no stanza was read');
  return stanza;
}

/** The condition with which a stream is refused; undefined if it is not. */
export function conditionOf(
  text: string | Buffer,
  header: string = HEADER,
): XmlCondition | undefined {
  const { push } = reader();
  try {
    push(header);
    push(text);
  } catch (error) {
    if (error instanceof XmlError) return error.condition;
    throw error;
  }
  return undefined;
}
