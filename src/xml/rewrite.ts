// Writes the content of a stanza that cannot be copied as it is: same meaning, but plain (see Stanza).
import { type Bytes, utf8 } from './bytes.ts';
import { fail } from './errors.ts';
import { XML_NS } from './namespaces.ts';
import { replay, type TokenAttribute, type TokenVisitor } from './replay.ts';
import type { Scanner } from './scanner.ts';
import { Child } from './stanza.ts';
import { escapeAttr, escapeText } from './writer.ts';
import type { XmlContext } from './xml-context.ts';

/** Plain content and the table of its children. */
export interface Rewritten {
  readonly content: Bytes;
  readonly children: Child[];
  readonly mask: number;
  readonly hasForeignClaim: boolean;
}

/**
 * Elements are written without prefix and declare a default namespace where theirs differs from the one around them;
 * attributes keep their prefixes, and declarations of prefixes stay where they are.
 */
class PlainWriter implements TokenVisitor, Rewritten {
  out = '';
  mask = 0;
  hasForeignClaim = false;
  readonly children: Child[] = [];
  private readonly context: XmlContext;
  private readonly stanzaNs: string;
  private readonly maxBytes: number;
  private level = 0;
  /** A start tag still lacks its `>`, or `/>`. */
  private isTagOpen = false;
  private readonly names: Bytes[] = [];
  /** The default namespace in the output at each level; undefined while it is the stanza's, inherited. */
  private readonly defaults: (string | undefined)[] = [undefined];
  private childName = '';
  private childNs = '';
  private childStart = 0;
  private childInner = 0;

  constructor(context: XmlContext, stanzaNs: string, maxBytes: number) {
    this.context = context;
    this.stanzaNs = stanzaNs;
    this.maxBytes = maxBytes;
  }

  get content(): Bytes {
    return this.out as Bytes;
  }

  start(name: string, ns: string, inherits: boolean, attrs: readonly TokenAttribute[]): void {
    if (this.level++ === 0) return;
    this.finishTag();
    if (this.level === 2) this.beginChild(name, ns);
    // Namespaces in XML §3: the XML namespace has the prefix xml, always, and cannot be a default one.
    const isXml = ns === XML_NS;
    const bytes = isXml ? (`xml:${utf8(name)}` as Bytes) : utf8(name);
    let current = this.defaults[this.defaults.length - 1];
    let tag = `<${bytes}`;
    if (!inherits && !isXml && current !== ns) {
      tag += ` xmlns='${escapeAttr(ns)}'`;
      current = ns;
    }
    for (const attribute of attrs) {
      const { prefix, name: local, value } = attribute;
      tag += ` ${prefix === '' ? '' : `${utf8(prefix)}:`}${utf8(local)}='${escapeAttr(value)}'`;
    }
    this.names.push(bytes);
    this.defaults.push(current);
    this.add(tag);
    this.isTagOpen = true;
  }

  text(value: string): void {
    this.finishTag();
    this.add(escapeText(value));
  }

  end(): void {
    if (--this.level === 0) return;
    const name = this.names.pop()!;
    this.defaults.pop();
    let innerEnd = this.out.length;
    if (this.isTagOpen) {
      this.isTagOpen = false;
      this.add('/>');
      innerEnd = this.out.length;
      if (this.level === 1) this.childInner = innerEnd;
    } else this.add(`</${name}>`);
    if (this.level === 1) {
      const { childName, childNs, childStart, childInner, out } = this;
      this.children.push(
        new Child(childName, childNs, childStart, out.length, childInner, innerEnd),
      );
    }
  }

  private beginChild(name: string, ns: string): void {
    const kind = this.context.tables.kinds.make(ns, name);
    this.mask |= kind.bit;
    if (kind.claimsStanza && ns !== this.stanzaNs) this.hasForeignClaim = true;
    this.childName = name;
    this.childNs = ns;
    this.childStart = this.out.length;
  }

  private finishTag(): void {
    if (!this.isTagOpen) return;
    this.isTagOpen = false;
    this.add('>');
    // The tag that ends here is the direct child's own.
    if (this.names.length === 1) this.childInner = this.out.length;
  }

  private add(bytes: string): void {
    this.out += bytes;
    // SECURITY: a namespace declared once and used by many prefixes would otherwise grow without bound.
    if (this.out.length > this.maxBytes) fail('policy-violation', 'stanza too large');
  }
}

/**
 * Reads the stanza that the scanner has just found in buf once more, and writes its content so that it is plain.
 * @throws XmlError policy-violation if that is longer than a stanza may be
 */
export function rewrite(context: XmlContext, scanner: Scanner, buf: Buffer): Rewritten {
  const writer = new PlainWriter(context, scanner.ns, scanner.limits.maxStanzaBytes);
  replay(context, scanner.scope, buf, scanner.base, scanner.pos, writer);
  return writer;
}
