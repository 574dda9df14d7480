// XEP-0359 (0.7.0) §5 and XEP-0203 (2.0): what only the server may say of a message is dropped when others say it.
import type { Module, ModuleHost } from '../../host/module.ts';
import type { Effects } from '../../host/views.ts';
import { parseJid, JidError } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { Stanza } from '../../xml/stanza.ts';

export const stanzaIds: Module = {
  declaration: {
    name: 'stanza-ids',
    summary: 'Drops forged stanza ids and delay stamps from messages.',
    xeps: [{ spec: 'XEP-0359', version: '0.7.0', status: 'complete' }],
    features: { host: [NS.stanzaIds], account: [NS.stanzaIds] },
  },
  setup(host: ModuleHost): void {
    const when = host.xml.bit(NS.stanzaIds, 'stanza-id') | host.xml.bit(NS.delay, 'delay');
    host.on(
      'message.in',
      { order: 0, why: 'before anything trusts an id or a stamp', when },
      (stanza, account, effects) => {
        const { bare, domain } = account.jid;
        dropForged(stanza, effects, bare, (from) => from === domain || from === bare);
        return undefined;
      },
    );
    host.on(
      'message.out',
      { order: 0, why: "neither the recipient nor the sender's archive gets what is forged", when },
      (stanza, account, effects) => {
        // XEP-0359 §5, XEP-0313 §3.5: ids of the sender's own archive are not for others, forged or not.
        // XEP-0198 §4: what a client sends again it may stamp in its own name, though not in its server's.
        const { bare, domain } = account.jid;
        dropForged(stanza, effects, bare, (from) => from === domain);
        return undefined;
      },
    );
  },
};

/** @param owner whose archive gives ids here. @param stamps whether nobody else may stamp in that name */
function dropForged(
  stanza: Stanza,
  effects: Effects,
  owner: string,
  stamps: (from: string) => boolean,
): void {
  for (const child of stanza.children) {
    if (child.name === 'stanza-id' && child.ns === NS.stanzaIds) {
      // The address is compared prepared: another case or spelling of ours is ours.
      const by = prepared(stanza.childElement(child).attrs['by']);
      if (by === owner) effects.drop(child);
    } else if (child.name === 'delay' && child.ns === NS.delay) {
      // XEP-0203 §4: a stamp in the name of the server or of the account comes from nobody else.
      const from = prepared(stanza.childElement(child).attrs['from']);
      if (from !== undefined && stamps(from)) effects.drop(child);
    }
  }
}

function prepared(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined;
  try {
    return parseJid(address).bare;
  } catch (error) {
    if (error instanceof JidError) return undefined;
    throw error;
  }
}
