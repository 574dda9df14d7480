// The one reader of XML: a scanner that checks everything in one pass and can stop and go on at any byte.
// XML 1.0 (fifth edition), Namespaces in XML 1.0, RFC 6120 §11. It finds and checks; tokenizer.ts makes stanzas of it.
import * as chars from './chars.ts';
import { fail } from './errors.ts';
import * as layout from './layout.ts';
import { hasXmlPrefix, isXmlns } from './namespaces.ts';
import { ScanState, wideLength } from './scan-state.ts';
import { seenBit } from './tag-sink.ts';

const { AMP, APOS, BANG, BRACKET_CLOSE, COLON, CR, EQUALS, GT, LF, LT } = chars;
const { QUESTION, QUOT, SLASH, SPACE, TAB } = chars;
const { IS_SPACE, NAME_STOP, NO_NAME_START, TEXT_STOP, VALUE_STOP } = chars;
const { ATTR_FIELDS, BETWEEN, NONE, HAS_RAW_SPACE, HAS_REFERENCE, HAS_WIDE } = layout;
const { CLOSED, DECLARED, OPENED, STANZA, SUSPENDED } = layout;

// What the next byte belongs to; BETWEEN is 0.
const TEXT = 1;
const TAG = 2;
const IN_TAG = 3;
const NAME = 4;
const EQ = 5;
const QUOTE = 6;
const VALUE = 7;
const TAG_DONE = 8;
const EMPTY = 9;
const END_NAME = 10;
const END_GT = 11;
const REFERENCE = 12;
const MARKUP = 13;
const CDATA = 14;
const DECLARATION = 15;

/** Reads a stream. Lent by the context while something is unfinished. */
export class Scanner extends ScanState {
  /**
   * Reads from `from` to `end`, or to the next event. After SUSPENDED the bytes from `base` on must be in front of the
   * next ones (unless isInsideMarkup is false), and reading goes on at `pos`, which is at most 3 bytes before `end`.
   * PERF(docs/performance.md): one loop of blocks in the order in which typical input needs them; the most ordinary tags
   * are read by quickTag() and HeadTable.
   * @throws XmlError; the scanner cannot be used after it
   */
  next(buf: Buffer, from: number, end: number): layout.ScanEvent {
    const recorder = this.recorder;
    const maxDepth = this.limits.maxDepth;
    const heads = this.tables.heads;
    const maxAttributes = this.limits.maxAttributes;
    let base = this.base;
    let pos = from;
    let state = this.state;
    let depth = this.depth;
    let tok = base + this.tok;
    let nameEnd = base + this.nameEnd;
    let colon = this.colon === NONE ? NONE : base + this.colon;
    let isAttribute = this.isAttribute;
    let val = base + this.val;
    let quote = this.quote;
    let flags = this.flags;
    let lt = base + this.lt;
    let mark = base + this.mark;
    let ref = base + this.ref;
    let back = this.back;
    let stack = this.stack;
    let event: layout.ScanEvent = SUSPENDED;

    scan: for (;;) {
      if (state === TEXT) {
        for (;;) {
          while (pos + 4 <= end) {
            const near = TEXT_STOP[buf[pos]!]! | (TEXT_STOP[buf[pos + 1]!]! << 1);
            const stops =
              near | (TEXT_STOP[buf[pos + 2]!]! << 2) | (TEXT_STOP[buf[pos + 3]!]! << 3);
            if (stops !== 0) {
              pos += 31 - Math.clz32(stops & -stops);
              break;
            }
            pos += 4;
          }
          while (pos < end && TEXT_STOP[buf[pos]!] === 0) pos++;
          if (pos >= end) break scan;
          const c = buf[pos]!;
          if (c === LT) break;
          if (c === AMP) {
            ref = pos++;
            back = TEXT;
            state = REFERENCE;
            continue scan;
          }
          if (c === GT) {
            // XML 1.0 §2.4: `]]>` must not be in character data. Tags and references end with other bytes.
            if (buf[pos - 1] === BRACKET_CLOSE && buf[pos - 2] === BRACKET_CLOSE) {
              fail('not-well-formed', ']]> in character data');
            }
            pos++;
          } else if (c === CR) {
            this.isPlain = false;
            pos++;
          } else if (c >= 0x80) {
            const length = wideLength(buf, pos, end);
            if (length === 0) break scan;
            pos += length;
          } else fail('not-well-formed', 'control character');
        }
        if (recorder !== null && pos > mark) recorder.text(buf, mark, pos);
        lt = pos++;
        state = TAG;
      }

      if (state === TAG) {
        if (pos >= end) break;
        const c = buf[pos]!;
        if (c === SLASH) {
          pos++;
          this.matched = 0;
          state = END_NAME;
        } else if (c === BANG) {
          pos++;
          this.matched = 0;
          state = MARKUP;
        } else if (c === QUESTION) {
          // RFC 6120 §11.1: no processing instructions; XML 1.0 §2.8: the declaration only at the very start.
          if (depth > 0 || !this.atStart) fail('restricted-xml', 'processing instruction');
          state = DECLARATION;
        } else {
          const useHeads = depth === 2 && recorder === null && maxDepth > 2;
          const head = useHeads ? heads.find(buf, pos, end) : -1;
          if (head >= 0) {
            const behind = pos + heads.lengthAt(head);
            if (behind + 1 < end && buf[behind] === SLASH && buf[behind + 1] === GT) {
              pos = behind + 2;
              this.addEmptyChild(head, lt - base, pos - base);
              state = TEXT;
              continue;
            }
            this.beginTag();
            stack[4] = pos - base;
            stack[5] = heads.nameLengthAt(head);
            pos = this.quickAttributes(buf, this.takeHead(base, pos, head), end, base);
            state = IN_TAG;
          } else {
            this.beginTag();
            const behind = depth < maxDepth ? this.quickTag(buf, pos, end, base) : -1;
            if (behind >= 0) {
              if (depth * 2 >= stack.length) stack = this.growStack();
              stack[depth * 2] = pos - base;
              stack[depth * 2 + 1] = this.elementNameEnd - this.elementName;
              pos = behind;
              state = IN_TAG;
            } else {
              tok = pos;
              colon = NONE;
              isAttribute = false;
              state = NAME;
            }
          }
        }
      }

      if (state === IN_TAG) {
        if (pos < end && buf[pos] === SPACE) pos++;
        if (pos < end && buf[pos]! <= SPACE) pos = this.skipSpace(buf, pos, end);
        if (pos >= end) break;
        const c = buf[pos]!;
        if (c === GT) {
          pos++;
          state = TAG_DONE;
        } else if (c === SLASH) {
          pos++;
          state = EMPTY;
        } else {
          if (IS_SPACE[buf[pos - 1]!] === 0)
            fail('not-well-formed', 'white space must precede an attribute');
          tok = pos;
          colon = NONE;
          isAttribute = true;
          state = NAME;
        }
      }

      if (state === NAME) {
        for (;;) {
          while (pos < end && NAME_STOP[buf[pos]!] === 0) pos++;
          if (pos >= end) break scan;
          const c = buf[pos]!;
          if (c === COLON) {
            // Namespaces in XML §4: a qualified name has one colon at most, inside.
            if (colon !== NONE || pos === tok) fail('not-well-formed', 'colon in a name');
            colon = pos++;
          } else if (c >= 0x80) {
            const length = wideLength(buf, pos, end);
            if (length === 0) break scan;
            const point = chars.codePoint(buf, pos, length);
            const isFirst = pos === tok || pos - 1 === colon;
            if (!(isFirst ? chars.isWideNameStart(point) : chars.isWideNameChar(point))) {
              fail('not-well-formed', 'character in a name');
            }
            pos += length;
          } else break;
        }
        // These two also find that a name, or the part behind the colon, is missing.
        if (NO_NAME_START[buf[tok]!] === 1) fail('not-well-formed', 'first character of a name');
        if (colon !== NONE && NO_NAME_START[buf[colon + 1]!] === 1) {
          fail('not-well-formed', 'first character of a local name');
        }
        if (pos - tok > this.limits.maxNameBytes) fail('policy-violation', 'name too long');
        nameEnd = pos;
        if (isAttribute) {
          state = EQ;
        } else {
          if (depth >= maxDepth) fail('policy-violation', 'elements too deep');
          if (depth * 2 >= stack.length) stack = this.growStack();
          stack[depth * 2] = tok - base;
          stack[depth * 2 + 1] = pos - tok;
          this.elementName = tok - base;
          this.elementNameEnd = pos - base;
          this.elementColon = colon === NONE ? 0 : colon - base;
          state = IN_TAG;
          continue;
        }
      }

      if (state === EQ) {
        if (pos < end && buf[pos]! <= SPACE) pos = this.skipSpace(buf, pos, end);
        if (pos >= end) break;
        const c = buf[pos]!;
        if (c !== EQUALS) fail('not-well-formed', 'attribute without a value');
        pos++;
        state = QUOTE;
      }

      if (state === QUOTE) {
        if (pos < end && buf[pos]! <= SPACE) pos = this.skipSpace(buf, pos, end);
        if (pos >= end) break;
        const c = buf[pos]!;
        if (c !== APOS && c !== QUOT) fail('not-well-formed', 'attribute value without quotes');
        quote = c;
        val = ++pos;
        flags = 0;
        state = VALUE;
      }

      if (state === VALUE) {
        for (;;) {
          while (pos < end && VALUE_STOP[buf[pos]!] === 0) pos++;
          if (pos >= end) break scan;
          const c = buf[pos]!;
          if (c === quote) break;
          if (c === QUOT || c === APOS) pos++;
          else if (c === AMP) {
            flags |= HAS_REFERENCE;
            ref = pos++;
            back = VALUE;
            state = REFERENCE;
            continue scan;
          } else if (c === TAB || c === LF || c === CR) {
            flags |= HAS_RAW_SPACE;
            if (c === CR) this.isPlain = false;
            pos++;
          } else if (c >= 0x80) {
            flags |= HAS_WIDE;
            const length = wideLength(buf, pos, end);
            if (length === 0) break scan;
            pos += length;
          } else if (c === LT) fail('not-well-formed', '< in an attribute value');
          else fail('not-well-formed', 'control character');
        }
        // The attribute is complete: note it, and whether resolveTag() has to look at this tag.
        const index = this.attrCount;
        if (index >= maxAttributes) fail('policy-violation', 'too many attributes');
        if (index * ATTR_FIELDS >= this.attrs.length) this.growAttributes();
        const attrs = this.attrs;
        const at = index * ATTR_FIELDS;
        attrs[at] = tok - base;
        attrs[at + 1] = nameEnd - base;
        attrs[at + 2] = colon === NONE ? 0 : colon - base;
        attrs[at + 3] = val - base;
        attrs[at + 4] = pos - base;
        attrs[at + 5] = flags;
        this.attrCount = index + 1;
        const length = nameEnd - tok;
        const bit = seenBit(length, buf[tok]!, buf[nameEnd - 1]!);
        if ((this.seen & bit) !== 0) this.needsResolving = true;
        this.seen |= bit;
        if (colon !== NONE) {
          if (!hasXmlPrefix(buf, tok, colon)) this.needsResolving = true;
        } else if (length === 5 && buf[tok] === 0x78 && isXmlns(buf, tok)) this.xmlnsIndex = index;
        pos++;
        state = IN_TAG;
        continue;
      }

      if (state === EMPTY) {
        if (pos >= end) break;
        if (buf[pos] !== GT) fail('not-well-formed', '/ in a tag');
        pos++;
      }

      if (state === TAG_DONE || state === EMPTY) {
        depth++;
        if (depth <= 3 || this.attrCount > 0 || this.elementColon !== 0) {
          this.startTag(buf, base, depth, lt, pos);
        }
        if (recorder !== null) recorder.start(buf, base, this);
        mark = pos;
        if (depth === 1) {
          const from = stack[0]!;
          this.rootName = Buffer.from(buf.subarray(base + from, base + from + stack[1]!));
          event = OPENED;
          this.rootIsEmpty = state === EMPTY;
          state = BETWEEN;
          break;
        }
        if (state === TAG_DONE) {
          state = TEXT;
          continue;
        }
        lt = pos;
        depth--;
      } else {
        if (state === END_NAME) {
          // XML 1.0 §3: the end tag's name is the start tag's.
          let name: Uint8Array = buf;
          let start = 0;
          let length = 0;
          if (depth > 1) {
            start = base + stack[depth * 2 - 2]!;
            length = stack[depth * 2 - 1]!;
          } else if (depth === 1) {
            name = this.scope.rootName;
            length = name.length;
          } else fail('not-well-formed', 'end tag without a start tag');
          let matched = this.matched;
          while (matched < length && pos < end && buf[pos] === name[start + matched]) {
            pos++;
            matched++;
          }
          this.matched = matched;
          if (matched < length) {
            if (pos >= end) break;
            fail('not-well-formed', 'end tag does not match');
          }
          state = END_GT;
        }

        if (state === END_GT) {
          if (pos < end && buf[pos]! <= SPACE) pos = this.skipSpace(buf, pos, end);
          if (pos >= end) break;
          const c = buf[pos]!;
          if (c !== GT) fail('not-well-formed', 'end tag does not match');
          pos++;
          depth--;
        } else {
          // The rest is rare, or happens once in a stanza.
          if (state === BETWEEN) {
            const before = pos;
            while (pos < end && IS_SPACE[buf[pos]!] === 1) pos++;
            if (pos > before && !this.lenientStart) this.atStart = false;
            if (pos >= end) break;
            if (buf[pos] !== LT) this.strayCharacter(buf, pos, depth);
            base = lt = pos++;
            this.beginStanza();
            state = TAG;
            continue;
          }
          if (state === REFERENCE) {
            pos = this.readReference(buf, ref, pos, end);
            if (pos < 0) break;
            state = back;
            continue;
          }
          if (state === MARKUP) {
            pos = this.readMarkup(buf, pos, end, depth);
            if (pos < 0) break;
            this.isPlain = false;
            mark = pos;
            state = CDATA;
          }
          if (state === CDATA) {
            while (pos < end) {
              const c = buf[pos]!;
              if (TEXT_STOP[c] === 0 || c === LT || c === AMP || c === CR) pos++;
              else if (c >= 0x80) {
                const length = wideLength(buf, pos, end);
                if (length === 0) break scan;
                pos += length;
              } else if (c !== GT) fail('not-well-formed', 'control character');
              else {
                pos++;
                const ends = buf[pos - 2] === BRACKET_CLOSE && buf[pos - 3] === BRACKET_CLOSE;
                if (ends && pos - 3 >= mark) {
                  if (recorder !== null) recorder.cdata(buf, mark, pos - 3);
                  mark = pos;
                  state = TEXT;
                  continue scan;
                }
              }
            }
            break;
          }
          // DECLARATION; prolog.ts reads it, once, when it is complete.
          while (pos < end && !(buf[pos] === GT && buf[pos - 1] === QUESTION)) pos++;
          if (pos >= end) break;
          pos++;
          this.atStart = false;
          event = DECLARED;
          state = BETWEEN;
          break;
        }
      }

      // An element has ended, at the depth that is left now.
      if (recorder !== null) recorder.end();
      this.endTag(base, depth, lt, pos);
      mark = pos;
      if (depth <= 1) {
        state = BETWEEN;
        event = depth === 1 ? STANZA : CLOSED;
        break;
      }
      state = TEXT;
    }

    // ~end stands for end where a rare token goes on in the next bytes.
    if (pos < 0) pos = ~pos;
    this.base = base;
    this.pos = pos;
    this.state = state;
    this.depth = depth;
    this.tok = tok - base;
    this.nameEnd = nameEnd - base;
    this.colon = colon === NONE ? NONE : colon - base;
    this.isAttribute = isAttribute;
    this.val = val - base;
    this.quote = quote;
    this.flags = flags;
    this.lt = lt - base;
    this.mark = mark - base;
    this.ref = ref - base;
    this.back = back;
    return event;
  }
}
