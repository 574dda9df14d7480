// From a scanner that has just reached the end of a stanza to a Stanza that owns its memory.
import { type Bytes } from './bytes.ts';
import { InvariantError } from '../util/errors.ts';
import * as layout from './layout.ts';
import { rewrite } from './rewrite.ts';
import type { Scanner } from './scanner.ts';
import { Child, Stanza } from './stanza.ts';
import { contentScope } from './tree.ts';
import type { XmlContext } from './xml-context.ts';

const { CHILD_END, CHILD_FIELDS, CHILD_INNER, CHILD_INNER_END, CHILD_START, MAX_TABLE, STANZA } =
  layout;

const NO_CHILDREN: readonly Child[] = [];

function tableOf(scanner: Scanner): readonly Child[] {
  const count = scanner.childCount;
  if (count === 0) return NO_CHILDREN;
  const { table, kinds, contentStart } = scanner;
  const children = new Array<Child>(count);
  for (let i = 0; i < count; i++) {
    const at = i * CHILD_FIELDS;
    const kind = kinds[i]!;
    children[i] = new Child(
      kind.name,
      kind.ns,
      table[at + CHILD_START]! - contentStart,
      table[at + CHILD_END]! - contentStart,
      table[at + CHILD_INNER]! - contentStart,
      table[at + CHILD_INNER_END]! - contentStart,
    );
  }
  return children;
}

/**
 * Makes the stanza that lies in buf from scanner.base to scanner.pos.
 * @throws XmlError policy-violation if it had to be rewritten and is too large then
 */
export function takeStanza(context: XmlContext, scanner: Scanner, buf: Buffer): Stanza {
  if (!scanner.isPlain || scanner.childCount > MAX_TABLE || context.forceRewrite) {
    const { content, children, mask, hasForeignClaim } = rewrite(context, scanner, buf);
    return new Stanza(context, scanner, content, children, mask, hasForeignClaim);
  }
  const { base, contentStart, contentEnd } = scanner;
  const content = (
    contentEnd > contentStart ? buf.latin1Slice(base + contentStart, base + contentEnd) : ''
  ) as Bytes;
  return new Stanza(context, scanner, content, tableOf(scanner), scanner.mask, false);
}

/**
 * Reads one stanza that this program wrote before: from a store, a link, a stored session.
 * @param ns default namespace of the frame it was written for
 * @throws XmlError | InvariantError when it is not exactly one element
 */
export function readStanza(context: XmlContext, bytes: Bytes, ns: string): Stanza {
  // PERF(docs/performance.md): a lent buffer, since nothing of the stanza refers to it afterwards.
  const { length } = bytes;
  const buf = context.acquireCarry(length);
  buf.latin1Write(bytes, 0, length);
  const scanner = context.acquire();
  scanner.beginStanzas(contentScope(ns), context.trustedLimits);
  if (scanner.next(buf, 0, length) !== STANZA || scanner.pos !== length) {
    throw new InvariantError('stored XML is not one element');
  }
  const stanza = takeStanza(context, scanner, buf);
  context.release(scanner);
  context.releaseCarry(buf);
  return stanza;
}
