// What of a vCard can be searched for (XEP-0055), read when the vCard is set.
import type { Element } from '../../xml/element.ts';
import { folded } from '../../protocol/folding.ts';
import { NS } from '../../protocol/namespaces.ts';

/** First name, last name, nickname, e-mail address, in this order; '' where there is none. */
export type Fields = readonly [first: string, last: string, nick: string, email: string];

export interface SearchFields {
  /** The owner wants to be found: <CLASS><PUBLIC/></CLASS> (RFC 2426 §3.7.1). */
  readonly listed: boolean;
  readonly shown: Fields;
  /** The same, folded, to be compared. */
  readonly keys: Fields;
}

const MAX_FIELD_CHARS = 256;

export function searchFields(vcard: Element): SearchFields {
  const name = child(vcard, 'N');
  const email = vcard.getChildren('EMAIL', NS.vcardTemp).map((one) => textOf(one, 'USERID'));
  const shown: Fields = [
    cut(textOf(name, 'GIVEN')),
    cut(textOf(name, 'FAMILY')),
    cut(textOf(vcard, 'NICKNAME')),
    cut(email.find((address) => address !== '') ?? ''),
  ];
  const [first, last, nick, mail] = shown;
  return {
    listed: child(child(vcard, 'CLASS'), 'PUBLIC') !== undefined,
    shown,
    keys: [folded(first), folded(last), folded(nick), folded(mail)],
  };
}

function child(of: Element | undefined, name: string): Element | undefined {
  return of?.getChild(name, NS.vcardTemp);
}

function textOf(of: Element | undefined, name: string): string {
  return (child(of, name)?.getText() ?? '').trim();
}

/** Not in the middle of a character. */
function cut(text: string): string {
  return text.length <= MAX_FIELD_CHARS
    ? text
    : Array.from(text).slice(0, MAX_FIELD_CHARS).join('');
}
