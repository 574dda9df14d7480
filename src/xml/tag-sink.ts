// What the scanner gathers of tags and stanzas: attributes, the stanza's own values, the table of its children.
import * as chars from './chars.ts';
import { fail } from './errors.ts';
import type { ChildKind, Tables } from './intern.ts';
import * as layout from './layout.ts';
import type { XmlLimits } from './limits.ts';
import { attributeValue } from './references.ts';
import {
  checkDefaultNamespace,
  PREFIXED_NAME,
  type RawTag,
  resolveTag,
  Scopes,
  type StreamScope,
  tagAttribute,
  XML_NS,
  XMLNS_NS,
} from './namespaces.ts';

/** The bit by which attributes of that length, first and last byte are told apart in `seen`. */
export function seenBit(length: number, first: number, last: number): number {
  return 1 << ((length * 7 + first * 3 + last) & 31);
}

const XMLNS_BIT = seenBit(5, 0x78, 0x73);

/** The scope before a stream header. */
export const NO_SCOPE: StreamScope = {
  defaultNs: '',
  bindings: [],
  rootName: Buffer.alloc(0),
  lang: undefined,
};

const { SPACE } = chars;
const {
  ATTR_COLON,
  ATTR_FIELDS,
  ATTR_FLAGS,
  ATTR_NAME,
  ATTR_NAME_END,
  ATTR_VALUE,
  ATTR_VALUE_END,
} = layout;
const { CHILD_END, CHILD_FIELDS, CHILD_INNER, CHILD_INNER_END, CHILD_START, MAX_TABLE } = layout;

/** Whether the four ASCII bytes at pos are those of a big-endian number: no string is made to tell names apart. */
function isWord(buf: Uint8Array, pos: number, word: number): boolean {
  const high = (buf[pos]! << 24) | (buf[pos + 1]! << 16);
  return (high | (buf[pos + 2]! << 8) | buf[pos + 3]!) === word;
}

const FROM = 0x66726f6d;
const LANG = 0x6c616e67;
const TYPE = 0x74797065;
const XML_COLON = 0x786d6c3a;

/** The scanner's half that knows what tags mean. Fields are read by the tokenizer right after an event. */
export class TagSink implements RawTag {
  limits: XmlLimits;
  scope: StreamScope = NO_SCOPE;
  readonly scopes = new Scopes();
  // The tag being read.
  attrs: Int32Array = new Int32Array(8 * ATTR_FIELDS);
  attrCount = 0;
  elementName = 0;
  elementNameEnd = 0;
  elementColon = 0;
  /** Namespace of the last element name that had a prefix; of the root and of a stanza, always. */
  tagNs = '';
  protected seen = 0;
  protected needsResolving = false;
  protected xmlnsIndex = -1;
  // The stanza being read.
  /** Nothing was seen that forbids copying its content. */
  isPlain = true;
  name = '';
  ns = '';
  /** The default namespace that the stanza's children inherit. */
  innerNs = '';
  from: string | undefined = undefined;
  to: string | undefined = undefined;
  id: string | undefined = undefined;
  type: string | undefined = undefined;
  lang: string | undefined = undefined;
  /** Names and values, in turn, of attributes beyond those. */
  extra: string[] | undefined = undefined;
  contentStart = 0;
  contentEnd = 0;
  childCount = 0;
  mask = 0;
  readonly kinds: (ChildKind | undefined)[] = new Array<undefined>(MAX_TABLE).fill(undefined);
  readonly table = new Int32Array(MAX_TABLE * CHILD_FIELDS);
  /** The root's qualified name as written; set with OPENED. */
  rootName: Buffer = NO_SCOPE.rootName;
  protected readonly tables: Tables;

  constructor(tables: Tables, limits: XmlLimits) {
    this.tables = tables;
    this.limits = limits;
  }

  protected beginStanza(): void {
    this.isPlain = true;
    this.childCount = 0;
    this.mask = 0;
    this.from = this.to = this.id = this.type = undefined;
    this.lang = this.scope.lang;
    this.extra = undefined;
  }

  /** A head found by HeadTable stands for the kind of the child being read; undefined otherwise. */
  protected headKind: ChildKind | undefined = undefined;

  protected beginTag(): void {
    this.headKind = undefined;
    this.attrCount = 0;
    this.seen = 0;
    this.needsResolving = false;
    this.xmlnsIndex = -1;
  }

  /** The start tag that makes the number of open elements `depth` ends at pos. @throws XmlError */
  protected startTag(buf: Buffer, base: number, depth: number, lt: number, pos: number): void {
    let isPrefixed = false;
    if (this.needsResolving || this.elementColon !== 0) {
      const outcome = resolveTag(buf, base, depth, this, this.scopes, this);
      // A prefixed name is written anew although its prefix may be the child's own: so inheriting the stanza's
      // namespace stays a matter of elements without prefix, and copying and rewriting cannot differ in it.
      if (outcome !== 0) this.isPlain = false;
      isPrefixed = (outcome & PREFIXED_NAME) !== 0;
    }
    if (depth > 3) {
      if (this.xmlnsIndex >= 0) this.checkDeepDefault(buf, base);
      return;
    }
    if (depth === 3) {
      this.startChild(buf, base, lt, pos, isPrefixed);
      return;
    }
    const ownNs = this.xmlnsIndex >= 0 ? this.defaultNs(buf, base) : undefined;
    if (depth === 2) this.startStanza(buf, base, pos, ownNs, isPrefixed);
    else {
      this.innerNs = ownNs ?? '';
      this.ns = isPrefixed ? this.tagNs : this.innerNs;
      this.name = this.localName(buf, base);
    }
  }

  private localName(buf: Buffer, base: number): string {
    const start = base + (this.elementColon === 0 ? this.elementName : this.elementColon + 1);
    return this.tables.names.lookup(buf, start, base + this.elementNameEnd);
  }

  private defaultNs(buf: Buffer, base: number): string {
    const at = this.xmlnsIndex * ATTR_FIELDS;
    const attrs = this.attrs;
    let uri: string;
    if (attrs[at + ATTR_FLAGS] === 0) {
      uri = this.tables.namespaces.lookup(
        buf,
        base + attrs[at + ATTR_VALUE]!,
        base + attrs[at + ATTR_VALUE_END]!,
      );
    } else uri = tagAttribute(buf, base, attrs, this.xmlnsIndex);
    checkDefaultNamespace(uri);
    return uri;
  }

  /** Deep inside a child only the two reserved namespaces matter, and they are known by their length. */
  private checkDeepDefault(buf: Buffer, base: number): void {
    const at = this.xmlnsIndex * ATTR_FIELDS;
    const length = this.attrs[at + ATTR_VALUE_END]! - this.attrs[at + ATTR_VALUE]!;
    if (
      this.attrs[at + ATTR_FLAGS] !== 0 ||
      length === XML_NS.length ||
      length === XMLNS_NS.length
    ) {
      checkDefaultNamespace(tagAttribute(buf, base, this.attrs, this.xmlnsIndex));
    }
  }

  private startStanza(
    buf: Buffer,
    base: number,
    pos: number,
    ownNs: string | undefined,
    isPrefixed: boolean,
  ): void {
    this.innerNs = ownNs ?? this.scope.defaultNs;
    this.ns = isPrefixed ? this.tagNs : this.innerNs;
    this.name = this.localName(buf, base);
    this.contentStart = this.contentEnd = pos - base;
    const attrs = this.attrs;
    const values = this.tables.values;
    for (let i = 0; i < this.attrCount; i++) {
      const at = i * ATTR_FIELDS;
      const name = base + attrs[at + ATTR_NAME]!;
      const length = base + attrs[at + ATTR_NAME_END]! - name;
      const start = base + attrs[at + ATTR_VALUE]!;
      const end = base + attrs[at + ATTR_VALUE_END]!;
      const flags = attrs[at + ATTR_FLAGS]!;
      if (attrs[at + ATTR_COLON] !== 0) {
        // xml:lang travels in the rebuilt start tag; any other prefixed attribute of a stanza is dropped there.
        if (length === 8 && isWord(buf, name, XML_COLON) && isWord(buf, name + 4, LANG))
          this.lang = attributeValue(buf, start, end, flags);
        else this.isPlain = false;
        continue;
      }
      const a = buf[name]!;
      const b = buf[name + 1]!;
      if (length === 2 && a === 0x69 && b === 0x64) {
        // 'id': seldom seen twice, so not interned.
        this.id = attributeValue(buf, start, end, flags);
        continue;
      }
      if (i === this.xmlnsIndex) continue;
      const value =
        flags === 0 ? values.lookup(buf, start, end) : attributeValue(buf, start, end, flags);
      if (length === 2 && a === 0x74 && b === 0x6f) this.to = value;
      else if (length === 4 && isWord(buf, name, TYPE)) this.type = value;
      else if (length === 4 && isWord(buf, name, FROM)) this.from = value;
      else {
        this.extra ??= [];
        this.extra.push(this.tables.names.lookup(buf, name, name + length), value);
      }
    }
  }

  private startChild(
    buf: Buffer,
    base: number,
    lt: number,
    pos: number,
    isPrefixed: boolean,
  ): void {
    const kind = this.headKind ?? this.readKind(buf, base, isPrefixed);
    this.addChild(kind, lt - base, pos - base);
  }

  private addChild(kind: ChildKind, start: number, inner: number): void {
    const index = this.childCount++;
    if (index >= this.limits.maxChildren) fail('policy-violation', 'too many children');
    // Whoever declares the stanza's namespace anew, or the other one, would change meaning in another frame.
    if (this.xmlnsIndex >= 0 && (kind.claimsStanza || kind.ns === this.ns)) this.isPlain = false;
    if (index >= MAX_TABLE) {
      this.isPlain = false;
      return;
    }
    this.kinds[index] = kind;
    this.mask |= kind.bit;
    const at = index * CHILD_FIELDS;
    this.table[at + CHILD_START] = start;
    this.table[at + CHILD_INNER] = inner;
  }

  /** A child that is a head and `/>` and nothing else, from start to end. */
  protected addEmptyChild(slot: number, start: number, end: number): void {
    this.xmlnsIndex = 0;
    this.addChild(this.tables.heads.kindAt(slot), start, end);
    if (this.childCount > MAX_TABLE) return;
    const at = (this.childCount - 1) * CHILD_FIELDS;
    this.table[at + CHILD_INNER_END] = end;
    this.table[at + CHILD_END] = end;
  }

  private readKind(buf: Buffer, base: number, isPrefixed: boolean): ChildKind {
    const { attrs, elementName, elementNameEnd, elementColon, xmlnsIndex, tables } = this;
    const ownNs = xmlnsIndex >= 0 ? this.defaultNs(buf, base) : undefined;
    const ns = isPrefixed ? this.tagNs : (ownNs ?? this.innerNs);
    const start = base + (elementColon === 0 ? elementName : elementColon + 1);
    const kind = tables.kinds.lookup(buf, start, base + elementNameEnd, ns);
    if (
      xmlnsIndex === 0 &&
      elementColon === 0 &&
      attrs[ATTR_FLAGS] === 0 &&
      attrs[ATTR_NAME] === elementNameEnd + 1 &&
      buf[base + elementNameEnd] === SPACE &&
      attrs[ATTR_VALUE] === attrs[ATTR_NAME_END]! + 2
    ) {
      const end = base + attrs[ATTR_VALUE_END]! + 1;
      tables.heads.note(buf, start, elementNameEnd - elementName, end, kind);
    }
    return kind;
  }

  /** Takes over what a head says, as if it had been read. @returns where reading goes on, in the tag */
  protected takeHead(base: number, name: number, slot: number): number {
    const { heads } = this.tables;
    const { attrs } = this;
    const nameEnd = name - base + heads.nameLengthAt(slot);
    const end = name - base + heads.lengthAt(slot);
    this.headKind = heads.kindAt(slot);
    this.elementName = name - base;
    this.elementNameEnd = nameEnd;
    this.elementColon = 0;
    attrs[ATTR_NAME] = nameEnd + 1;
    attrs[ATTR_NAME_END] = nameEnd + 6;
    attrs[ATTR_COLON] = 0;
    attrs[ATTR_VALUE] = nameEnd + 8;
    attrs[ATTR_VALUE_END] = end - 1;
    attrs[ATTR_FLAGS] = 0;
    this.attrCount = 1;
    this.xmlnsIndex = 0;
    this.seen = XMLNS_BIT;
    return base + end;
  }

  /** An element ended and `depth` are left open; its end tag began at lt and ended at pos. */
  protected endTag(base: number, depth: number, lt: number, pos: number): void {
    if (depth === 2) {
      if (this.childCount <= MAX_TABLE) {
        const at = (this.childCount - 1) * CHILD_FIELDS;
        this.table[at + CHILD_INNER_END] = lt - base;
        this.table[at + CHILD_END] = pos - base;
      }
    } else if (depth === 1) this.contentEnd = lt - base;
    if (this.scopes.innermostDepth > depth) this.scopes.popTo(depth);
  }

  protected growAttributes(): void {
    const attrs = new Int32Array(this.attrs.length * 2);
    attrs.set(this.attrs);
    this.attrs = attrs;
  }
}
