// Builds @xmpp/xml Elements from our tokens.
import type { Bytes } from './bytes.ts';
import { Element } from './element.ts';
import { XML_NS, type StreamScope } from './namespaces.ts';
import { replay, type TokenAttribute, type TokenVisitor } from './replay.ts';
import { NO_SCOPE } from './tag-sink.ts';
import type { XmlContext } from './xml-context.ts';

/**
 * SECURITY: ltx takes `xmlns=''` for "not declared" and finds the parent's namespace instead, so that an element in no
 * namespace would be found as one of ours. This one says the truth, and so do its descendants.
 */
class UnqualifiedElement extends Element {
  override findNS(prefix?: string): string | undefined {
    return prefix === undefined || prefix === '' ? '' : super.findNS(prefix);
  }
}

function setAttribute(element: Element, name: string, value: string): void {
  // Assigning to this one name would set a prototype.
  if (name !== '__proto__') element.attrs[name] = value;
  else {
    const plain = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(element.attrs, name, plain);
  }
}

class TreeBuilder implements TokenVisitor {
  root: Element | undefined;
  private readonly open: Element[] = [];
  private readonly namespaces: string[] = [];
  /** Levels not to be built: the wrapper around content, whose children go below `root`. */
  private skip: number;

  constructor(root: Element | undefined, ns: string) {
    this.root = root;
    this.skip = root === undefined ? 0 : 1;
    if (root !== undefined) {
      this.open.push(root);
      this.namespaces.push(ns);
    }
  }

  start(name: string, ns: string, _inherits: boolean, attrs: readonly TokenAttribute[]): void {
    if (this.skip > 0) {
      this.skip--;
      return;
    }
    const parent = this.open[this.open.length - 1];
    const around = this.namespaces[this.namespaces.length - 1];
    // The XML namespace has its prefix and is nobody's default: what is around the element stays the default inside.
    const isXml = ns === XML_NS;
    const written = isXml ? `xml:${name}` : name;
    const element = ns === '' ? new UnqualifiedElement(written) : new Element(written);
    if (!isXml && (parent === undefined || around !== ns)) element.attrs['xmlns'] = ns;
    for (const attribute of attrs) {
      const { prefix, name: local, value } = attribute;
      setAttribute(element, prefix === '' ? local : `${prefix}:${local}`, value);
    }
    if (parent === undefined) this.root = element;
    else parent.cnode(element);
    this.open.push(element);
    this.namespaces.push(isXml ? (around ?? '') : ns);
  }

  text(value: string): void {
    const parent = this.open[this.open.length - 1]!;
    const last = parent.children.length - 1;
    const before = parent.children[last];
    if (typeof before === 'string') parent.children[last] = before + value;
    else parent.t(value);
  }

  end(): void {
    this.open.pop();
    this.namespaces.pop();
  }
}

/** The scope of content: a default namespace and nothing else. */
export function contentScope(ns: string): StreamScope {
  return { ...NO_SCOPE, defaultNs: ns };
}

/** The tree of one plain child's bytes in a frame with that default namespace. */
export function buildChild(context: XmlContext, bytes: Bytes, ns: string): Element {
  const buf = Buffer.from(bytes, 'latin1');
  const builder = new TreeBuilder(undefined, '');
  replay(context, contentScope(ns), buf, 0, buf.length, builder);
  return builder.root!;
}

/** The tree of a stanza with the given name, namespace and attributes, and plain content. */
export function buildContent(
  context: XmlContext,
  top: { readonly name: string; readonly ns: string },
  attributes: readonly (readonly [string, string])[],
  content: Bytes,
): Element {
  const isXml = top.ns === XML_NS;
  const name = isXml ? `xml:${top.name}` : top.name;
  const root = top.ns === '' ? new UnqualifiedElement(name) : new Element(name);
  if (!isXml) root.attrs['xmlns'] = top.ns;
  for (const [key, value] of attributes) setAttribute(root, key, value);
  if (content === '') return root;
  const buf = Buffer.from(`<x>${content}</x>`, 'latin1');
  replay(context, contentScope(top.ns), buf, 0, buf.length, new TreeBuilder(root, top.ns));
  return root;
}
