// The forms of XEP-0133: fields that several of them share, and how what was filled in is read.
import type { Form, FormField, ReceivedForm } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';

export function adminForm(title: string, ...fields: readonly FormField[]): Form {
  return { kind: 'form', formType: NS.admin, title, fields };
}

export function resultForm(...fields: readonly FormField[]): Form {
  return { kind: 'result', formType: NS.admin, fields };
}

export const ACCOUNT: FormField = {
  var: 'accountjid',
  type: 'jid-single',
  label: 'The address of the account',
  required: true,
};

export const ACCOUNTS: FormField = {
  var: 'accountjids',
  type: 'jid-multi',
  label: 'The addresses of the accounts',
  required: true,
};

export const PASSWORD: FormField = {
  var: 'password',
  type: 'text-private',
  label: 'The password of the account',
  required: true,
};

const SIZES = ['25', '50', '75', '100', '150', '200'];

export const MAX_ITEMS: FormField = {
  var: 'max_items',
  type: 'list-single',
  label: 'How many are shown at most',
  options: [...SIZES.map((value) => ({ value, label: value })), { value: 'none', label: 'All' }],
};

export const DELAY: FormField = {
  var: 'delay',
  type: 'list-single',
  label: 'How long to wait before that',
  options: ['0', '30', '60', '90', '120', '180', '240', '300'].map((value) => ({
    value,
    label: `${value} seconds`,
  })),
};

export const ANNOUNCEMENT: FormField = {
  var: 'announcement',
  type: 'text-multi',
  label: 'What is announced to those on line',
};

/** The value of a field; '' if there is none. */
export function one(form: ReceivedForm, name: string): string {
  return form.values.get(name)?.[0]?.trim() ?? '';
}

/** Values of a field that may have several, empty ones left out. */
export function many(form: ReceivedForm, name: string): readonly string[] {
  return (form.values.get(name) ?? []).map((value) => value.trim()).filter((value) => value !== '');
}

/** Text of several lines. */
export function lines(form: ReceivedForm, name: string): string {
  return (form.values.get(name) ?? []).join('\n').trim();
}

/** How many items are wanted; undefined: all. */
export function limit(form: ReceivedForm): number | undefined {
  const value = Number(one(form, 'max_items'));
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
