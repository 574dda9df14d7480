// XEP-0050 §2.1–2.2: which commands there are, and what each is, by service discovery.
import type { AdHocCommand } from '../../host/ad-hoc.ts';
import type { DiscoNode, IqRequest, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { escapeAttr } from '../../xml/writer.ts';

export function commandsDisco(host: ModuleHost): DiscoNode {
  const find = (node: string): AdHocCommand | undefined =>
    host.adHocCommands().find((command) => command.node === node);
  return {
    items(node, request) {
      if (node === NS.commands) return list(host, request);
      // XEP-0030 §4.2: a command is a leaf.
      return find(node) === undefined ? undefined : ('' as Bytes);
    },
    info(node, request) {
      if (node === NS.commands) {
        // XEP-0050 §2.2: the node of all commands.
        return info('command-list', 'Commands');
      }
      const command = find(node);
      if (command === undefined) return undefined;
      // XEP-0050 §2.2: what is not for this requester is forbidden.
      if (!command.allows(request)) throw new StanzaError('forbidden', 'cancel');
      return info('command-node', command.name);
    },
  };
}

function list(host: ModuleHost, request: IqRequest): Bytes {
  // XEP-0050 §2.2: not everybody need be given the same list.
  return host
    .adHocCommands()
    .filter((command) => command.allows(request))
    .map(
      ({ node, name }) =>
        `<item jid='${request.to.bytes}' node='${escapeAttr(node)}' name='${escapeAttr(name)}'/>`,
    )
    .join('') as Bytes;
}

function info(type: string, name: string): Bytes {
  return (`<identity category='automation' type='${type}' name='${escapeAttr(name)}'/>` +
    `<feature var='${NS.commands}'/><feature var='${NS.dataForms}'/>`) as Bytes;
}
