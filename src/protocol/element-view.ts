// What the parsers of this folder need of an element; the trees that modules get satisfy it.

/** The reading half of an element tree, by namespace only. */
export interface ElementView {
  readonly attrs: Readonly<Record<string, string | undefined>>;
  getChild(name: string, ns: string): ElementView | undefined;
  getChildren(name: string, ns: string): ElementView[];
  /** Character data directly below. */
  getText(): string;
}
