// A top-level element as the rest of the server sees it: values, content as bytes, and a table of the children in it.
import type { Bytes } from './bytes.ts';
import type { Element } from './element.ts';
import { contentText } from './replay.ts';
import { buildChild, buildContent } from './tree.ts';
import type { XmlContext } from './xml-context.ts';

/** A direct child: where it lies in the stanza's content. */
export class Child {
  readonly name: string;
  readonly ns: string;
  /** Of its `<`. */
  readonly start: number;
  /** Behind its last `>`. */
  readonly end: number;
  /** What lies between its tags; empty if it has one tag only. */
  readonly innerStart: number;
  readonly innerEnd: number;

  constructor(
    name: string,
    ns: string,
    start: number,
    end: number,
    innerStart: number,
    innerEnd: number,
  ) {
    this.name = name;
    this.ns = ns;
    this.start = start;
    this.end = end;
    this.innerStart = innerStart;
    this.innerEnd = innerEnd;
  }

  movedBy(by: number): Child {
    const { name, ns, start, end, innerStart, innerEnd } = this;
    return new Child(name, ns, start + by, end + by, innerStart + by, innerEnd + by);
  }
}

/** A stanza's own values, normalised. */
export interface StanzaValues {
  readonly name: string;
  readonly ns: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly lang: string | undefined;
  readonly extra: readonly string[] | undefined;
}

/**
 * A stanza or another element directly below the stream. It owns its memory: nothing refers to the received chunk.
 *
 * `content` means the same in every frame whose default namespace is the stanza's: no prefix in it is resolved outside,
 * it has neither CDATA nor CR, and no direct child declares the stanza's own namespace. A direct child that claims the
 * *other* one of jabber:client and jabber:server keeps its declaration and is in the table under that namespace.
 */
export class Stanza {
  /** Local name: message, presence, iq, r, a, enable, auth … */
  readonly name: string;
  readonly ns: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** Its own xml:lang, or else the stream's. */
  readonly lang: string | undefined;
  readonly content: Bytes;
  readonly children: readonly Child[];
  /** OR of the bits that XmlContext.bit() gave for the kinds of the children. */
  readonly mask: number;
  /** A direct child is in the stanza namespace that is not this stanza's; render() looks after it. */
  readonly hasForeignClaim: boolean;
  private readonly extra: readonly string[] | undefined;
  private readonly context: XmlContext;
  private tree: Element | undefined = undefined;

  constructor(
    context: XmlContext,
    values: StanzaValues,
    content: Bytes,
    children: readonly Child[],
    mask: number,
    hasForeignClaim: boolean,
  ) {
    this.name = values.name;
    this.ns = values.ns;
    this.from = values.from;
    this.to = values.to;
    this.id = values.id;
    this.type = values.type;
    this.lang = values.lang;
    this.content = content;
    this.children = children;
    this.mask = mask;
    this.hasForeignClaim = hasForeignClaim;
    this.extra = values.extra;
    this.context = context;
  }

  /** Value of an attribute without a namespace; xmlns is none. */
  attr(name: string): string | undefined {
    switch (name) {
      case 'from':
        return this.from;
      case 'to':
        return this.to;
      case 'id':
        return this.id;
      case 'type':
        return this.type;
      default: {
        const extra = this.extra;
        if (extra === undefined) return undefined;
        for (let i = 0; i < extra.length; i += 2) if (extra[i] === name) return extra[i + 1];
        return undefined;
      }
    }
  }

  /** The first direct child of that kind. */
  child(name: string, ns: string): Child | undefined {
    for (const child of this.children) if (child.name === name && child.ns === ns) return child;
    return undefined;
  }

  /** False: no child of the kind that XmlContext.bit() gave this bit for. True: look with child(). */
  has(bit: number): boolean {
    return (this.mask & bit) !== 0;
  }

  /** Character data directly below the stanza, references resolved. */
  text(): string {
    let out = '';
    let from = 0;
    for (const child of this.children) {
      if (child.start > from) out += contentText(this.content.slice(from, child.start) as Bytes);
      from = child.end;
    }
    return out + contentText(this.content.slice(from) as Bytes);
  }

  /** The bytes of a child, from `<` to `>`; below the stanza's default namespace. */
  childBytes(child: Child): Bytes {
    return this.content.slice(child.start, child.end) as Bytes;
  }

  /** Character data directly below a child. */
  childText(child: Child): string {
    const inner = this.content.slice(child.innerStart, child.innerEnd) as Bytes;
    return inner.includes('<') ? this.childElement(child).getText() : contentText(inner);
  }

  /** A child as a tree of its own; its root carries xmlns. A new one at each call. */
  childElement(child: Child): Element {
    return buildChild(this.context, this.childBytes(child), this.ns);
  }

  /** The payload of an iq. */
  firstChildElement(): Element | undefined {
    const first = this.children[0];
    return first === undefined ? undefined : this.childElement(first);
  }

  /**
   * The whole stanza as a tree, made at the first call and then always the same object. Attributes in a namespace
   * (other than xml:lang) are not in it; xml:lang is, also when inherited from the stream.
   */
  element(): Element {
    this.tree ??= buildContent(this.context, this, this.attributes(), this.content);
    return this.tree;
  }

  /** The same stanza without some of its direct children. */
  without(dropped: readonly Child[]): Stanza {
    let content = '';
    let from = 0;
    let gone = 0;
    const children: Child[] = [];
    for (const child of this.children) {
      if (dropped.includes(child)) {
        content += this.content.slice(from, child.start);
        from = child.end;
        gone += child.end - child.start;
      } else children.push(child.movedBy(-gone));
    }
    content += this.content.slice(from);
    const { context, extra, mask, hasForeignClaim } = this;
    const { name, ns, to, id, type, lang } = this;
    const values = { name, ns, from: this.from, to, id, type, lang, extra };
    return new Stanza(context, values, content as Bytes, children, mask, hasForeignClaim);
  }

  private attributes(): [string, string][] {
    const list: [string, string][] = [];
    if (this.from !== undefined) list.push(['from', this.from]);
    if (this.to !== undefined) list.push(['to', this.to]);
    if (this.id !== undefined) list.push(['id', this.id]);
    if (this.type !== undefined) list.push(['type', this.type]);
    if (this.lang !== undefined) list.push(['xml:lang', this.lang]);
    const extra = this.extra ?? [];
    for (let i = 0; i < extra.length; i += 2) list.push([extra[i]!, extra[i + 1]!]);
    return list;
  }
}
