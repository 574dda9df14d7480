// Entity capabilities: the verification string of XEP-0115 (v1.6.0) §5.1, for what we say and for what others say.
import { createHash } from 'node:crypto';
import type { Form } from './forms.ts';

/** What the string is made of; the answers of XEP-0030 and the server's own description both have it. */
export interface Capabilities {
  readonly identities: readonly {
    readonly category: string;
    readonly type: string;
    readonly name?: string;
    readonly lang?: string;
  }[];
  readonly features: readonly string[];
  /** Those without a FORM_TYPE do not count (§5.4, 3.6). */
  readonly forms: readonly Form[];
}

/** Hash functions by their names in the registry of IANA; sha-1 is mandatory to implement (§9.1). */
const HASHES = new Map([
  ['sha-1', 'sha1'],
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
]);

/** i;octet: by the bytes of UTF-8, which is not the order of UTF-16 for characters beyond the first plane. */
function byOctets(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort(byOctets);
}

/** The text that is hashed. */
export function verificationText({ identities, features, forms }: Capabilities): string {
  let text = '';
  const who = identities.map(
    ({ category, type, lang = '', name = '' }) => [`${category}/${type}/${lang}`, name] as const,
  );
  who.sort((a, b) => byOctets(a[0], b[0]) || byOctets(a[1], b[1]));
  for (const [place, name] of who) text += `${place}/${name}<`;
  for (const feature of sorted(features)) text += `${feature}<`;
  const typed = forms.flatMap(({ formType, fields }) =>
    formType === undefined ? [] : [{ formType, fields }],
  );
  typed.sort((a, b) => byOctets(a.formType, b.formType));
  for (const { formType, fields } of typed) {
    text += `${formType}<`;
    const named = fields.map((field) => ({ name: field.var ?? '', values: field.values ?? [] }));
    named.sort((a, b) => byOctets(a.name, b.name));
    for (const { name, values } of named) {
      text += `${name}<`;
      for (const value of sorted(values)) text += `${value}<`;
    }
  }
  return text;
}

/** @param hash as in the `hash` attribute @returns the `ver` attribute; undefined for a hash that is not supported */
export function verificationString(what: Capabilities, hash: string): string | undefined {
  const algorithm = HASHES.get(hash);
  if (algorithm === undefined) return undefined;
  return createHash(algorithm).update(verificationText(what)).digest('base64');
}

export function isSupportedHash(hash: string): boolean {
  return HASHES.has(hash);
}
