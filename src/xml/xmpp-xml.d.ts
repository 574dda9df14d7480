// The part of @xmpp/xml that this program uses; the package ships no types. Its parsers and toString() stay out.
declare module '@xmpp/xml' {
  export class Element {
    constructor(name: string, attrs?: Record<string, string | number | undefined | null>);
    name: string;
    parent: Element | null;
    children: (Element | string)[];
    attrs: Record<string, string>;
    /** Local name. */
    getName(): string;
    getNS(): string | undefined;
    findNS(prefix?: string): string | undefined;
    is(name: string, xmlns?: string): boolean;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildElements(): Element[];
    getChildText(name: string, xmlns?: string): string | null;
    getText(): string;
    append(...nodes: (Element | string)[]): void;
    remove(element: Element): this;
    remove(name: string, xmlns?: string): this;
    c(name: string, attrs?: Record<string, string | number | undefined | null>): Element;
    cnode(child: Element): Element;
    t(text: string): this;
    up(): Element;
    root(): Element;
  }
}
