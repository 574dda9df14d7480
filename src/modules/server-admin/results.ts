// Ends of XEP-0133's commands: what is told to the administrator.
import type { RosterItem, WaitingCount } from '../../admin/account-data-commands.ts';
import type { AccountInfo, AccountPage } from '../../admin/user-commands.ts';
import type { DoneStep } from '../../host/ad-hoc.ts';
import { renderForm, type FormField, type ReceivedForm } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';
import { formatTimestamp } from '../../protocol/timestamp.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { attribute, escapeText } from '../../xml/writer.ts';
import { many, resultForm } from './forms.ts';

export function done(): DoneStep {
  return { done: true };
}

export function failed(text: string): DoneStep {
  return { done: true, note: { type: 'error', text } };
}

export function told(...fields: readonly FormField[]): DoneStep {
  return { done: true, payload: renderForm(resultForm(...fields)) };
}

interface Tried<T> {
  readonly found: readonly (readonly [address: string, result: T])[];
  readonly problems: readonly string[];
}

/** Tries each address of the form, so that one that is wrong does not spare the others. */
async function tryEach<T>(
  form: ReceivedForm,
  act: (address: string) => Promise<T>,
): Promise<Tried<T>> {
  const found: (readonly [string, T])[] = [];
  const problems: string[] = [];
  for (const address of new Set(many(form, 'accountjids'))) {
    try {
      found.push([address, await act(address)]);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      problems.push(`${address}: ${error.message}`);
    }
  }
  return { found, problems };
}

function withProblems(step: DoneStep, problems: readonly string[]): DoneStep {
  if (problems.length === 0) return step;
  return { ...step, note: { type: 'error', text: problems.join('\n') } };
}

export async function eachOf(
  form: ReceivedForm,
  act: (address: string) => Promise<unknown>,
): Promise<DoneStep> {
  const { problems } = await tryEach(form, act);
  return withProblems(done(), problems);
}

/** §4.8: rosters stand inside the form, behind its fields. */
export async function rosters(
  form: ReceivedForm,
  show: (address: string) => Promise<{ readonly items: readonly RosterItem[] }>,
): Promise<DoneStep> {
  const { found, problems } = await tryEach(form, show);
  const addresses = found.map(([address]) => address);
  const fields = renderForm(
    resultForm({ var: 'accountjids', type: 'jid-multi', values: addresses }),
  );
  const queries = found.map(([, { items }]) => rosterXml(items)).join('');
  const payload = fields.replace(/<\/x>$/, () => `${queries}</x>`) as Bytes;
  return withProblems({ done: true, payload }, problems);
}

function rosterXml(items: readonly RosterItem[]): string {
  const all = items.map(({ jid, name, subscription, ask, groups }) => {
    const attributes =
      attribute('jid', jid) +
      (name === '' ? '' : attribute('name', name)) +
      attribute('subscription', subscription) +
      (ask ? " ask='subscribe'" : '');
    const inner = groups.map((group) => `<group>${escapeText(group)}</group>`).join('');
    return inner === '' ? `<item${attributes}/>` : `<item${attributes}>${inner}</item>`;
  });
  return `<query xmlns='${NS.roster}'>${all.join('')}</query>`;
}

/** §4.9: one value for each address, in their order; XEP-0082's DateTime, or `never`. */
export async function lastLogIns(
  form: ReceivedForm,
  info: (address: string) => Promise<AccountInfo>,
): Promise<DoneStep> {
  const { found, problems } = await tryEach(form, info);
  const values = found.map(([, { lastLoginAt }]) =>
    lastLoginAt === undefined ? 'never' : formatTimestamp(lastLoginAt),
  );
  const step = told(
    { var: 'accountjids', type: 'jid-multi', values: found.map(([address]) => address) },
    { var: 'lastlogin', type: values.length > 1 ? 'text-multi' : 'text-single', values },
  );
  return withProblems(step, problems);
}

/** §4.10: those of its fields that the server knows, and some that it adds. */
export function statistics(info: AccountInfo, rosterSize: number, waiting: WaitingCount): DoneStep {
  return told(
    { var: 'accountjid', type: 'jid-single', values: [info.address] },
    { var: 'rostersize', values: [String(rosterSize)] },
    { var: 'onlineresources', type: 'text-multi', values: info.resources },
    {
      var: 'lastlogin',
      values: info.lastLoginAt === undefined ? [] : [formatTimestamp(info.lastLoginAt)],
    },
    { var: 'x-created', label: 'Made', values: [formatTimestamp(info.createdAt)] },
    { var: 'x-disabled', label: 'Disabled', type: 'boolean', values: [info.disabled ? '1' : '0'] },
    {
      var: 'x-waiting',
      label: 'Messages that wait',
      values: [String(waiting.pending + waiting.archived)],
    },
  );
}

/** What one answer may hold: an iq is a stanza, and clients have limits too. */
const MAX_LISTED = 5000;

/** §4.18: a list may be cut short; a note says so. */
export async function lists(
  field: string,
  limit: number | undefined,
  page: (after: { after?: string }) => Promise<AccountPage>,
): Promise<DoneStep> {
  const max = Math.min(limit ?? MAX_LISTED, MAX_LISTED);
  const all: string[] = [];
  let after: string | undefined;
  do {
    const { accounts, next } = await page(after === undefined ? {} : { after });
    all.push(...accounts);
    after = next;
  } while (after !== undefined && all.length < max);
  const step = told({ var: field, type: 'jid-multi', values: all.slice(0, max) });
  const isCut = all.length > max || after !== undefined;
  return isCut
    ? { ...step, note: { type: 'info', text: `These are the first ${String(max)}.` } }
    : step;
}
