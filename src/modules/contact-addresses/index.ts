// XEP-0157 (1.1.1): whom to turn to, in the server's disco#info (XEP-0128).
import type { Module, ModuleHost } from '../../host/module.ts';

/** The kinds that the registry has, in its order. XEP-0157 §6 */
const KINDS = ['abuse', 'admin', 'feedback', 'sales', 'security', 'status', 'support'] as const;

type ContactAddresses = Partial<Record<(typeof KINDS)[number], readonly string[]>>;

export const contactAddresses: Module = {
  declaration: {
    name: 'contact-addresses',
    summary: 'Tells how to reach those who run the server.',
    xeps: [{ spec: 'XEP-0157', version: '1.1.1', status: 'complete' }],
    options: async () => (await import('./options.ts')).OPTIONS,
  },
  setup(host: ModuleHost): void {
    const given = (host.options ?? {}) as ContactAddresses;
    const fields = KINDS.flatMap((kind) => {
      const values = given[kind] ?? [];
      // XEP-0157 §6: each is a list-multi; a kind without an address is left out.
      return values.length === 0
        ? []
        : [{ var: `${kind}-addresses`, type: 'list-multi' as const, values }];
    });
    if (fields.length === 0) return;
    const formType = 'http://jabber.org/network/serverinfo';
    host.disco('host', { forms: [{ kind: 'result', formType, fields }] });
  },
};
