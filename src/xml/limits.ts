// Bounds on what one stream may send; whoever exceeds one gets policy-violation (RFC 6120 §4.9.3.14).

export interface XmlLimits {
  /** Bytes from a stanza's `<` to its last `>`, of the stream header, and of a stanza that had to be rewritten. */
  readonly maxStanzaBytes: number;
  /** Open elements, the stream's root included. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
  /** Direct children of one stanza. */
  readonly maxChildren: number;
  /** Bytes of one element or attribute name. */
  readonly maxNameBytes: number;
}

/** After log-in. */
export const STANZA_LIMITS: XmlLimits = {
  maxStanzaBytes: 262_144,
  maxDepth: 128,
  maxAttributes: 64,
  maxChildren: 1024,
  maxNameBytes: 1024,
};

/** Before log-in. */
export const EARLY_LIMITS: XmlLimits = {
  ...STANZA_LIMITS,
  maxStanzaBytes: 16_384,
  maxDepth: 16,
  maxChildren: 64,
};
