// XEP-0199 (2.0.1): the server and every account answer a ping. Pings to silent clients are the stream's (c2s/, session/).
import { NS } from '../../protocol/namespaces.ts';
import type { Module, ModuleHost } from '../../host/module.ts';

export const ping: Module = {
  declaration: {
    name: 'ping',
    summary: 'Answers pings, so that a client can tell whether its connection still lives.',
    xeps: [{ spec: 'XEP-0199', version: '2.0.1', status: 'complete' }],
    features: { host: [NS.ping], account: [NS.ping] },
  },
  setup(host: ModuleHost): void {
    // XEP-0199 §4.2, §4.4: an empty result, from the server and on behalf of an account to its owner.
    host.iq('host', NS.ping, 'ping', () => undefined);
    host.iq('account', NS.ping, 'ping', (request) => {
      // RFC 6121 §8.5.1: what a stranger learns of an account must not differ from what he learns of none.
      if (!request.own) throw request.unknown();
      return undefined;
    });
  },
};
