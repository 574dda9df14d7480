import type { Entity, Facts } from './facts.ts';
import { RULES } from './rules.ts';
import { SUITES } from './suites.ts';
import { judge } from './verdict.ts';

const NOBODY: Entity = { identities: new Set(), features: new Set(), fields: new Map() };

const BARE: Facts = {
  domain: 'example.org',
  listeners: new Set(['c2s']),
  directTls: undefined,
  encrypted: true,
  featuresBefore: new Set(),
  featuresAfter: new Set(),
  host: NOBODY,
  account: NOBODY,
  items: [],
  services: [],
  answers: new Set(),
};

const entity = (features: readonly string[], identities: readonly string[] = []): Entity => ({
  ...NOBODY,
  features: new Set(features),
  identities: new Set(identities),
});

/** A server with everything. */
const WHOLE: Facts = {
  ...BARE,
  listeners: new Set(['c2s', 'c2s-tls', 'component', 'websocket', 'bosh', 'http']),
  directTls: { alpn: true, names: true, trusted: true, declaration: true },
  featuresBefore: new Set(['register http://jabber.org/features/iq-register']),
  featuresAfter: new Set([
    'sm urn:xmpp:sm:3',
    'csi urn:xmpp:csi:0',
    'c http://jabber.org/protocol/caps',
    'ver urn:xmpp:features:rosterver',
  ]),
  host: {
    ...entity([
      'http://jabber.org/protocol/disco#info',
      'urn:xmpp:blocking',
      'urn:xmpp:carbons:2',
      'msgoffline',
      'vcard-temp',
    ]),
    fields: new Map([['abuse-addresses', ['mailto:abuse@example.org']]]),
  },
  account: entity(
    [
      'urn:xmpp:mam:2',
      'urn:xmpp:push:0',
      'urn:xmpp:pep-vcard-conversion:0',
      'urn:xmpp:bookmarks-conversion:0',
      'urn:xmpp:bookmarks:1#compat',
      'http://jabber.org/protocol/pubsub#publish-options',
      'http://jabber.org/protocol/pubsub#access-whitelist',
    ],
    ['pubsub/pep'],
  ),
  items: [
    entity(['http://jabber.org/protocol/muc', 'urn:xmpp:mam:2', 'vcard-temp']),
    entity(['urn:xmpp:http:upload:0']),
    entity(['http://jabber.org/protocol/bytestreams']),
  ],
  services: [
    { type: 'stun', host: 'a', port: '3478', transport: 'udp', hasCredentials: false },
    { type: 'turn', host: 'a', port: '3478', transport: 'udp', hasCredentials: true },
  ],
  answers: new Set(['jabber:iq:roster', 'jabber:iq:private']),
};

const levels = (facts: Facts): Readonly<Record<string, string>> =>
  Object.fromEntries(judge(facts).suites.map(({ name, level }) => [name, level]));

describe('the rules of the Conversations tester', () => {
  it('are 25, of which 21 count', () => {
    expect(RULES).toHaveLength(25);
    expect(RULES.filter(({ scored }) => scored)).toHaveLength(21);
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(25);
  });

  it('all pass on a server with everything, and none on one with nothing', () => {
    expect(judge(WHOLE).tester).toEqual({ passed: 21, scored: 21, missing: [] });
    expect(judge(BARE).tester.passed).toBe(0);
    expect(judge(BARE).tester.missing).toHaveLength(25);
  });

  it('say of every miss what to do', () => {
    for (const { todo } of judge(BARE).tester.missing) expect(todo).not.toBe('');
    for (const { missing } of judge(BARE).suites)
      for (const { todo } of missing) expect(todo).not.toBe('');
  });

  it('want a certificate that others trust', () => {
    const directTls = { alpn: true, names: true, trusted: false, declaration: true };
    const { missing } = judge({ ...WHOLE, directTls }).tester;
    expect(missing.map(({ name }) => name)).toEqual(['xep0368']);
  });
});

describe('the suites of XEP-0479', () => {
  it('are all Advanced on a server with everything', () => {
    expect(new Set(Object.values(levels(WHOLE)))).toEqual(new Set(['advanced']));
  });

  it('fall to Core when only an Advanced feature is missing', () => {
    const account = { ...WHOLE.account, identities: new Set<string>() };
    expect(levels({ ...WHOLE, account })).toMatchObject({ Core: 'core', IM: 'core' });
  });

  it('are not reached by a category whose Core features lack one', () => {
    const facts = { ...WHOLE, services: [] };
    expect(levels(facts)).toMatchObject({ Core: 'advanced', 'A/V calling': 'none' });
  });

  it('are not reached at all without the Core suite', () => {
    expect(new Set(Object.values(levels({ ...WHOLE, encrypted: false })))).toEqual(
      new Set(['none']),
    );
  });

  it('have each feature once in its suite', () => {
    for (const { requirements } of SUITES) {
      const names = requirements.map(({ feature, level }) => `${feature} ${level}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});
