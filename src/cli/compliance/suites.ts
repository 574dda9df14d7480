// XEP-0479, XMPP Compliance Suites 2023 (0.1.0), the tables for servers, as data.
import type { Facts } from './facts.ts';
import { MUC, NOT_HERE, RULES, UPLOAD } from './rules.ts';

/** XEP-0479 §2: `core` features make a Core server, both together an Advanced one. */
export type Level = 'core' | 'advanced';

export interface Requirement {
  readonly feature: string;
  readonly specs: string;
  readonly level: Level;
  readonly passes: (facts: Facts) => boolean;
  readonly todo: string;
}

export interface Suite {
  readonly name: string;
  /** @source XEP-0479 */
  readonly section: string;
  readonly requirements: readonly Requirement[];
}

/** What a rule of the tester asks is asked here too. */
function byRule(name: string): Pick<Requirement, 'passes' | 'todo'> {
  const rule = RULES.find((each) => each.name === name);
  return rule === undefined ? { passes: () => false, todo: NOT_HERE } : rule;
}

const of = (
  level: Level,
  feature: string,
  specs: string,
  judged: Pick<Requirement, 'passes' | 'todo'>,
): Requirement => ({ level, feature, specs, passes: judged.passes, todo: judged.todo });

const test = (passes: Requirement['passes'], todo: string) => ({ passes, todo });
const answered = (ns: string, todo: string) => test(({ answers }) => answers.has(ns), todo);
const item = (feature: string) =>
  test(
    ({ host, items }) => [host, ...items].some(({ features }) => features.has(feature)),
    NOT_HERE,
  );

export const SUITES: readonly Suite[] = [
  {
    name: 'Core',
    section: '2.1',
    requirements: [
      of(
        'core',
        'Core features',
        'RFC 6120',
        test(() => true, ''),
      ),
      of(
        'core',
        'TLS',
        'RFC 7590',
        test(({ encrypted }) => encrypted, 'Set `tls.required` to true.'),
      ),
      of(
        'core',
        'Feature discovery',
        'XEP-0030',
        test(
          ({ host }) => host.features.has('http://jabber.org/protocol/disco#info'),
          'The module disco is switched off: look at `modules` in the configuration.',
        ),
      ),
      of(
        'core',
        'Server extensibility',
        'XEP-0114',
        test(({ listeners }) => listeners.has('component'), NOT_HERE),
      ),
      of(
        'advanced',
        'Direct TLS',
        'XEP-0368',
        test(
          ({ directTls }) => directTls !== undefined && directTls.names && directTls.declaration,
          'Have a listener of kind c2s-tls.',
        ),
      ),
      of('advanced', 'Feature broadcasts', 'XEP-0115', byRule('xep0115')),
      of('advanced', 'Event publishing', 'XEP-0163', byRule('xep0163')),
    ],
  },
  {
    name: 'Web',
    section: '2.2',
    requirements: [
      of(
        'core',
        'Web connection mechanisms',
        'RFC 7395, XEP-0206',
        test(({ listeners }) => listeners.has('websocket') && listeners.has('bosh'), NOT_HERE),
      ),
    ],
  },
  {
    name: 'IM',
    section: '2.3',
    requirements: [
      of(
        'core',
        'Core features',
        'RFC 6121',
        answered('jabber:iq:roster', 'The module roster is switched off: look at `modules`.'),
      ),
      of(
        'core',
        'vcard-temp',
        'XEP-0054',
        test(
          ({ host }) => host.features.has('vcard-temp'),
          'The module vcard-temp is switched off: look at `modules`.',
        ),
      ),
      of('core', 'Outbound message synchronization', 'XEP-0280', byRule('xep0280')),
      of('core', 'Group chat', 'XEP-0045, XEP-0249', item(MUC)),
      of('core', 'File upload', 'XEP-0363', item(UPLOAD)),
      of('advanced', 'User avatar compatibility', 'XEP-0398, XEP-0153', byRule('xep0398')),
      of('advanced', 'User blocking', 'XEP-0191', byRule('xep0191')),
      of(
        'advanced',
        'Advanced group chat',
        'XEP-0048, XEP-0313, XEP-0402, XEP-0410',
        test(
          ({ account, items }) =>
            account.features.has('urn:xmpp:bookmarks:1#compat') &&
            items.some(({ features }) => features.has(MUC) && features.has('urn:xmpp:mam:2')),
          NOT_HERE,
        ),
      ),
      of(
        'advanced',
        'Persistent storage of private data via publish-subscribe',
        'XEP-0223',
        test(
          ({ account }) =>
            account.features.has('http://jabber.org/protocol/pubsub#publish-options') &&
            account.features.has('http://jabber.org/protocol/pubsub#access-whitelist'),
          NOT_HERE,
        ),
      ),
      of(
        'advanced',
        'Private XML storage',
        'XEP-0049',
        answered(
          'jabber:iq:private',
          'The module private-storage is switched off: look at `modules`.',
        ),
      ),
      of('advanced', 'Stream management', 'XEP-0198', byRule('xep0198')),
      of('advanced', 'Message archive management', 'XEP-0313', byRule('xep0313')),
    ],
  },
  {
    name: 'Mobile',
    section: '2.4',
    requirements: [
      of('core', 'Stream management', 'XEP-0198', byRule('xep0198')),
      of('core', 'Client state indication', 'XEP-0352', byRule('xep0352')),
      of('advanced', 'Third-party push notifications', 'XEP-0357', byRule('xep0357')),
    ],
  },
  {
    name: 'A/V calling',
    section: '2.5',
    requirements: [
      of(
        'core',
        'STUN and TURN server discovery',
        'XEP-0215',
        test(
          ({ services }) => services.length > 0,
          'List servers in `modules.external-services.services`.',
        ),
      ),
    ],
  },
];
