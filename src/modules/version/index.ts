// XEP-0092 (1.1): which software this is. Clients answer for themselves: what is for a full JID passes.
import type { Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { escapeText } from '../../xml/writer.ts';

interface Options {
  readonly showVersion?: boolean;
  readonly os?: string;
}

export const version: Module = {
  declaration: {
    name: 'version',
    summary: 'Says which software the server is.',
    xeps: [{ spec: 'XEP-0092', version: '1.1', status: 'complete' }],
    features: { host: [NS.version] },
    options: async () => (await import('./options.ts')).OPTIONS,
  },
  setup(host: ModuleHost): void {
    const { showVersion = true, os = '' } = (host.options ?? {}) as Options;
    const shown = showVersion ? host.version : '';
    // XEP-0092 §2: name and version are required; §4: the operating system only where the operator wants it said.
    const system = os === '' ? '' : `<os>${escapeText(os)}</os>`;
    const answer =
      `<query xmlns='${NS.version}'><name>xmppd</name><version>${escapeText(shown)}</version>${system}</query>` as Bytes;
    host.iq('host', NS.version, 'query', ({ type }) => {
      if (type !== 'get') throw new StanzaError('bad-request');
      return answer;
    });
  },
};
