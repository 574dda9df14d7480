// XML as a test sees it: read by saxes, a reader that shares nothing with the server's, and compared as trees.
import { SaxesParser } from 'saxes';

/** An element with its namespace resolved; `xmlns` attributes are gone, `xml:lang` is kept under that name. */
export interface Element {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (Element | string)[];
}

interface Open {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Record<string, string>;
  readonly children: (Element | string)[];
}

export interface StreamEvents {
  header(header: Element): void;
  element(element: Element): void;
  /** `</stream:stream>` */
  closeTag(): void;
  /** What was received is not XML. */
  broken(error: Error): void;
}

/** Reads one stream, from its header to its close tag. */
export class StreamParser {
  private readonly parser = new SaxesParser({ xmlns: true });
  private readonly open: Open[] = [];

  constructor(events: StreamEvents) {
    const { parser, open } = this;
    parser.on('opentag', (tag) => {
      const attrs: Record<string, string> = {};
      for (const { local, prefix, value } of Object.values(tag.attributes)) {
        if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) continue;
        attrs[prefix === '' ? local : `${prefix}:${local}`] = value;
      }
      const element = { name: tag.local, ns: tag.uri, attrs, children: [] };
      open.push(element);
      if (open.length === 1) events.header(element);
    });
    parser.on('text', (text) => {
      if (open.length > 1) open.at(-1)?.children.push(text);
    });
    parser.on('closetag', () => {
      const done = open.pop() as Open;
      if (open.length === 0) events.closeTag();
      else if (open.length === 1) events.element(done);
      else open.at(-1)?.children.push(done);
    });
    parser.on('error', (error) => events.broken(error));
  }

  write(text: string): void {
    this.parser.write(text);
  }
}

/** Elements written side by side, in the namespace of client stanzas unless they say otherwise. */
export function parseElements(xml: string): Element[] {
  const found: Element[] = [];
  const parser = new StreamParser({
    header: () => undefined,
    element: (element) => void found.push(element),
    closeTag: () => undefined,
    broken: (error) => {
      throw error;
    },
  });
  parser.write(`<x xmlns='jabber:client'>${xml}</x>`);
  return found;
}

export function childrenOf(element: Element): Element[] {
  return element.children.filter((child): child is Element => typeof child !== 'string');
}

export function childOf(element: Element, name: string, ns?: string): Element | undefined {
  return childrenOf(element).find(
    (child) => child.name === name && (ns === undefined || child.ns === ns),
  );
}

/** All text directly inside. */
export function textOf(element: Element | undefined): string {
  return element?.children.filter((child) => typeof child === 'string').join('') ?? '';
}

/** Body of a message. */
export function bodyOf(element: Element): string | undefined {
  const body = childOf(element, 'body', 'jabber:client');
  return body === undefined ? undefined : textOf(body);
}

/** Condition of a stanza error or a stream error, undefined where there is none. */
export function conditionOf(element: Element): string | undefined {
  const error = element.name === 'error' ? element : childOf(element, 'error');
  return error && childrenOf(error).find((child) => child.name !== 'text')?.name;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '\r': '&#xD;',
};
const escape = (text: string): string => text.replace(/[&<>'\r]/g, (char) => ESCAPES[char] ?? char);

/** One way of writing for one meaning: attributes in order, namespaces where they change. */
export function canonical(element: Element, inherited = 'jabber:client'): string {
  const xmlns = element.ns === inherited ? '' : ` xmlns='${escape(element.ns)}'`;
  const attrs = Object.entries(element.attrs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ` ${name}='${escape(value)}'`)
    .join('');
  const content = element.children
    .map((child) => (typeof child === 'string' ? escape(child) : canonical(child, element.ns)))
    .join('');
  const head = `<${element.name}${xmlns}${attrs}`;
  return content === '' ? `${head}/>` : `${head}>${content}</${element.name}>`;
}

/** Values that a pattern named (`$id`) and found. */
export type Captures = Map<string, string>;

/**
 * Compares with a pattern. `*` stands for any value or text; `$name` for any value, the same wherever it is written.
 * @returns what differs, undefined if nothing does
 */
export function difference(
  pattern: Element,
  actual: Element,
  captures: Captures = new Map(),
): string | undefined {
  const where = `<${pattern.name}>`;
  if (pattern.name !== actual.name || pattern.ns !== actual.ns)
    return `<${actual.name} xmlns='${actual.ns}'> instead of <${pattern.name} xmlns='${pattern.ns}'>`;
  for (const name of new Set([...Object.keys(pattern.attrs), ...Object.keys(actual.attrs)])) {
    const wanted = pattern.attrs[name];
    const found = actual.attrs[name];
    if (wanted === undefined) return `${where} has an attribute ${name}='${found ?? ''}'`;
    if (found === undefined) return `${where} has no attribute ${name}`;
    if (!fits(wanted, found, captures)) return `${where} has ${name}='${found}', not '${wanted}'`;
  }
  const wanted = content(pattern);
  const found = content(actual);
  if (wanted.length !== found.length) return `${where} has other content`;
  for (const [at, part] of wanted.entries()) {
    const other = found[at] as Element | string;
    if (typeof part === 'string' || typeof other === 'string') {
      if (typeof part !== 'string' || typeof other !== 'string')
        return `${where} has other content`;
      if (!fits(part, other, captures)) return `${where} says "${other}", not "${part}"`;
      continue;
    }
    const inner = difference(part, other, captures);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function fits(wanted: string, found: string, captures: Captures): boolean {
  if (wanted === '*') return true;
  if (!/^\$\w+$/.test(wanted)) return wanted === found;
  const known = captures.get(wanted);
  if (known === undefined) captures.set(wanted, found);
  return known === undefined || known === found;
}

/** White space between elements means nothing in a pattern. */
function content({ children }: Element): (Element | string)[] {
  const hasElements = children.some((child) => typeof child !== 'string');
  return children.filter(
    (child) => typeof child !== 'string' || !hasElements || child.trim() !== '',
  );
}
