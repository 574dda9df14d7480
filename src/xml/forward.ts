// Writes a stanza out again: a start tag of our own, then ranges of its content. A received tag is never edited.
import { type Bytes, utf8 } from './bytes.ts';
import type { Child, Stanza } from './stanza.ts';
import { escapeAttr } from './writer.ts';

/**
 * Where a stanza goes, which decides its xmlns. On a stream it needs none: the header declared the content namespace.
 * In a WebSocket frame, a BOSH body and inside `<forwarded/>` it says jabber:client (RFC 7395 §3.3.3, XEP-0206 §5,
 * XEP-0297 §3).
 *
 * What a stanza inherits of its content namespace goes with it: a client's message leaves for another server in
 * jabber:server, body and all (RFC 6120 §4.8.3). A direct child that claims the other stanza namespace
 * (Stanza.hasForeignClaim) keeps its declaration where that namespace is still another one than the frame's; in the
 * frame whose content namespace it claims it is left out, for the receiver would take it for the stanza's own child
 * although no rule here has seen it as one.
 */
export type Frame = 'c2s' | 's2s' | 'websocket' | 'bosh' | 'forwarded';

/** The attributes of the start tag, as text; what is missing is not written. */
export interface Envelope {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly lang?: string | undefined;
}

const XMLNS: Readonly<Record<Frame, string>> = {
  c2s: '',
  s2s: '',
  websocket: " xmlns='jabber:client'",
  bosh: " xmlns='jabber:client'",
  forwarded: " xmlns='jabber:client'",
};

/** Says which children not to take along. */
export type DropChild = (child: Child) => boolean | undefined;

/** The content without the children that `drop` says yes to. */
export function contentWithout(stanza: Stanza, drop: DropChild): Bytes {
  const { content } = stanza;
  let out = '';
  let from = 0;
  for (const child of stanza.children) {
    if (drop(child) !== true) continue;
    if (child.start > from) out += content.slice(from, child.start);
    from = child.end;
  }
  return (from === 0 ? content : out + content.slice(from)) as Bytes;
}

function contentFor(stanza: Stanza, frame: Frame, drop: DropChild | undefined): Bytes {
  if (!stanza.hasForeignClaim) {
    return drop === undefined ? stanza.content : contentWithout(stanza, drop);
  }
  // SECURITY: see Frame.
  const frameNs = frame === 's2s' ? 'jabber:server' : 'jabber:client';
  return contentWithout(
    stanza,
    (child) => (child.ns === frameNs && child.ns !== stanza.ns) || drop?.(child),
  );
}

/**
 * The stanza as bytes for a frame.
 * @param envelope all attributes of the start tag; the received ones count only if they are repeated here
 * @param drop children to leave out
 * @param append children of ours, behind the content
 * @throws XmlWriteError if a value has characters that XML does not have
 */
export function render(
  stanza: Stanza,
  frame: Frame,
  envelope: Envelope,
  drop?: DropChild,
  append?: Bytes,
): Bytes {
  const name = utf8(stanza.name);
  const { from, to, type, id, lang } = envelope;
  let out = `<${name}${XMLNS[frame]}`;
  if (from !== undefined) out += ` from='${escapeAttr(from)}'`;
  if (to !== undefined) out += ` to='${escapeAttr(to)}'`;
  if (type !== undefined) out += ` type='${escapeAttr(type)}'`;
  if (id !== undefined) out += ` id='${escapeAttr(id)}'`;
  if (lang !== undefined) out += ` xml:lang='${escapeAttr(lang)}'`;
  const content = contentFor(stanza, frame, drop);
  if (content === '' && append === undefined) return `${out}/>` as Bytes;
  return `${out}>${content}${append ?? ''}</${name}>` as Bytes;
}

/** A stanza for many recipients: all of it is rendered once, `to` is put in between for each. */
export interface Halves {
  readonly before: Bytes;
  readonly after: Bytes;
}

/** The same as `render`, in two halves: between them belongs the value of `to`, escaped. */
export function renderHalves(stanza: Stanza, frame: Frame, envelope: Envelope): Halves {
  const name = utf8(stanza.name);
  const { from, type, id, lang } = envelope;
  const sender = from === undefined ? '' : ` from='${escapeAttr(from)}'`;
  const before = `<${name}${XMLNS[frame]}${sender} to='` as Bytes;
  let after = "'";
  if (type !== undefined) after += ` type='${escapeAttr(type)}'`;
  if (id !== undefined) after += ` id='${escapeAttr(id)}'`;
  if (lang !== undefined) after += ` xml:lang='${escapeAttr(lang)}'`;
  const content = contentFor(stanza, frame, undefined);
  after += content === '' ? '/>' : `>${content}</${name}>`;
  // PERF: one flat string each; ropes would be flattened once for every recipient.
  return { before: flat(before), after: flat(after as Bytes) };
}

function flat(bytes: Bytes): Bytes {
  return Buffer.from(bytes, 'latin1').latin1Slice() as Bytes;
}
