// XEP-0352 (1.0.0): a client says that nobody looks at it, and is sent less.
import type { Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StreamError } from '../../protocol/stream-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { InactiveScreen, type HoldLimits } from './screen.ts';

export const csi: Module = {
  declaration: {
    name: 'csi',
    summary: 'Sends less to clients that nobody looks at: presence and typing notices wait.',
    xeps: [{ spec: 'XEP-0352', version: '1.0.0', status: 'complete' }],
    // §4.1
    streamFeatures: [`<csi xmlns='${NS.csi}'/>` as Bytes],
    // XEP-0386 §4.1: said while binding, it is handled as the client's first element.
    bindFeatures: [NS.csi],
    options: async () => (await import('./options.ts')).OPTIONS,
  },
  setup(host: ModuleHost): void {
    const limits = { ...DEFAULT_LIMITS, ...(host.options as Partial<HoldLimits> | undefined) };
    const reader = new StanzaReader(host.xml);
    host.element(NS.csi, (session, { name }) => {
      switch (name) {
        case 'inactive':
          // §5: said twice, it means the same.
          if (session.screen === undefined && limits.maxStanzas > 0)
            session.setScreen(new InactiveScreen(reader, session.jid.bare, limits));
          return;
        case 'active':
          // §5.1: what waited is on its way before anything else of this client is handled.
          session.setScreen(undefined);
          return;
        default:
          throw new StreamError('unsupported-stanza-type');
      }
    });
  },
};
