// Who is given what waits, and when: XEP-0160 (v1.0.1) §2, and the rules of "no doubles" in README.md.
import { askedSlot } from '../archive/index.ts';
import type { GivenRange } from '../host/hooks.ts';
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, BacklogItem, Reference, SessionView, Slot } from '../host/views.ts';
import type { Backlog } from './backlog.ts';
import { inOrder, type Mailbox } from './mailbox.ts';

/** What a session may have seen waits so long for its client to ask the archive. */
const ASK_MS = 3000;

/** What is being read for a session. */
interface Claim {
  readonly references: readonly Reference[];
}

/** A session's own state. */
interface Receiving {
  readonly claims: Set<Claim>;
  /** When the message with this id or a later one is proven, the next go follows. */
  nextAfter: number;
}

interface Later {
  readonly account: AccountView;
  readonly session: SessionView;
  readonly dueAtMs: number;
  /** Only older ones; the session had the others before. */
  readonly belowId?: number;
}

export class Delivery {
  private readonly host: ModuleHost;
  private readonly backlog: Backlog;
  private readonly mailbox: (account: AccountView) => Mailbox;
  private readonly slot: Slot<Receiving | undefined>;
  private readonly asked: Slot<boolean>;
  /** In the order of their times. */
  private later: Later[] = [];

  constructor(host: ModuleHost, backlog: Backlog, mailbox: (account: AccountView) => Mailbox) {
    this.host = host;
    this.backlog = backlog;
    this.mailbox = mailbox;
    this.slot = host.sessionSlot<Receiving | undefined>(() => undefined);
    this.asked = askedSlot(host);
  }

  /** A session can be given messages from now on. */
  available(account: AccountView, session: SessionView): void {
    const mailbox = this.mailbox(account);
    this.give(account, session, mailbox.waiting());
    if (mailbox.maybeSeen().length > 0) {
      this.later.push({ account, session, dueAtMs: this.host.clock.monotonicMs() + ASK_MS });
    }
  }

  /**
   * A session outlived the process that owned its account: what it had not been given yet goes to it now, since nobody
   * logs in again for it. What lies inside the range is proven, and the mark alone came too late, or is not for it.
   */
  restored(account: AccountView, session: SessionView, range: GivenRange): void {
    if (!session.available || session.priority < 0) return;
    const mailbox = this.mailbox(account);
    const isAbove = (reference: Reference): boolean => Math.abs(reference) > range.upTo;
    this.give(account, session, allFree(mailbox).filter(isAbove));
    const dueAtMs = this.host.clock.monotonicMs() + ASK_MS;
    this.later.push({ account, session, dueAtMs, belowId: range.from });
  }

  /** Once a second: what a session may have seen goes to the clients that did not ask the archive. */
  tick(): void {
    if (this.later.length === 0) return;
    const nowMs = this.host.clock.monotonicMs();
    const due = this.later.filter((entry) => entry.dueAtMs <= nowMs);
    if (due.length === 0) return;
    this.later = this.later.filter((entry) => entry.dueAtMs > nowMs);
    for (const { account, session, belowId } of due) {
      if (!account.sessions.includes(session) || session.slot(this.asked)) continue;
      const mailbox = this.mailbox(account);
      const references =
        belowId === undefined
          ? mailbox.maybeSeen()
          : allFree(mailbox).filter((reference) => Math.abs(reference) < belowId);
      this.give(account, session, references);
    }
  }

  /** A session proved these: the next go, if there is more than one. */
  proven(account: AccountView, session: SessionView, references: readonly Reference[]): void {
    const receiving = session.slot(this.slot);
    if (receiving === undefined || receiving.nextAfter === 0) return;
    const { nextAfter } = receiving;
    if (!references.some((reference) => Math.abs(reference) >= nextAfter)) return;
    receiving.nextAfter = 0;
    this.give(account, session, this.mailbox(account).waiting());
  }

  /** A session is gone: what it alone held goes to the others, as if sent to the bare JID, or waits. */
  ended(account: AccountView, session: SessionView, unproven: readonly Reference[]): void {
    const mailbox = this.mailbox(account);
    const receiving = session.slot(this.slot);
    const claimed = [...(receiving?.claims ?? [])].flatMap((claim) => claim.references);
    receiving?.claims.clear();
    const free = mailbox.lose([...unproven, ...claimed]);
    if (free.length === 0) return;
    // XEP-0198 §5: undelivered stanzas are handled as those for a resource that is gone; RFC 6121 §8.5.3.2.1.
    for (const other of account.sessions) {
      if (other !== session && other.available && other.priority >= 0) {
        this.give(account, other, free);
      }
    }
  }

  private give(account: AccountView, session: SessionView, references: readonly Reference[]): void {
    if (references.length === 0) return;
    // From here on they are held by this session, so that nobody else is given them meanwhile.
    this.mailbox(account).hold(references);
    let receiving = session.slot(this.slot);
    if (receiving === undefined) {
      receiving = { claims: new Set(), nextAfter: 0 };
      session.setSlot(this.slot, receiving);
    }
    const claim = { references };
    receiving.claims.add(claim);
    session.deliverBacklog(this.read(account, receiving, claim));
  }

  private async read(
    account: AccountView,
    receiving: Receiving,
    claim: Claim,
  ): Promise<readonly BacklogItem[]> {
    const mailbox = this.mailbox(account);
    try {
      const { items, missing, rest } = await this.backlog.read(account, claim.references);
      // The session ended meanwhile: `ended` took its claims back.
      if (!receiving.claims.delete(claim)) return [];
      mailbox.prove(missing);
      if (rest.length > 0) {
        mailbox.lose(rest);
        receiving.nextAfter = Math.abs(items.at(-1)?.reference ?? 1);
      }
      // A page of the archive, or another session, may have proved some of them while they were read.
      const given = items.filter(({ reference }) => mailbox.follows(reference));
      mailbox.see(given.map(({ reference }) => reference));
      return given;
    } catch (error) {
      if (receiving.claims.delete(claim)) mailbox.lose(claim.references);
      throw error;
    }
  }
}

/** What no session holds, whether or not one may have seen it: oldest first. */
function allFree(mailbox: Mailbox): Reference[] {
  return inOrder([...mailbox.waiting(), ...mailbox.maybeSeen()]);
}
