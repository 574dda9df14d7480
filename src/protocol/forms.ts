// Data forms: XEP-0004 (v2.13.2), with FORM_TYPE as XEP-0068 has it.
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr, escapeText } from '../xml/writer.ts';
import type { ElementView } from './element-view.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';

export type FormKind = 'form' | 'submit' | 'cancel' | 'result';

export type FieldType =
  | 'boolean'
  | 'fixed'
  | 'hidden'
  | 'jid-multi'
  | 'jid-single'
  | 'list-multi'
  | 'list-single'
  | 'text-multi'
  | 'text-private'
  | 'text-single';

/** A form as received. */
export interface ReceivedForm {
  readonly kind: FormKind;
  /** XEP-0068: what the fields mean. */
  readonly formType: string | undefined;
  /** Values by the field's `var`, in the order sent, FORM_TYPE left out. A field may have no value. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export interface FormField {
  /** May be absent only if the type is 'fixed'. */
  readonly var?: string;
  readonly type?: FieldType;
  readonly label?: string;
  readonly desc?: string;
  readonly required?: boolean;
  readonly values?: readonly string[];
  readonly options?: readonly { readonly value: string; readonly label?: string }[];
}

export interface Form {
  readonly kind: FormKind;
  readonly formType?: string;
  readonly title?: string;
  readonly instructions?: string;
  readonly fields: readonly FormField[];
}

const FORM_TYPE = 'FORM_TYPE';
const KINDS: readonly string[] = ['form', 'submit', 'cancel', 'result'] satisfies FormKind[];

/**
 * Reads an `<x xmlns='jabber:x:data'/>`.
 * @throws StanzaError bad-request: no known type, a field without a name, or the same name twice
 */
export function parseForm(x: ElementView): ReceivedForm {
  const kind = x.attrs['type'];
  if (kind === undefined || !KINDS.includes(kind)) {
    throw malformed('the form has no type that XEP-0004 knows');
  }
  const values = new Map<string, string[]>();
  for (const field of x.getChildren('field', NS.dataForms)) {
    const name = field.attrs['var'];
    if (name === undefined || name === '') {
      // XEP-0004 §3.2: only text for the eye may do without.
      if (field.attrs['type'] === 'fixed') continue;
      throw malformed('a field of the form has no var');
    }
    if (values.has(name)) throw malformed('a field of the form is there twice');
    values.set(
      name,
      field.getChildren('value', NS.dataForms).map((value) => value.getText()),
    );
  }
  const formType = values.get(FORM_TYPE)?.[0];
  values.delete(FORM_TYPE);
  return { kind: kind as FormKind, formType, values };
}

/**
 * The form submitted below an element; undefined if there is none or it was cancelled.
 * @param formType the only FORM_TYPE taken; a form without one is taken for it
 * @throws StanzaError bad-request
 */
export function submittedForm(parent: ElementView, formType: string): ReceivedForm | undefined {
  const x = parent.getChild('x', NS.dataForms);
  if (x === undefined) return undefined;
  const form = parseForm(x);
  if (form.kind === 'cancel') return undefined;
  if (form.kind !== 'submit') throw malformed("the form is not of the type 'submit'");
  if (form.formType !== undefined && form.formType !== formType) {
    throw malformed('the form has another FORM_TYPE than this request takes');
  }
  return form;
}

/** XEP-0004 §3.3: the lexical forms of XML Schema's boolean; undefined for anything else. */
export function parseBoolean(value: string | undefined): boolean | undefined {
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  return undefined;
}

/** The `<x/>` of a form. @throws XmlWriteError if a text holds characters that XML cannot carry */
export function renderForm(form: Form): Bytes {
  const formType =
    form.formType === undefined
      ? ''
      : renderField({ var: FORM_TYPE, type: 'hidden', values: [form.formType] });
  const head = textElement('title', form.title) + textElement('instructions', form.instructions);
  const fields = form.fields.map(renderField).join('');
  return `<x xmlns='${NS.dataForms}' type='${form.kind}'>${head}${formType}${fields}</x>` as Bytes;
}

function renderField(field: FormField): string {
  const attributes =
    attribute('var', field.var) + attribute('type', field.type) + attribute('label', field.label);
  const values = (field.values ?? [])
    // XEP-0004 §3.3: text of several lines is sent as a value for each line.
    .flatMap((value) => (field.type === 'text-multi' ? value.split('\n') : [value]))
    .map((value) => textElement('value', value))
    .join('');
  const options = (field.options ?? [])
    .map(
      ({ value, label }) =>
        `<option${attribute('label', label)}>${textElement('value', value)}</option>`,
    )
    .join('');
  const required = field.required === true ? '<required/>' : '';
  const content = textElement('desc', field.desc) + required + values + options;
  return content === '' ? `<field${attributes}/>` : `<field${attributes}>${content}</field>`;
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}='${escapeAttr(value)}'`;
}

function textElement(name: string, value: string | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeText(value)}</${name}>`;
}

function malformed(text: string): StanzaError {
  return new StanzaError('bad-request', 'modify', text);
}
