// An answer to disco#info as XEP-0115 (v1.6.0) §5.4 wants it read before anything of it is believed.
import type { Element } from '../../xml/element.ts';
import type { Capabilities } from '../../protocol/caps.ts';
import type { Form } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';

/** SECURITY: what one client says of itself is kept for all: there is an end to it. */
const MAX_FEATURES = 1000;
const MAX_IDENTITIES = 100;
const MAX_FORMS = 20;

/** @returns undefined for what is ill-formed or too much */
export function readCapabilities(query: Element): Capabilities | undefined {
  const identities = query.getChildren('identity', NS.discoInfo).map((identity) => ({
    category: attr(identity, 'category'),
    type: attr(identity, 'type'),
    lang: attr(identity, 'xml:lang'),
    name: attr(identity, 'name'),
  }));
  const features = query.getChildren('feature', NS.discoInfo).map((one) => attr(one, 'var'));
  const forms: Form[] = [];
  for (const x of query.getChildren('x', NS.dataForms)) {
    const form = readForm(x);
    if (form === 'ill-formed') return undefined;
    if (form !== undefined) forms.push(form);
  }
  const isTooMuch =
    features.length > MAX_FEATURES ||
    identities.length > MAX_IDENTITIES ||
    forms.length > MAX_FORMS;
  // §5.4, 3.3 to 3.5: nothing twice.
  const isIllFormed =
    hasTwice(identities.map((one) => Object.values(one).join('/'))) ||
    hasTwice(features) ||
    hasTwice(forms.map((form) => form.formType ?? ''));
  return isTooMuch || isIllFormed ? undefined : { identities, features, forms };
}

/** @returns undefined for a form that does not count (§5.4, 3.6) */
function readForm(x: Element): Form | 'ill-formed' | undefined {
  const fields = x.getChildren('field', NS.dataForms).map((field) => ({
    var: attr(field, 'var'),
    type: attr(field, 'type'),
    values: field.getChildren('value', NS.dataForms).map((value) => value.getText()),
  }));
  const types = fields.filter((field) => field.var === 'FORM_TYPE');
  const [type] = types;
  if (type?.type !== 'hidden') return undefined;
  // §5.4, 3.5: one FORM_TYPE with one value.
  const values = new Set(types.flatMap((field) => field.values));
  const [formType] = values;
  if (formType === undefined || values.size > 1) return 'ill-formed';
  const others = fields.filter((field) => field.var !== 'FORM_TYPE');
  return {
    kind: 'result',
    formType,
    fields: others.map((field) => ({ var: field.var, values: field.values })),
  };
}

function hasTwice(texts: readonly string[]): boolean {
  return new Set(texts).size !== texts.length;
}

function attr(element: Element, name: string): string {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : '';
}
