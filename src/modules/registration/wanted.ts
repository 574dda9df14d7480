// What a registration asks for: the old fields of XEP-0077, or a data form, which takes precedence (§5).
import type { Element } from '../../xml/element.ts';
import { renderForm, submittedForm } from '../../protocol/forms.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { escapeText } from '../../xml/writer.ts';

export interface Wanted {
  /** As typed; undefined if there is none. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** @throws StanzaError bad-request for a malformed form */
export function readWanted(query: Element): Wanted {
  const form = submittedForm(query, NS.register);
  if (form !== undefined) {
    const value = (name: string): string | undefined => form.values.get(name)?.[0];
    return { username: value('username'), password: value('password') };
  }
  const text = (name: string): string | undefined => query.getChild(name, NS.register)?.getText();
  return { username: text('username'), password: text('password') };
}

const INSTRUCTIONS = 'Choose a name and a password.';

/** §3.1: what is needed. */
export function registrationFields(): Bytes {
  const fields = [
    { var: 'username', type: 'text-single' as const, label: 'Name', required: true },
    { var: 'password', type: 'text-private' as const, label: 'Password', required: true },
  ];
  const form = { kind: 'form' as const, formType: NS.register, instructions: INSTRUCTIONS, fields };
  return `<query xmlns='${NS.register}'><instructions>${INSTRUCTIONS}</instructions><username/><password/>${renderForm(form)}</query>` as Bytes;
}

/** §3.1: for somebody who has an account. */
export function registeredFields(local: string): Bytes {
  return `<query xmlns='${NS.register}'><registered/><username>${escapeText(local)}</username><password/></query>` as Bytes;
}

/** §3.2: whether the account is to go. @throws StanzaError bad-request if it is not all that is asked */
export function isRemoval(query: Element): boolean {
  if (query.getChild('remove', NS.register) === undefined) return false;
  const elements = query.children.filter((child) => typeof child === 'object');
  if (elements.length !== 1) throw new StanzaError('bad-request', 'modify', 'Remove stands alone.');
  return true;
}
