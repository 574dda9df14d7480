// XEP-0030 (2.5.0) for the server and for accounts: what is loaded says what it can, here it is told.
import type { Element } from '../../xml/element.ts';
import type { DiscoNodes } from '../../host/ad-hoc.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { escapeAttr } from '../../xml/writer.ts';

type Place = 'host' | 'account';

const IDENTITIES: Readonly<Record<Place, string>> = {
  // XEP-0030 registrar: server/im for the server, account/registered for an account (§3.1, §8).
  host: "<identity category='server' type='im' name='xmppd'/>",
  account: "<identity category='account' type='registered'/>",
};

const ALWAYS: Readonly<Record<Place, readonly string[]>> = {
  // XEP-0160 §5: `msgoffline` says that messages wait.
  host: [NS.discoInfo, NS.discoItems, 'msgoffline'],
  account: [NS.discoInfo, NS.discoItems],
};

export const disco: Module = {
  declaration: {
    name: 'disco',
    summary: 'Tells clients what the server and an account can do.',
    xeps: [{ spec: 'XEP-0030', version: '2.5.0', status: 'complete' }],
  },
  setup(host: ModuleHost): void {
    host.iq('host', NS.discoInfo, 'query', (request) => info(host, 'host', request));
    host.iq('host', NS.discoItems, 'query', (request) => items(host, request));
    host.iq('account', NS.discoInfo, 'query', (request) => {
      // XEP-0030 §8: whoever may not see the account's presence is told nothing, as if there were no account.
      if (!request.own) throw request.unknown();
      return info(host, 'account', request);
    });
    // XEP-0030 §8: to strangers, and for accounts that do not exist, an empty list.
    host.iq('account', NS.discoItems, 'query', (request) =>
      request.own ? items(host, request) : nothing(request),
    );
  },
};

function info(host: ModuleHost, place: Place, request: IqRequest): Bytes {
  const node = nodeOf(request);
  if (node !== undefined) {
    const content = ofNode(host, (nodes) => nodes.info?.(node, request));
    return `<query xmlns='${NS.discoInfo}' node='${escapeAttr(node)}'>${content}</query>` as Bytes;
  }
  const features = new Set(ALWAYS[place]);
  for (const declaration of host.declarations()) {
    for (const feature of declaration.features?.[place] ?? []) features.add(feature);
  }
  const lines = [...features].sort().map((feature) => `<feature var='${escapeAttr(feature)}'/>`);
  return `<query xmlns='${NS.discoInfo}'>${IDENTITIES[place]}${lines.join('')}</query>` as Bytes;
}

function items(host: ModuleHost, request: IqRequest): Bytes {
  const node = nodeOf(request);
  if (node !== undefined) {
    const content = ofNode(host, (nodes) => nodes.items?.(node, request));
    return `<query xmlns='${NS.discoItems}' node='${escapeAttr(node)}'>${content}</query>` as Bytes;
  }
  return `<query xmlns='${NS.discoItems}'/>` as Bytes;
}

/** What the first provider that knows the node says of it. @throws StanzaError */
function ofNode(host: ModuleHost, ask: (nodes: DiscoNodes) => Bytes | undefined): Bytes {
  for (const nodes of host.discoProviders()) {
    const content = ask(nodes);
    if (content !== undefined) return content;
  }
  // XEP-0030 §3.2: an unknown node.
  throw new StanzaError('item-not-found');
}

/** Whatever the node: that there is such an account is not to be learned from it. */
function nothing({ type }: IqRequest): Bytes {
  if (type !== 'get') throw new StanzaError('bad-request');
  return `<query xmlns='${NS.discoItems}'/>` as Bytes;
}

function nodeOf(request: IqRequest): string | undefined {
  const { payload, type }: { payload: Element; type: string } = request;
  // XEP-0030 §3.1: a query is a get.
  if (type !== 'get') throw new StanzaError('bad-request');
  const node: unknown = payload.attrs['node'];
  return typeof node === 'string' && node !== '' ? node : undefined;
}
