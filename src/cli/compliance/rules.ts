// What the Conversations compliance tester asks of a server, as data: its 25 tests by their short names. Four are for
// information and do not count.
import type { Entity, Facts } from './facts.ts';

export interface Rule {
  readonly name: string;
  /** The specification that it is about. */
  readonly spec: string;
  readonly scored: boolean;
  /** What is asked, and of whom. */
  readonly asks: string;
  readonly passes: (facts: Facts) => boolean;
  /** What an operator can do about a miss. */
  readonly todo: string;
}

/** Where no option brings it. */
export const NOT_HERE = 'This version of the server does not have it.';

const inFeatures = (features: ReadonlySet<string>, name: string, ns: string): boolean =>
  features.has(`${name} ${ns}`);
const some = (entities: readonly Entity[], feature: string): boolean =>
  entities.some(({ features }) => features.has(feature));
const archives = ({ features }: Entity): boolean =>
  [...features].some((feature) => /^urn:xmpp:mam:[012]$/.test(feature));

export const MUC = 'http://jabber.org/protocol/muc';
export const UPLOAD = 'urn:xmpp:http:upload:0';
const MODULE = (name: string): string =>
  `The module ${name} is switched off: look at \`modules\` in the configuration.`;

export const RULES: readonly Rule[] = [
  {
    name: 'abuse-contact',
    spec: 'XEP-0157',
    scored: false,
    asks: 'an address for complaints about abuse in the disco#info of the domain',
    passes: ({ host }) => (host.fields.get('abuse-addresses') ?? []).length > 0,
    todo: 'Set `modules.contact-addresses.abuse` to an address such as mailto:abuse@ your domain.',
  },
  {
    name: 'xep0156',
    spec: 'XEP-0156',
    scored: false,
    asks: 'host-meta with links to WebSocket or BOSH that answer',
    passes: ({ listeners }) => listeners.has('websocket') || listeners.has('bosh'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0198',
    spec: 'XEP-0198',
    scored: true,
    asks: 'stream management in the stream features',
    passes: ({ featuresAfter }) => inFeatures(featuresAfter, 'sm', 'urn:xmpp:sm:3'),
    todo: 'It is always on: this is a bug.',
  },
  {
    name: 'xep0352',
    spec: 'XEP-0352',
    scored: true,
    asks: 'client state indication in the stream features',
    passes: ({ featuresAfter }) => inFeatures(featuresAfter, 'csi', 'urn:xmpp:csi:0'),
    todo: MODULE('csi'),
  },
  {
    name: 'xep0115',
    spec: 'XEP-0115',
    scored: true,
    asks: 'entity capabilities in the stream features',
    passes: ({ featuresAfter }) =>
      inFeatures(featuresAfter, 'c', 'http://jabber.org/protocol/caps'),
    todo: MODULE('caps'),
  },
  {
    name: 'roster_versioning',
    spec: 'RFC 6121',
    scored: true,
    asks: 'roster versioning in the stream features',
    passes: ({ featuresAfter }) => inFeatures(featuresAfter, 'ver', 'urn:xmpp:features:rosterver'),
    todo: MODULE('roster'),
  },
  {
    name: 'xep0191',
    spec: 'XEP-0191',
    scored: true,
    asks: 'blocking, of the domain',
    passes: ({ host }) => host.features.has('urn:xmpp:blocking'),
    todo: MODULE('blocking'),
  },
  {
    name: 'xep0280',
    spec: 'XEP-0280',
    scored: true,
    asks: 'message carbons, of the domain',
    passes: ({ host }) => host.features.has('urn:xmpp:carbons:2'),
    todo: MODULE('carbons'),
  },
  {
    name: 'xep0160',
    spec: 'XEP-0160',
    scored: true,
    asks: 'messages for users who are off line, of the domain',
    passes: ({ host }) => host.features.has('msgoffline'),
    todo: MODULE('offline'),
  },
  {
    name: 'xep0313',
    spec: 'XEP-0313',
    scored: true,
    asks: 'a message archive, of the own account',
    passes: ({ account }) => archives(account),
    todo: MODULE('archive'),
  },
  {
    name: 'xep0357',
    spec: 'XEP-0357',
    scored: true,
    asks: 'push notifications, of the own account',
    passes: ({ account }) => account.features.has('urn:xmpp:push:0'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0398',
    spec: 'XEP-0398',
    scored: true,
    asks: 'conversion of avatars, of the own account',
    passes: ({ account }) => account.features.has('urn:xmpp:pep-vcard-conversion:0'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0411',
    spec: 'XEP-0411',
    scored: true,
    asks: 'conversion of bookmarks, of the own account',
    passes: ({ account }) => account.features.has('urn:xmpp:bookmarks-conversion:0'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0163',
    spec: 'XEP-0163',
    scored: true,
    asks: 'personal eventing, of the own account',
    passes: ({ account }) => account.identities.has('pubsub/pep'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0384',
    spec: 'XEP-0384',
    scored: true,
    asks: 'keys that anybody may read: personal eventing with publish options',
    passes: ({ account }) =>
      account.identities.has('pubsub/pep') &&
      account.features.has('http://jabber.org/protocol/pubsub#publish-options'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0045',
    spec: 'XEP-0045',
    scored: true,
    asks: 'group chat, of an item of the domain',
    passes: ({ host, items }) => some([host, ...items], MUC),
    todo: NOT_HERE,
  },
  {
    name: 'xep0363',
    spec: 'XEP-0363',
    scored: true,
    asks: 'file upload, of an item of the domain',
    passes: ({ host, items }) => some([host, ...items], UPLOAD),
    todo: NOT_HERE,
  },
  {
    name: 'xep0363_cors',
    spec: 'XEP-0363',
    scored: false,
    asks: 'upload from web pages of other origins',
    passes: ({ host, items, listeners }) => some([host, ...items], UPLOAD) && listeners.has('http'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0065',
    spec: 'XEP-0065',
    scored: true,
    asks: 'a SOCKS5 proxy for files, of an item of the domain',
    passes: ({ items }) => some(items, 'http://jabber.org/protocol/bytestreams'),
    todo: NOT_HERE,
  },
  {
    name: 'xep0313muc',
    spec: 'XEP-0313',
    scored: true,
    asks: 'a message archive, of a new room',
    passes: ({ items }) => items.some((item) => item.features.has(MUC) && archives(item)),
    todo: NOT_HERE,
  },
  {
    name: 'vcard_muc',
    spec: 'XEP-0153',
    scored: true,
    asks: 'a picture, of a new room',
    passes: ({ items }) =>
      items.some(({ features }) => features.has(MUC) && features.has('vcard-temp')),
    todo: NOT_HERE,
  },
  {
    name: 'xep0077',
    spec: 'XEP-0077',
    scored: false,
    asks: 'registration in the features of a stream before log-in',
    passes: ({ featuresBefore }) =>
      inFeatures(featuresBefore, 'register', 'http://jabber.org/features/iq-register'),
    todo: 'Off on purpose: `modules.registration.enabled` lets anybody make an account.',
  },
  {
    name: 'stun',
    spec: 'XEP-0215',
    scored: true,
    asks: 'a STUN server',
    passes: ({ services }) =>
      services.some(
        ({ type, transport, host, port }) =>
          /^stuns?$/.test(type) && /^(udp|tcp)$/.test(transport) && host !== '' && port !== '',
      ),
    todo: 'List one in `modules.external-services.services`, with transport, host and port.',
  },
  {
    name: 'turn',
    spec: 'XEP-0215',
    scored: true,
    asks: 'a TURN server with name and password',
    passes: ({ services }) =>
      services.some(({ type, hasCredentials }) => /^turns?$/.test(type) && hasCredentials),
    todo: 'List one in `modules.external-services.services`, with its secret.',
  },
  {
    name: 'xep0368',
    spec: 'XEP-0368',
    scored: true,
    asks: 'TLS from the first byte, with a certificate that clients trust',
    passes: ({ directTls }) =>
      directTls !== undefined &&
      directTls.alpn &&
      directTls.names &&
      directTls.trusted &&
      directTls.declaration,
    todo: 'Have a listener of kind c2s-tls, and name a certificate of an authority in `hosts`. The SRV record _xmpps-client._tcp is not looked at here.',
  },
];
