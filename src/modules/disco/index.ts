// XEP-0030 (2.5.0) for the server and for accounts: what is loaded says what it can, here it is told.
import { discoContent, type DiscoPlace } from '../../host/disco.ts';
import type { DiscoNode, IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { attribute } from '../../xml/writer.ts';

/** XEP-0175 §5 */
const ANONYMOUS = [{ category: 'account', type: 'anonymous' }];

export const disco: Module = {
  declaration: {
    name: 'disco',
    summary: 'Tells clients what the server and an account can do.',
    xeps: [
      { spec: 'XEP-0030', version: '2.5.0', status: 'complete' },
      { spec: 'XEP-0128', version: '1.0.1', status: 'complete' },
    ],
    // XEP-0160 §5: `msgoffline` says that messages wait.
    features: { host: ['msgoffline'] },
  },
  setup(host: ModuleHost): void {
    // XEP-0030 registrar: server/im for the server, account/registered for an account (§3.1, §8).
    host.disco('host', { identities: [{ category: 'server', type: 'im', name: 'xmppd' }] });
    host.disco('account', { identities: [{ category: 'account', type: 'registered' }] });
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

function info(host: ModuleHost, place: DiscoPlace, request: IqRequest): Bytes {
  const node = nodeOf(request);
  if (node !== undefined) return answer(NS.discoInfo, node, ofNode(host, 'info', node, request));
  const said = host.discoInfo(place);
  const isAnonymous = request.account?.temporary === true;
  return answer(
    NS.discoInfo,
    node,
    discoContent(isAnonymous ? { ...said, identities: ANONYMOUS } : said),
  );
}

function items(host: ModuleHost, request: IqRequest): Bytes {
  const node = nodeOf(request);
  return answer(
    NS.discoItems,
    node,
    node === undefined ? '' : ofNode(host, 'items', node, request),
  );
}

function ofNode(host: ModuleHost, what: keyof DiscoNode, node: string, request: IqRequest): string {
  for (const one of host.discoNodes()) {
    const content = one[what]?.(node, request);
    if (content !== undefined) return content;
  }
  // XEP-0030 §3.2: an unknown node.
  throw new StanzaError('item-not-found');
}

/** XEP-0030 §3.2: the node that was asked for is named in the answer. */
function answer(ns: string, node: string | undefined, content: string): Bytes {
  const head = `<query xmlns='${ns}'${node === undefined ? '' : attribute('node', node)}`;
  return (content === '' ? `${head}/>` : `${head}>${content}</query>`) as Bytes;
}

/** Whatever the node: that there is such an account is not to be learned from it. */
function nothing({ type }: IqRequest): Bytes {
  if (type !== 'get') throw new StanzaError('bad-request');
  return `<query xmlns='${NS.discoItems}'/>` as Bytes;
}

function nodeOf({ payload, type }: IqRequest): string | undefined {
  // XEP-0030 §3.1: a query is a get.
  if (type !== 'get') throw new StanzaError('bad-request');
  const node: unknown = payload.attrs['node'];
  return typeof node === 'string' && node !== '' ? node : undefined;
}
