// XEP-0280 (1.0.1): what one of a user's clients receives or sends, the others see too.
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import type { AccountView, Effects, SessionView, Slot } from '../../host/views.ts';
import type { Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { escapeAttr } from '../../xml/writer.ts';
import { Copied } from './copied.ts';
import { CARBON_RULES, carbonRule } from './eligible.ts';

/** Behind the archive, whose id the copies carry, and before those who count the copies. */
const ORDER = 40;

export const carbons: Module = {
  declaration: {
    name: 'carbons',
    summary: "Shows what one of a user's clients sends or receives to the others.",
    xeps: [
      { spec: 'XEP-0280', version: '1.0.1', status: 'complete' },
      { spec: 'XEP-0334', version: '1.0.0', status: 'partial', note: 'no-copy alone' },
    ],
    features: { host: [NS.carbons, NS.carbonsRules] },
    bindFeatures: [NS.carbons],
  },
  setup(host: ModuleHost): void {
    const service = new Carbons(host);
    host.iq('account', NS.carbons, 'enable', (request) => service.switch(request, true));
    host.iq('account', NS.carbons, 'disable', (request) => service.switch(request, false));
    // XEP-0386 §4.1: for who binds with it, before the first message comes.
    host.bindInline(NS.carbons, (request, _account, session) => {
      if (request.getName() === 'enable') service.enable(session);
      return undefined;
    });
    host.on(
      'message.in',
      { order: ORDER, why: 'copies carry the id of the archive' },
      (stanza, account, effects) => {
        service.received(stanza, account, effects);
        return undefined;
      },
    );
    host.on(
      'message.out',
      { order: ORDER, why: 'what the sender may not send is not copied' },
      (stanza, account, effects) => {
        service.sent(stanza, account, effects);
        return undefined;
      },
    );
  },
};

class Carbons {
  /** §4: a client that wants copies; kept with its session over resumption and graceful restarts. */
  private readonly wants: Slot<boolean>;
  private readonly copied: Slot<Copied | undefined>;

  constructor(host: ModuleHost) {
    this.wants = host.storedSessionSlot(() => false, 'wants');
    this.copied = host.accountSlot<Copied | undefined>(() => undefined);
  }

  /** §4, §5, §10.1: as often as it likes, always with the same answer. @throws StanzaError */
  switch(request: IqRequest, wants: boolean): undefined {
    // RFC 6121 §8.5.1: a stranger learns nothing of an account, not even by §4.1's not-allowed.
    if (!request.own) throw request.unknown();
    if (request.type !== 'set') throw new StanzaError('bad-request');
    if (request.session === undefined) throw new StanzaError('not-allowed');
    request.session.setSlot(this.wants, wants);
    return undefined;
  }

  enable(session: SessionView): void {
    session.setSlot(this.wants, true);
  }

  /** §7: to each client that wants it and is not given the message itself. */
  received(stanza: Stanza, account: AccountView, effects: Effects): void {
    // PERF: most accounts have one session, or all of them are given the message.
    const { sessions } = account;
    if (effects.targets.length >= sessions.length) return;
    if (effects.outcome !== 'deliver' && effects.outcome !== 'store') return;
    let content: Bytes | undefined;
    for (const session of sessions) {
      if (!session.slot(this.wants) || effects.targets.includes(session)) continue;
      // §8: what it sent to its own account it has.
      if (session.jid.full === effects.from.full) continue;
      if (content === undefined) {
        if (!this.copies(stanza, account, 'in', effects.from)) return;
        content = inside('received', effects.forwarded());
      }
      effects.copy(session, (outside(stanza, account, session) + content + END) as Bytes);
    }
    // One of the clients has it: nobody is to be told that it could not be delivered.
    if (content !== undefined && effects.outcome === 'store') effects.outcome = 'deliver';
  }

  /** §8: to each client that wants it but the one that sent it. */
  sent(stanza: Stanza, account: AccountView, effects: Effects): void {
    const { sessions } = account;
    if (sessions.length < 2) return;
    // A note to oneself comes in for all of them.
    if (effects.to.bare === account.jid.bare) return;
    let content: Bytes | undefined;
    for (const session of sessions) {
      if (session === effects.session || !session.slot(this.wants)) continue;
      if (content === undefined) {
        if (!this.copies(stanza, account, 'out', effects.to)) return;
        content = inside('sent', effects.forwarded());
      }
      const at = content.lastIndexOf(MESSAGE_END);
      const head = outside(stanza, account, session);
      if (at === -1) effects.copy(session, (head + content + END) as Bytes);
      else
        effects.copy(
          session,
          (head + content.slice(0, at)) as Bytes,
          (content.slice(at) + END) as Bytes,
        );
    }
  }

  private copies(
    stanza: Stanza,
    account: AccountView,
    direction: 'in' | 'out',
    peer: Jid,
  ): boolean {
    const { id } = stanza;
    const decided = CARBON_RULES[carbonRule(stanza, direction, peer.resource !== '')];
    const known = account.slot(this.copied);
    // §10.3: by the id of what it answers, never by what it repeats of it.
    if (decided === undefined) return id !== undefined && known?.has(peer.bare, id) === true;
    if (decided && id !== undefined) {
      const copied = known ?? new Copied();
      copied.note(peer.bare, id);
      if (known === undefined) account.setSlot(this.copied, copied);
    }
    return decided;
  }
}

const MESSAGE_END = '</message>';
const END = '</message>';

function inside(name: 'received' | 'sent', message: Bytes): Bytes {
  return `<${name} xmlns='${NS.carbons}'><forwarded xmlns='${NS.forward}'>${message}</forwarded></${name}>` as Bytes;
}

/** §7, §8: the same type, from the account itself: who takes copies from others can be lied to. */
function outside(stanza: Stanza, account: AccountView, session: SessionView): Bytes {
  const type = stanza.type === undefined ? '' : ` type='${escapeAttr(stanza.type)}'`;
  return `<message from='${account.jid.bareBytes}' to='${session.jid.bytes}'${type}>` as Bytes;
}
