// How the scanner's tables of integers are laid out, and the bits it sets. All positions are relative to the stanza.
//
// PERF(docs/performance.md): V8 loads an imported constant from its module's cell at each use; a local one is folded
// into the code. So the files on the path copy what they need: `const { ATTR_NAME } = layout`. That is a sixth of it.

/** Fields of an attribute. */
export const ATTR_NAME = 0;
export const ATTR_NAME_END = 1;
/** Position of the colon, 0 if none. */
export const ATTR_COLON = 2;
export const ATTR_VALUE = 3;
export const ATTR_VALUE_END = 4;
/** HAS_ bits of the value. */
export const ATTR_FLAGS = 5;
export const ATTR_FIELDS = 6;

/** Bits of an attribute's value: it needs more than a copy. */
export const HAS_REFERENCE = 1;
export const HAS_RAW_SPACE = 2;
export const HAS_WIDE = 4;

/** Fields of a child. */
export const CHILD_START = 0;
export const CHILD_INNER = 1;
export const CHILD_INNER_END = 2;
export const CHILD_END = 3;
export const CHILD_FIELDS = 4;

/** Children that the table holds; a stanza with more is read again into a canonical form (see rewrite.ts). */
export const MAX_TABLE = 32;

/** Scanner.next(): all bytes were read; go on with the next ones. */
export const SUSPENDED = 0;
/** Scanner.next(): the root's start tag is complete. */
export const OPENED = 1;
/** Scanner.next(): a top-level element is complete, from `base` to `pos`. */
export const STANZA = 2;
/** Scanner.next(): the root's end tag is complete. */
export const CLOSED = 3;
/** Scanner.next(): the XML declaration is complete, from `base` to `pos`. */
export const DECLARED = 4;
export type ScanEvent = 0 | 1 | 2 | 3 | 4;

/** Scanner state: between two stanzas, or outside of the root. */
export const BETWEEN = 0;
/** No colon in the name. */
export const NONE = -1;
