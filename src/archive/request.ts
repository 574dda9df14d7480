// What a query asks for: XEP-0313 (v1.1.3) §4.1, §4.3 and XEP-0059 (v1.0).
import type { ElementView } from '../protocol/element-view.ts';
import { submittedForm, renderForm, type ReceivedForm } from '../protocol/forms.ts';
import { JidError, parseJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { parsePageRequest } from '../protocol/rsm.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { parseTimestamp } from '../protocol/timestamp.ts';
import type { Bytes } from '../xml/bytes.ts';
import { firstIdAt, parseId } from './owner-ids.ts';

/** Messages of a page when the client does not say. */
const DEFAULT_PAGE = 50;

export interface ArchiveRequest {
  readonly queryId: string | undefined;
  readonly with: Jid | undefined;
  /** Ids between which, both excluded, all results lie; of `start` and `end` alone. */
  readonly above: number;
  readonly below: number;
  readonly after: number | undefined;
  readonly before: number | undefined;
  /** Fill the page from its end: an empty `<before/>`, or one without `<after/>`. */
  readonly backward: boolean;
  /** 0: only the count. */
  readonly max: number;
}

const FIELDS: ReadonlySet<string> = new Set(['with', 'start', 'end']);

/**
 * Reads `<query/>`.
 * @throws StanzaError bad-request, jid-malformed, feature-not-implemented, item-not-found (an id that is not in any archive)
 */
export function parseRequest(query: ElementView, maxPage: number): ArchiveRequest {
  // XEP-0313 §6.1.3: nodes are those of pubsub archives; an account has none.
  if (attributeOf(query, 'node') !== undefined) throw new StanzaError('item-not-found');
  // XEP-0313 §4.3.4: part of #extended.
  if (query.getChild('flip-page', NS.mam2) !== undefined) throw unsupported('flip-page');
  const form = submittedForm(query, NS.mam2);
  if (form !== undefined) checkFields(form);
  const page = parsePageRequest(query);
  // XEP-0059 §2.6: a set without positions.
  if (page.index !== undefined) throw unsupported('index');
  const start = timeField(form, 'start');
  const end = timeField(form, 'end');
  return {
    queryId: attributeOf(query, 'queryid'),
    with: jidField(form, 'with'),
    above: start === undefined ? 0 : Math.max(0, firstIdAt(start) - 1),
    below: end === undefined ? Number.MAX_SAFE_INTEGER : firstIdAt(end + 1),
    after: anchor(page.after),
    before: page.before === '' ? undefined : anchor(page.before),
    backward: page.before !== undefined && page.after === undefined,
    max: Math.min(page.max ?? DEFAULT_PAGE, maxPage),
  };
}

/** XEP-0313 §4.1.5: what a client may fill in. */
export function queryForm(): Bytes {
  return renderForm({
    kind: 'form',
    formType: NS.mam2,
    fields: [
      { var: 'with', type: 'jid-single' },
      { var: 'start', type: 'text-single' },
      { var: 'end', type: 'text-single' },
    ],
  });
}

function checkFields(form: ReceivedForm): void {
  // XEP-0313 §4.1: the FORM_TYPE must be there.
  if (form.formType === undefined) throw malformed('The form has no FORM_TYPE.');
  for (const [name, values] of form.values) {
    // XEP-0313 §4.1.5
    if (!FIELDS.has(name)) throw unsupported(name);
    if (values.length > 1) throw malformed(`The field ${name} has more than one value.`);
  }
}

function timeField(form: ReceivedForm | undefined, name: string): number | undefined {
  const value = form?.values.get(name)?.[0];
  if (value === undefined) return undefined;
  const time = parseTimestamp(value.trim());
  if (time === undefined) throw malformed(`The field ${name} is not a DateTime of XEP-0082.`);
  return time;
}

function jidField(form: ReceivedForm | undefined, name: string): Jid | undefined {
  const value = form?.values.get(name)?.[0];
  if (value === undefined) return undefined;
  try {
    return parseJid(value.trim());
  } catch (error) {
    if (error instanceof JidError) {
      throw new StanzaError('jid-malformed', 'modify', `The field ${name} is not a JID.`);
    }
    throw error;
  }
}

function anchor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const id = parseId(text);
  // XEP-0313 §4.3.2: an id that is not in the archive.
  if (id === undefined) throw new StanzaError('item-not-found');
  return id;
}

function attributeOf(element: ElementView, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : undefined;
}

function unsupported(what: string): StanzaError {
  return new StanzaError('feature-not-implemented', 'cancel', `${what} is not supported.`);
}

function malformed(text: string): StanzaError {
  return new StanzaError('bad-request', 'modify', text);
}
