// `xmppd trace`: where one message went. Hooks are registered while somebody traces and at no other time.
import type { TraceEvent } from '../../admin/module-commands.ts';
import type { Module, ModuleHost } from '../../host/module.ts';
import type { AccountView, Effects, Reference } from '../../host/views.ts';
import type { Stanza } from '../../xml/stanza.ts';

/** So many events wait to be read; the oldest beyond them are dropped. */
const MAX_EVENTS = 2000;
/** So many references of messages are followed to their proof. */
const MAX_FOLLOWED = 2000;
/** Events of one answer. */
const MAX_READ = 100;

export const trace: Module = {
  declaration: {
    name: 'trace',
    summary: 'Follows messages through the server while an administrator looks for one.',
    xeps: [],
  },
  setup(host: ModuleHost): void {
    const tracer = new Tracer(host);
    host.command('trace.start', (args) => tracer.start(args as { what: string; seconds: number }));
    host.command('trace.read', () => tracer.read());
    host.command('trace.stop', () => tracer.stop());
  },
};

/** A message whose unit is under way, or whose receipt is not proved. */
interface Followed {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** The unit of its message is the one with this ticket, or an earlier one. */
  readonly ticket: number;
  isStored: boolean;
}

class Tracer {
  private readonly host: ModuleHost;
  private what = '';
  private untilMs = 0;
  private events: TraceEvent[] = [];
  private takeBack: (() => void)[] = [];
  /** By owner and reference. */
  private readonly followed = new Map<string, Followed>();
  /** Messages seen by the first of the rules and not yet by the last. */
  private arriving: Stanza | undefined = undefined;

  constructor(host: ModuleHost) {
    this.host = host;
  }

  start({ what, seconds }: { what: string; seconds: number }): null {
    this.stop();
    const { host } = this;
    this.what = what;
    this.untilMs = host.clock.monotonicMs() + seconds * 1000;
    const end = this.untilMs;
    host.after(seconds * 1000, () => {
      if (this.untilMs === end) this.stop();
    });
    const first = { order: -1_000_000, why: 'before any rule' };
    const last = { order: 1_000_000, why: 'behind all rules' };
    this.takeBack = [
      host.on('message.out', first, (stanza, _account, effects) => {
        this.accepted(stanza, effects);
        return undefined;
      }),
      host.on('message.in', first, (stanza, _account, effects) => {
        this.arrives(stanza, effects);
        return undefined;
      }),
      host.on('message.in', last, (stanza, account, effects) => {
        this.received(stanza, account, effects);
        return undefined;
      }),
      host.on('session.proven', first, (account, session, references) => {
        this.proven(account, session.jid.full, references);
      }),
    ];
    return null;
  }

  stop(): null {
    for (const takeBack of this.takeBack) takeBack();
    this.takeBack = [];
    this.untilMs = 0;
    this.followed.clear();
    this.arriving = undefined;
    return null;
  }

  /** Takes what has come. */
  read(): TraceEvent[] {
    this.lookForStored();
    return this.events.splice(0, MAX_READ);
  }

  private accepted(stanza: Stanza, { from, to }: Effects): void {
    if (this.fits(stanza, from.full, to.full))
      this.note('accepted', stanza.id ?? '', from.full, to.full, 'from its sender');
  }

  private arrives(stanza: Stanza, { from, to }: Effects): void {
    if (this.arriving !== undefined) this.stopped(this.arriving);
    this.arriving = this.fits(stanza, from.full, to.full) ? stanza : undefined;
  }

  private stopped(stanza: Stanza): void {
    this.note('stopped', stanza.id ?? '', stanza.from ?? '', stanza.to ?? '', 'by a rule');
    this.arriving = undefined;
  }

  private received(stanza: Stanza, account: AccountView, effects: Effects): void {
    if (this.arriving !== stanza) return;
    this.arriving = undefined;
    const { from, to, reference, unit, outcome, deliveries } = effects;
    const kept =
      reference > 0 ? 'archived' : reference < 0 ? 'kept until it is proven' : 'not kept';
    const where = deliveries === 0 ? outcome : `to ${String(deliveries)} sessions`;
    const id = stanza.id ?? '';
    this.note('received', id, from.full, to.full, `${where}, ${kept}`);
    if (unit.empty || this.followed.size >= MAX_FOLLOWED) return;
    // It is submitted when the rules are done, so its ticket is the next one.
    const ticket = this.host.storage.stats().submitted + 1;
    const key = `${String(account.owner)} ${String(reference)}`;
    this.followed.set(key, { id, from: from.full, to: to.full, ticket, isStored: false });
  }

  private proven(account: AccountView, by: string, references: readonly Reference[]): void {
    this.lookForStored();
    for (const reference of references) {
      const key = `${String(account.owner)} ${String(reference)}`;
      const message = this.followed.get(key);
      if (message === undefined) continue;
      this.followed.delete(key);
      const after = reference < 0 ? 'what was kept for it is deleted' : 'it stays in the archive';
      this.note('proven', message.id, message.from, message.to, `by ${by}; ${after}`);
    }
  }

  /** What has been committed meanwhile. */
  private lookForStored(): void {
    if (this.arriving !== undefined) this.stopped(this.arriving);
    const { done } = this.host.storage.stats();
    for (const message of this.followed.values()) {
      if (message.isStored || message.ticket > done) continue;
      message.isStored = true;
      this.note('stored', message.id, message.from, message.to, 'on disk');
    }
  }

  private fits(stanza: Stanza, from: string, to: string): boolean {
    const { what } = this;
    return stanza.id === what || isOf(from, what) || isOf(to, what);
  }

  private note(
    stage: TraceEvent['stage'],
    id: string,
    from: string,
    to: string,
    detail: string,
  ): void {
    if (this.events.length >= MAX_EVENTS) this.events.shift();
    this.events.push({ at: this.host.clock.now(), stage, id, from, to, detail });
  }
}

/** It is the address, or a resource of it. */
function isOf(address: string, what: string): boolean {
  return address === what || address.startsWith(`${what}/`);
}
