// XEP-0115 (1.6.0): the server's capabilities as one hash, and those of its clients by theirs.
import type { Element } from '../../xml/element.ts';
import { discoContent } from '../../host/disco.ts';
import type { Module, ModuleHost, Service } from '../../host/module.ts';
import type { SessionView } from '../../host/views.ts';
import { isSupportedHash, verificationString } from '../../protocol/caps.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { attribute } from '../../xml/writer.ts';
import { readCapabilities } from './answer.ts';
import { CapsCache, type Shown } from './cache.ts';

/** XEP-0115 §4: a URI for the software. */
const NODE = 'urn:xmppd';

/** XEP-0115 §9.1: mandatory to implement, and what everybody understands. */
const HASH = 'sha-1';

/** A base64 hash and a URI are shorter. */
const MAX_ATTRIBUTE_CHARS = 1024;

/** What the clients of accounts can do, for modules that send only to who can take it; they name `caps` in their needs. */
export interface ClientCaps {
  /** Features of the client; undefined while they are not known or not proved. */
  features(session: SessionView): ReadonlySet<string> | undefined;
}

export const CLIENT_CAPS: Service<ClientCaps> = { name: 'caps' };

export const caps: Module = {
  declaration: {
    name: 'caps',
    summary: 'Says what the server can in one hash, and learns from hashes what clients can.',
    xeps: [{ spec: 'XEP-0115', version: '1.6.0', status: 'complete' }],
    // XEP-0115 §7: the second for the sake of clients that leave out what has not changed (§8.4).
    features: { host: [NS.caps, NS.capsOptimize] },
  },
  setup(host: ModuleHost): void {
    advertise(host);
    host.offer(CLIENT_CAPS, learn(host));
  },
};

function advertise(host: ModuleHost): void {
  const ver = (): string => verificationString(host.discoInfo('host'), HASH) ?? '';
  // XEP-0115 §6.3: so that clients need not ask each time.
  host.streamFeature(
    () =>
      `<c xmlns='${NS.caps}' hash='${HASH}' node='${NODE}'${attribute('ver', ver())}/>` as Bytes,
  );
  host.discoNode({
    info: (node, { account, to }) => {
      const isHost = account === undefined && to.local === '';
      // XEP-0115 §6.2: the node of the hash is answered as the server itself is.
      if (!isHost || node !== `${NODE}#${ver()}`) return undefined;
      return discoContent(host.discoInfo('host'));
    },
  });
}

function learn(host: ModuleHost): ClientCaps {
  const cache = new CapsCache();
  const when = host.xml.bit(NS.caps, 'c');
  host.on(
    'presence.own',
    { order: 50, why: 'asks clients of a kind that is not known yet', when },
    (stanza, _account, session) => {
      const shown = session.available ? shownIn(stanza) : undefined;
      if (shown === undefined || !cache.wants(shown, session.jid.full)) return undefined;
      // XEP-0115 §6.2: the node is named for the sake of older clients.
      const node = attribute('node', `${shown.node}#${shown.ver}`);
      host.ask(session, `<query xmlns='${NS.discoInfo}'${node}/>` as Bytes, (answer) => {
        cache.settled(shown, session.jid.full, proved(shown, answer));
      });
      return undefined;
    },
  );
  return {
    features: ({ presence }) => {
      const shown = presence === undefined ? undefined : shownIn(presence);
      return shown === undefined ? undefined : cache.features(shown);
    },
  };
}

/** @returns undefined without a hash, or with one that cannot be verified: XEP-0115 §5.4, 1 and 2 */
function shownIn(presence: Stanza): Shown | undefined {
  const child = presence.child('c', NS.caps);
  if (child === undefined) return undefined;
  const { attrs } = presence.childElement(child) as { attrs: Record<string, string | undefined> };
  const { hash, node, ver } = attrs;
  if (hash === undefined || node === undefined || ver === undefined) return undefined;
  const isLong = node.length > MAX_ATTRIBUTE_CHARS || ver.length > MAX_ATTRIBUTE_CHARS;
  return isLong || !isSupportedHash(hash) ? undefined : { hash, node, ver };
}

/** XEP-0115 §5.4: what the client says counts if it makes the hash that the client shows. */
function proved(shown: Shown, answer: Stanza | undefined): readonly string[] | undefined {
  if (answer?.type !== 'result') return undefined;
  const query: Element | undefined = answer.firstChildElement();
  if (query?.name !== 'query' || query.getNS() !== NS.discoInfo) return undefined;
  const what = readCapabilities(query);
  if (what === undefined || verificationString(what, shown.hash) !== shown.ver) return undefined;
  return what.features;
}
