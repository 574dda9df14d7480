// From the scanner's raw tokens to resolved ones: names with namespaces, attributes and text with their values.
import { type Bytes, text } from './bytes.ts';
import { type RawTag, Scopes, type StreamScope, tagAttribute, XML_NS } from './namespaces.ts';
import { ATTR_COLON, ATTR_FIELDS, ATTR_NAME, ATTR_NAME_END, STANZA } from './layout.ts';
import { cdataValue, textValue } from './references.ts';
import type { Recorder } from './scan-state.ts';
import type { XmlContext } from './xml-context.ts';
import { InvariantError } from '../util/errors.ts';

/** A resolved attribute. Declarations of prefixes are attributes with the prefix `xmlns`; default ones are left out. */
export interface TokenAttribute {
  readonly prefix: string;
  /** Local name. */
  readonly name: string;
  readonly value: string;
}

/** Told of an element's parts in document order; the top-level element itself is level 0. */
export interface TokenVisitor {
  /**
   * @param inherits the element is in the stanza's namespace without saying so itself: it follows the stanza into
   *   frames with another content namespace. A direct child in the stanza's namespace always inherits.
   */
  start(name: string, ns: string, inherits: boolean, attrs: readonly TokenAttribute[]): void;
  text(value: string): void;
  end(): void;
}

/** Depth of a stanza's direct child: the root has 1, the stanza 2. */
const CHILD_DEPTH = 3;

class Replay implements Recorder {
  private readonly scopes = new Scopes();
  private readonly visitor: TokenVisitor;
  private depth = 1;
  private stanzaNs = '';
  /** The default namespace at each depth, and whether unprefixed elements below inherit the stanza's. */
  private readonly defaults: string[];
  private readonly inheriting: boolean[] = [false, false];

  constructor(scope: StreamScope, visitor: TokenVisitor) {
    this.scopes.reset(scope.bindings);
    this.visitor = visitor;
    this.defaults = ['', scope.defaultNs];
  }

  start(buf: Buffer, base: number, tag: RawTag): void {
    const depth = ++this.depth;
    const raw = readAttributes(buf, base, tag);
    let defaultNs = this.defaults[depth - 1]!;
    let inheriting = this.inheriting[depth - 1]!;
    const attrs: TokenAttribute[] = [];
    for (const attribute of raw) {
      if (attribute.prefix === 'xmlns' && attribute.name !== 'xml') {
        this.scopes.push(attribute.prefixBytes, attribute.value, depth);
      } else if (attribute.prefix === '' && attribute.name === 'xmlns') {
        defaultNs = attribute.value;
        inheriting = false;
        continue;
      }
      attrs.push(attribute);
    }
    let ns = defaultNs;
    if (tag.elementColon !== 0) {
      ns = this.uriOf(buf.latin1Slice(base + tag.elementName, base + tag.elementColon));
    }
    let inherits = inheriting && tag.elementColon === 0;
    if (depth === CHILD_DEPTH - 1) {
      this.stanzaNs = ns;
      inherits = true;
      inheriting = defaultNs === ns;
    } else if (depth === CHILD_DEPTH && ns === this.stanzaNs) {
      inherits = true;
      if (tag.elementColon === 0) inheriting = true;
    } else if (tag.elementColon !== 0) {
      // It will be written without its prefix, so what is unprefixed below it cannot follow the stanza any more.
      inheriting = false;
    }
    this.declareOuter(raw, attrs);
    this.defaults[depth] = defaultNs;
    this.inheriting[depth] = inheriting;
    const local = tag.elementColon === 0 ? tag.elementName : tag.elementColon + 1;
    this.visitor.start(buf.utf8Slice(base + local, base + tag.elementNameEnd), ns, inherits, attrs);
  }

  text(buf: Buffer, start: number, end: number): void {
    this.visitor.text(textValue(buf, start, end));
  }

  cdata(buf: Buffer, start: number, end: number): void {
    if (end > start) this.visitor.text(cdataValue(buf, start, end));
  }

  end(): void {
    this.depth--;
    this.scopes.popTo(this.depth);
    this.visitor.end();
  }

  private uriOf(prefixBytes: string): string {
    if (prefixBytes === 'xml') return XML_NS;
    const found = this.scopes.find(prefixBytes);
    if (found === undefined) throw new InvariantError('the scanner let an undeclared prefix pass');
    return found.uri;
  }

  /** Adds a declaration for each prefix of an attribute that is declared outside of the stanza's child. */
  private declareOuter(raw: readonly RawAttribute[], attrs: TokenAttribute[]): void {
    const declared = new Set<string>();
    for (const { prefix, prefixBytes } of raw) {
      if (prefix === '' || prefix === 'xml' || prefix === 'xmlns') continue;
      const found = this.scopes.find(prefixBytes);
      if (found === undefined || found.depth >= CHILD_DEPTH || declared.has(prefix)) continue;
      declared.add(prefix);
      attrs.push({ prefix: 'xmlns', name: prefix, value: found.uri });
    }
  }
}

interface RawAttribute extends TokenAttribute {
  /** The prefix as bytes, or for a declaration the prefix that it declares. */
  readonly prefixBytes: string;
}

function readAttributes(buf: Buffer, base: number, tag: RawTag): RawAttribute[] {
  const { attrs } = tag;
  const list: RawAttribute[] = [];
  for (let i = 0; i < tag.attrCount; i++) {
    const at = i * ATTR_FIELDS;
    const start = base + attrs[at + ATTR_NAME]!;
    const end = base + attrs[at + ATTR_NAME_END]!;
    const colon = attrs[at + ATTR_COLON] === 0 ? start : base + attrs[at + ATTR_COLON]!;
    const prefix = buf.utf8Slice(start, colon);
    const local = colon === start ? start : colon + 1;
    list.push({
      prefix,
      prefixBytes: prefix === 'xmlns' ? buf.latin1Slice(local, end) : buf.latin1Slice(start, colon),
      name: buf.utf8Slice(local, end),
      value: tagAttribute(buf, base, attrs, i),
    });
  }
  return list;
}

/**
 * Reads the element at start–end again, with the one scanner, and tells the visitor of it.
 * Only for bytes that were accepted before: the limits of the stream do not apply again.
 * @throws InvariantError when the bytes are not exactly one element
 */
export function replay(
  context: XmlContext,
  scope: StreamScope,
  buf: Buffer,
  start: number,
  end: number,
  visitor: TokenVisitor,
): void {
  const scanner = context.acquire();
  scanner.beginStanzas(scope, context.trustedLimits);
  scanner.recorder = new Replay(scope, visitor);
  if (scanner.next(buf, start, end) !== STANZA || scanner.pos !== end) {
    throw new InvariantError('stored XML is not one element');
  }
  context.release(scanner);
}

/** The text of character data from content: references resolved. */
export function contentText(bytes: Bytes): string {
  if (!bytes.includes('&')) return text(bytes);
  const buf = Buffer.from(bytes, 'latin1');
  return textValue(buf, 0, buf.length);
}
