// The devices of accounts: who logged in lately from where, and tokens instead of passwords. The log-in itself is in auth/ and c2s/.
import { DEVICES_REMOVAL, DEVICES_SCHEMA, TOKENS_REVOCATION } from '../../auth/devices-store.ts';
import type { Module } from '../../host/module.ts';

export const devices: Module = {
  declaration: {
    name: 'devices',
    summary: 'Remembers which devices log in to an account, and gives them tokens to do so.',
    xeps: [
      {
        spec: 'XEP-0484',
        version: '0.2.0',
        status: 'complete',
        note: 'HT-SHA-256-EXPR, -ENDP and -NONE; no TLS 1.3 early data, which Node.js has not',
      },
    ],
    stores: DEVICES_SCHEMA,
    removals: [DEVICES_REMOVAL],
    revocations: [TOKENS_REVOCATION],
  },
  setup(): void {
    // All of it happens before there is a session: the worker gives the store to the log-in.
  },
};
