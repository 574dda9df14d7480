// Namespaces in XML 1.0: prefix scopes, and the checks of a tag that has prefixes or maybe the same attribute twice.
import { COLON } from './chars.ts';
import { fail } from './errors.ts';
import {
  ATTR_COLON,
  ATTR_FIELDS,
  ATTR_FLAGS,
  ATTR_NAME,
  ATTR_NAME_END,
  ATTR_VALUE,
  ATTR_VALUE_END,
} from './layout.ts';
import { attributeValue } from './references.ts';

export const XML_NS = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS_NS = 'http://www.w3.org/2000/xmlns/';

/** A prefix (its bytes, one in each code unit) and the namespace it stands for. */
export interface Binding {
  readonly prefix: string;
  readonly uri: string;
}

/** What a stream header leaves behind for the stanzas below it. Shared by the streams that agree on all of it. */
export interface StreamScope {
  readonly defaultNs: string;
  readonly bindings: readonly Binding[];
  /** The root's qualified name, with which `</stream:stream>` is compared. */
  readonly rootName: Buffer;
  readonly lang: string | undefined;
}

/** Prefixes that may be in scope at once; each look-up walks them, so their number bounds the cost of a byte. */
const MAX_BINDINGS = 64;

/** The prefixes in scope: those of the stream header, and those declared since, each with its element's depth. */
export class Scopes {
  private outer: readonly Binding[] = [];
  private readonly inner: Binding[] = [];
  private readonly depths: number[] = [];

  reset(outer: readonly Binding[]): void {
    this.outer = outer;
    if (this.inner.length > 0) this.popTo(0);
  }

  /** Depth of the element (the root is 1) that declared the innermost prefix since the header; 0 if none. */
  get innermostDepth(): number {
    return this.depths.length === 0 ? 0 : this.depths[this.depths.length - 1]!;
  }

  /** What the root's start tag declared, right after it was read. */
  get declared(): readonly Binding[] {
    return [...this.inner];
  }

  /** @throws XmlError policy-violation */
  push(prefix: string, uri: string, depth: number): void {
    if (this.outer.length + this.inner.length >= MAX_BINDINGS) {
      fail('policy-violation', 'too many namespace declarations');
    }
    this.inner.push({ prefix, uri });
    this.depths.push(depth);
  }

  /** Forgets what elements deeper than `depth` declared. */
  popTo(depth: number): void {
    while (this.innermostDepth > depth) {
      this.depths.pop();
      this.inner.pop();
    }
  }

  /** What a prefix stands for here, and the depth at which that was said. `xml` is not looked up here. */
  find(prefix: string): { readonly uri: string; readonly depth: number } | undefined {
    for (let i = this.inner.length - 1; i >= 0; i--) {
      const binding = this.inner[i]!;
      if (binding.prefix === prefix) return { uri: binding.uri, depth: this.depths[i]! };
    }
    for (const { prefix: name, uri } of this.outer) if (name === prefix) return { uri, depth: 1 };
    return undefined;
  }
}

/** The normalised value of attribute i of a tag whose stanza begins at base. */
export function tagAttribute(buf: Buffer, base: number, attrs: Int32Array, i: number): string {
  const at = i * ATTR_FIELDS;
  return attributeValue(
    buf,
    base + attrs[at + ATTR_VALUE]!,
    base + attrs[at + ATTR_VALUE_END]!,
    attrs[at + ATTR_FLAGS]!,
  );
}

/** resolveTag(): a prefix was bound outside of the child it stands in. */
export const USES_OUTER = 1;
/** resolveTag(): the element's own name has a prefix. */
export const PREFIXED_NAME = 2;

/** Namespaces in XML §3, constraints on reserved prefixes and names. */
function checkDeclaration(prefix: string, uri: string): void {
  if (prefix === 'xmlns') fail('not-well-formed', 'the prefix xmlns cannot be declared');
  if ((prefix === 'xml') !== (uri === XML_NS)) {
    fail('not-well-formed', 'the prefix xml and its namespace belong together');
  }
  if (uri === XMLNS_NS) fail('not-well-formed', 'the xmlns namespace cannot be declared');
  // Namespaces in XML 1.0 §5: only the default namespace can be undeclared.
  if (uri === '') fail('not-well-formed', 'a prefix cannot be undeclared');
}

/** The same for a default namespace. */
export function checkDefaultNamespace(uri: string): void {
  if (uri === XML_NS || uri === XMLNS_NS) {
    fail('not-well-formed', 'a reserved namespace cannot be the default one');
  }
}

/** A tag as the scanner hands it over: `base` is the position of the stanza in buf. */
export interface RawTag {
  readonly attrs: Int32Array;
  readonly attrCount: number;
  /** Where the element's name begins and ends, relative to base, and its colon: 0 if there is none. */
  readonly elementName: number;
  readonly elementNameEnd: number;
  readonly elementColon: number;
}

/**
 * Declares the tag's prefixes, resolves those of its name and attributes, and finds attributes given twice.
 * @param onName is told the namespace of a prefixed element name
 * @returns USES_OUTER | PREFIXED_NAME bits
 * @throws XmlError
 */
export function resolveTag(
  buf: Buffer,
  base: number,
  depth: number,
  tag: RawTag,
  scopes: Scopes,
  onName: { tagNs: string },
): number {
  const { attrs, attrCount } = tag;
  for (let i = 0; i < attrCount; i++) {
    const at = i * ATTR_FIELDS;
    if (attrs[at + ATTR_COLON] === 0) continue;
    const colon = base + attrs[at + ATTR_COLON]!;
    if (buf.latin1Slice(base + attrs[at + ATTR_NAME]!, colon) !== 'xmlns') continue;
    const prefix = buf.latin1Slice(colon + 1, base + attrs[at + ATTR_NAME_END]!);
    const uri = tagAttribute(buf, base, attrs, i);
    checkDeclaration(prefix, uri);
    scopes.push(prefix, uri, depth);
  }
  let outcome = 0;
  const outermost = depth < 3 ? depth : 3;
  const seen = new Set<string>();
  for (let i = 0; i < attrCount; i++) {
    const at = i * ATTR_FIELDS;
    const start = base + attrs[at + ATTR_NAME]!;
    let key = buf.latin1Slice(start, base + attrs[at + ATTR_NAME_END]!);
    if (attrs[at + ATTR_COLON] !== 0) {
      const colon = base + attrs[at + ATTR_COLON]! - start;
      const prefix = key.slice(0, colon);
      if (prefix !== 'xmlns' && prefix !== 'xml') {
        const found = scopes.find(prefix);
        if (found === undefined) fail('not-well-formed', 'prefix of an attribute is not declared');
        if (found.depth < outermost) outcome |= USES_OUTER;
        // A colon cannot be in a local name and begins no other key, so the keys of the two kinds never meet.
        key = `:${key.slice(colon + 1)}:${found.uri}`;
      }
    }
    if (seen.has(key)) fail('not-well-formed', 'attribute given twice');
    seen.add(key);
  }
  if (tag.elementColon !== 0) {
    outcome |= PREFIXED_NAME;
    const prefix = buf.latin1Slice(base + tag.elementName, base + tag.elementColon);
    // `xmlns` cannot be declared, so that an element with this prefix is refused like one with any other.
    if (prefix === 'xml') onName.tagNs = XML_NS;
    else {
      const found = scopes.find(prefix);
      if (found === undefined) fail('not-well-formed', 'prefix of an element is not declared');
      if (found.depth < outermost) outcome |= USES_OUTER;
      onName.tagNs = found.uri;
    }
  }
  return outcome;
}

/** Whether the bytes at start are `xmlns` (the caller knows that the name has five). */
export function isXmlns(buf: Uint8Array, start: number): boolean {
  return (
    buf[start] === 0x78 &&
    buf[start + 1] === 0x6d &&
    buf[start + 2] === 0x6c &&
    buf[start + 3] === 0x6e &&
    buf[start + 4] === 0x73
  );
}

/** Whether the name at start has the prefix `xml`: bound by definition, it needs no look-up. */
export function hasXmlPrefix(buf: Uint8Array, start: number, colon: number): boolean {
  return (
    colon - start === 3 &&
    buf[start] === 0x78 &&
    buf[start + 1] === 0x6d &&
    buf[start + 2] === 0x6c &&
    buf[colon] === COLON
  );
}
