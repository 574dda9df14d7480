// Rules of modules on presence and iq between an account and others: synchronous, with a verdict and nothing else.
import type { HookTable } from '../host/hooks.ts';
import type { AccountView, SessionView, Verdict } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Log } from '../util/log.ts';
import type { Stanza } from '../xml/stanza.ts';

type GateHook = 'presence.out' | 'presence.in' | 'iq.out' | 'iq.in';

/** All four have this shape; what they are given in the last place differs. */
type GateHandler = (
  stanza: Stanza,
  account: AccountView,
  other: Jid,
  last: Jid | SessionView | undefined,
) => Verdict;

export class Gates {
  private readonly hooks: HookTable;
  private readonly log: Log;

  constructor(hooks: HookTable, log: Log) {
    this.hooks = hooks;
    this.log = log;
  }

  /** @param last `to` for what comes in, the session for what goes out */
  run(
    hook: GateHook,
    stanza: Stanza,
    account: AccountView,
    other: Jid,
    last: Jid | SessionView | undefined,
  ): Verdict {
    for (const entry of this.hooks.list(hook)) {
      if (entry.when !== undefined && (entry.when & stanza.mask) === 0) continue;
      try {
        const verdict = (entry.handler as GateHandler)(stanza, account, other, last);
        if (verdict !== undefined) return verdict;
      } catch (error) {
        if (error instanceof StanzaError) return { stop: true, error };
        this.log.error(
          { err: error, module: entry.module, hook, id: stanza.id },
          'a handler threw: the stanza was refused, the session goes on. This is a bug of that module.',
        );
        return { stop: true, error: new StanzaError('internal-server-error') };
      }
    }
    return undefined;
  }

  /** The account may tell this of itself to somebody. Its own addresses always hear. */
  mayTell(stanza: Stanza, account: AccountView, to: Jid): boolean {
    return (
      to.bare === account.jid.bare ||
      this.run('presence.out', stanza, account, to, undefined) === undefined
    );
  }
}
