// Stanzas that the owner of an address makes itself: errors and results, as bytes for a client's stream.
import type { Bytes } from '../xml/bytes.ts';
import { render, type Frame } from '../xml/forward.ts';
import type { Child, Stanza } from '../xml/stanza.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { Jid } from './jid.ts';
import { errorContent, type StanzaError } from './stanza-error.ts';

/** A stanza for one frame, with its addresses replaced by prepared ones. */
export function addressed(
  stanza: Stanza,
  frame: Frame,
  from: Jid,
  to: Jid,
  drop?: (child: Child) => boolean,
  append?: Bytes,
): Bytes {
  return render(
    stanza,
    frame,
    { from: from.full, to: to.full, id: stanza.id, type: stanza.type, lang: stanza.lang },
    drop,
    append,
  );
}

function envelope(of: Stanza, type: string, from: Jid | undefined, to: Jid): string {
  const id = of.id === undefined ? '' : ` id='${escapeAttr(of.id)}'`;
  const sender = from === undefined ? '' : ` from='${from.bytes}'`;
  return `<${of.name} type='${type}'${id}${sender} to='${to.bytes}'`;
}

/** RFC 6120 §8.3.1: an error goes back with the addresses swapped and the same id. */
export function errorBytes(of: Stanza, from: Jid | undefined, to: Jid, error: StanzaError): Bytes {
  return `${envelope(of, 'error', from, to)}>${errorContent(error)}</${of.name}>` as Bytes;
}

/** RFC 6120 §8.2.3: the answer to an iq of type get or set. */
export function resultBytes(of: Stanza, from: Jid, to: Jid, content: Bytes | undefined): Bytes {
  const head = envelope(of, 'result', from, to);
  return (content === undefined ? `${head}/>` : `${head}>${content}</iq>`) as Bytes;
}

/** RFC 6120 §8.2.3, §8.3.1: errors and results are never answered with an error. */
export function mayBeRefused(stanza: Stanza): boolean {
  return stanza.type !== 'error' && !(stanza.name === 'iq' && stanza.type === 'result');
}
