// What the server and accounts say of themselves (XEP-0030), as data that modules add to and disco and caps read.
import { NS } from '../protocol/namespaces.ts';
import { renderForm, type Form } from '../protocol/forms.ts';
import type { Bytes } from '../xml/bytes.ts';
import { attribute } from '../xml/writer.ts';

/** Where a client looks: the server's own address, or an account's bare JID. */
export type DiscoPlace = 'host' | 'account';

/** XEP-0030 §3.1 */
export interface DiscoIdentity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

/** Everything that one answer to disco#info says. Forms are of type `result` with a FORM_TYPE (XEP-0128). */
export interface DiscoInfo {
  readonly identities: readonly DiscoIdentity[];
  readonly features: readonly string[];
  readonly forms: readonly Form[];
}

/** XEP-0030 §3.1, XEP-0115 §5.4: at least these two features; nothing twice, and always in the same order. */
const ALWAYS = [NS.discoInfo, NS.discoItems];

/** What modules have added so far, in the order in which they did. */
export class DiscoEntries {
  private said: readonly { readonly place: DiscoPlace; readonly what: Partial<DiscoInfo> }[] = [];

  /** @returns a function that takes it back */
  add(place: DiscoPlace, what: Partial<DiscoInfo>): () => void {
    const entry = { place, what };
    this.said = [...this.said, entry];
    return () => {
      this.said = this.said.filter((other) => other !== entry);
    };
  }

  /** @param declared features of declarations */
  info(place: DiscoPlace, declared: readonly string[]): DiscoInfo {
    const said = this.said.flatMap((entry) => (entry.place === place ? [entry.what] : []));
    const features = [...ALWAYS, ...declared, ...said.flatMap((what) => what.features ?? [])];
    return {
      identities: said.flatMap((what) => what.identities ?? []),
      features: [...new Set(features)].sort(),
      forms: said.flatMap((what) => what.forms ?? []),
    };
  }
}

/** The content of a <query/> of disco#info. */
export function discoContent({ identities, features, forms }: DiscoInfo): Bytes {
  const who = identities.map(({ category, type, name }) => {
    const named = name === undefined ? '' : attribute('name', name);
    return `<identity${attribute('category', category)}${attribute('type', type)}${named}/>`;
  });
  const what = features.map((feature) => `<feature${attribute('var', feature)}/>`);
  return [...who, ...what, ...forms.map(renderForm)].join('') as Bytes;
}
