// Result set management: XEP-0059 (v1.0), the request and what goes with a page.
import type { Bytes } from '../xml/bytes.ts';
import { escapeText } from '../xml/writer.ts';
import type { ElementView } from './element-view.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';

/** Which page is asked for. With both `after` and `before`, what lies between the two. */
export interface PageRequest {
  /** Items at most; 0 asks for the count alone (§2.7); undefined leaves the size to the server. */
  readonly max: number | undefined;
  readonly after: string | undefined;
  /** '' asks for the last page (§2.5). */
  readonly before: string | undefined;
  /** Position of the first item (§2.6). */
  readonly index: number | undefined;
}

/** Nothing but the first page. */
export const FIRST_PAGE: PageRequest = {
  max: undefined,
  after: undefined,
  before: undefined,
  index: undefined,
};

export interface Page {
  /** Ids of the first and the last item; both absent if the page is empty. */
  readonly first?: string;
  readonly last?: string;
  /** Position of the first item in the whole set. */
  readonly firstIndex?: number;
  /** Items in the whole set. */
  readonly count?: number;
}

const DIGITS = /^\d+$/;
const LARGEST = 0x7fffffff;

/**
 * Reads the `<set/>` below a request element; the first page if there is none.
 * @throws StanzaError bad-request
 */
export function parsePageRequest(request: ElementView): PageRequest {
  const set = only(request.getChildren('set', NS.rsm), 'set');
  if (set === undefined) return FIRST_PAGE;
  const after = textOf(set, 'after');
  const page = {
    max: integerOf(set, 'max'),
    // COMPAT: some clients ask for the first page with an empty <after/>; no item has an empty id.
    after: after === '' ? undefined : after,
    before: textOf(set, 'before'),
    index: integerOf(set, 'index'),
  };
  if (page.index !== undefined && (page.after !== undefined || page.before !== undefined)) {
    throw malformed('<index/> goes with neither <after/> nor <before/>');
  }
  return page;
}

/** The `<set/>` that describes a page; an empty page has no `<first/>` and no `<last/>` (§2.2). */
export function resultSet(page: Page): Bytes {
  const { first, last, firstIndex, count } = page;
  const index = firstIndex === undefined ? '' : ` index='${firstIndex}'`;
  return `<set xmlns='${NS.rsm}'>${
    first === undefined ? '' : `<first${index}>${escapeText(first)}</first>`
  }${last === undefined ? '' : `<last>${escapeText(last)}</last>`}${
    count === undefined ? '' : `<count>${count}</count>`
  }</set>` as Bytes;
}

function only(elements: ElementView[], name: string): ElementView | undefined {
  if (elements.length > 1) throw malformed(`more than one <${name}/>`);
  return elements[0];
}

function textOf(set: ElementView, name: string): string | undefined {
  return only(set.getChildren(name, NS.rsm), name)?.getText();
}

function integerOf(set: ElementView, name: string): number | undefined {
  const text = textOf(set, name)?.trim();
  if (text === undefined) return undefined;
  if (!DIGITS.test(text)) throw malformed(`<${name}/> is not a whole number`);
  return Math.min(Number(text), LARGEST);
}

function malformed(text: string): StanzaError {
  return new StanzaError('bad-request', 'modify', text);
}
