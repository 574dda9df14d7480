// XEP-0055 (1.3): finding the users of a host by what their vCards say.
import type { Element } from '../../xml/element.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { folded } from '../../protocol/folding.ts';
import { renderForm, submittedForm } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { attribute, escapeText } from '../../xml/writer.ts';
import { DEFAULTS, type SearchOptions } from './defaults.ts';
import { SEARCH_SCHEMA, SearchStore } from './search-store.ts';

/** The fields that XEP-0055 §8.2 registers, in the order of the table. */
const FIELDS = [
  { name: 'first', label: 'Given Name' },
  { name: 'last', label: 'Family Name' },
  { name: 'nick', label: 'Nickname' },
  { name: 'email', label: 'Email Address' },
] as const;

const INSTRUCTIONS =
  'Fill in one or more fields. Each finds what contains it; upper and lower case are the same.';

/** What is asked for with fewer characters fits half the host. */
const MIN_CHARS = 2;
const MAX_CHARS = 256;

export const search: Module = {
  declaration: {
    name: 'search',
    summary: 'Finds users who want to be found, by name or address.',
    xeps: [{ spec: 'XEP-0055', version: '1.3', status: 'complete' }],
    features: { host: [NS.search] },
    options: async () => (await import('./options.ts')).OPTIONS,
    needs: ['vcard-temp'],
    stores: SEARCH_SCHEMA,
  },
  setup(host: ModuleHost): void {
    const options = { ...DEFAULTS, ...(host.options as Partial<SearchOptions> | undefined) };
    const store = new SearchStore(host.storage);
    host.iq('host', NS.search, 'query', (request) => {
      // SECURITY: who has an account here is for those who have one.
      if (!host.hosts.includes(request.from.domain)) throw new StanzaError('forbidden');
      return request.type === 'get' ? form() : find(host, store, options, request);
    });
  },
};

interface Found {
  readonly jid: string;
  readonly values: readonly string[];
}

function form(): Bytes {
  const fields = FIELDS.map(({ name, label }) => ({
    var: name,
    label,
    type: 'text-single' as const,
  }));
  const x = renderForm({
    kind: 'form',
    formType: NS.search,
    title: 'User search',
    instructions: INSTRUCTIONS,
    fields,
  });
  const plain = FIELDS.map(({ name }) => `<${name}/>`).join('');
  return `<query xmlns='${NS.search}'><instructions>${escapeText(INSTRUCTIONS)}</instructions>${plain}${x}</query>` as Bytes;
}

async function find(
  host: ModuleHost,
  store: SearchStore,
  { everyone, maxResults }: SearchOptions,
  { payload, to }: IqRequest,
): Promise<Bytes> {
  const submitted = submittedForm(payload, NS.search);
  const wanted = FIELDS.map(({ name }) =>
    submitted === undefined ? plainText(payload, name) : (submitted.values.get(name)?.[0] ?? ''),
  );
  const patterns = wanted.map(patternOf);
  if (patterns.every((pattern) => pattern === '%')) {
    throw new StanzaError('not-acceptable', 'modify', 'Fill in at least one field.');
  }
  const params = [to.domain, everyone ? 0 : 1, ...patterns, maxResults];
  const rows = await host.read(store.find, params);
  const found = rows.map(([local, shown]): Found => ({
    jid: `${local as string}@${to.domain}`,
    values: JSON.parse(shown as string) as string[],
  }));
  // XEP-0055 §2.1, §3: in the form in which it was asked.
  const content = submitted === undefined ? found.map(plainItem).join('') : formOf(found);
  return `<query xmlns='${NS.search}'>${content}</query>` as Bytes;
}

function plainText(payload: Element, name: string): string {
  return payload.getChild(name, NS.search)?.getText() ?? '';
}

/** @throws StanzaError not-acceptable for what is too short or too long to be looked for */
function patternOf(text: string): string {
  const wanted = folded(text).trim();
  if (wanted === '') return '%';
  if (wanted.length < MIN_CHARS || wanted.length > MAX_CHARS) {
    throw new StanzaError(
      'not-acceptable',
      'modify',
      `A field takes ${MIN_CHARS.toString()} to ${MAX_CHARS.toString()} characters.`,
    );
  }
  return `%${wanted.replace(/[!%_]/g, '!$&')}%`;
}

function plainItem({ jid, values }: Found): string {
  const fields = FIELDS.map(({ name }, i) => `<${name}>${escapeText(values[i] ?? '')}</${name}>`);
  return `<item${attribute('jid', jid)}>${fields.join('')}</item>`;
}

/** XEP-0055 §3, XEP-0004 §3.4: what is reported, then one item for each. */
function formOf(found: readonly Found[]): string {
  const reported = [{ name: 'jid', label: 'Address', type: 'jid-single' }].concat(
    FIELDS.map(({ name, label }) => ({ name, label, type: 'text-single' })),
  );
  const head = reported.map(
    ({ name, label, type }) => `<field var='${name}' type='${type}'${attribute('label', label)}/>`,
  );
  const items = found.map(({ jid, values }) => {
    const fields = [jid, ...values].map(
      (value, i) =>
        `<field var='${reported[i]?.name ?? ''}'><value>${escapeText(value)}</value></field>`,
    );
    return `<item>${fields.join('')}</item>`;
  });
  return `<x xmlns='${NS.dataForms}' type='result'><field var='FORM_TYPE' type='hidden'><value>${NS.search}</value></field><reported>${head.join('')}</reported>${items.join('')}</x>`;
}
