// RFC 3921 §3, obsolete: clients of before 2011 ask for a session after binding. It is granted and means nothing.
import { NS } from '../../protocol/namespaces.ts';
import type { Module, ModuleHost } from '../../host/module.ts';

export const sessionRequest: Module = {
  declaration: {
    name: 'session-request',
    summary: 'Grants the session that old clients ask for.',
    xeps: [{ spec: 'RFC 3921', version: '2004', status: 'complete', note: 'section 3 alone' }],
  },
  setup(host: ModuleHost): void {
    host.iq('host', NS.session, 'session', () => undefined);
    host.iq('account', NS.session, 'session', (request) => {
      if (!request.own) throw request.unknown();
      return undefined;
    });
  },
};
