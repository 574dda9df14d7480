// What the server says itself, made once.
import type { XmlContext } from '../xml/xml-context.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';

export interface Words {
  readonly subscribe: Stanza;
  readonly subscribed: Stanza;
  readonly unsubscribe: Stanza;
  readonly unsubscribed: Stanza;
  readonly unavailable: Stanza;
  readonly probe: Stanza;
}

export function makeWords(xml: XmlContext): Words {
  const reader = new StanzaReader(xml);
  const word = (type: string): Stanza => reader.read(`<presence type='${type}'/>` as Bytes);
  return {
    subscribe: word('subscribe'),
    subscribed: word('subscribed'),
    unsubscribe: word('unsubscribe'),
    unsubscribed: word('unsubscribed'),
    unavailable: word('unavailable'),
    probe: word('probe'),
  };
}
