// Who is given what waits, and when: XEP-0160 (v1.0.1) §2, and the rules of "no doubles" in README.md.
import { askedSlot } from '../archive/index.ts';
import type { GivenRange } from '../host/hooks.ts';
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, BacklogItem, Reference, SessionView, Slot } from '../host/views.ts';
import type { Backlog } from './backlog.ts';
import { inOrder, type Mailbox } from './mailbox.ts';
import { UNREAD_PAGE } from './store.ts';

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
  /** It is given also what a session may have seen: its client has had its time to ask the archive. */
  isPatient: boolean;
  /** What is unread was looked through up to this id. */
  readUpTo: number;
  isReading: boolean;
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
    const receiving = this.receiving(session);
    receiving.isPatient = false;
    receiving.readUpTo = 0;
    const waiting = mailbox.waiting();
    this.give(account, session, waiting);
    this.readOn(account, session, waiting);
    if (mailbox.maybeSeen().length > 0 || mailbox.unread?.seen === true) {
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
      if (!account.sessions.includes(session)) continue;
      const mailbox = this.mailbox(account);
      const receiving = this.receiving(session);
      // A session that outlived its owner may have proved what only the mark does not show.
      receiving.isPatient = belowId === undefined;
      // Who has asked may find there what he may have seen; what nobody was given comes all the same.
      if (session.slot(this.asked)) {
        if (receiving.nextAfter === 0) this.readOn(account, session, []);
        continue;
      }
      const references =
        belowId === undefined
          ? mailbox.maybeSeen()
          : allFree(mailbox).filter((reference) => Math.abs(reference) < belowId);
      this.give(account, session, references);
      if (receiving.nextAfter === 0) this.readOn(account, session, references);
    }
  }

  /** A session proved these: the next go, if there is more than one. */
  proven(account: AccountView, session: SessionView, references: readonly Reference[]): void {
    const receiving = session.slot(this.slot);
    if (receiving === undefined || receiving.nextAfter === 0) return;
    const { nextAfter } = receiving;
    if (references.some((reference) => Math.abs(reference) >= nextAfter)) {
      this.goOn(account, session, receiving);
    }
  }

  /** The next go. */
  private goOn(account: AccountView, session: SessionView, receiving: Receiving): void {
    receiving.nextAfter = 0;
    if (!session.available || session.priority < 0) return;
    const mailbox = this.mailbox(account);
    const isToldAll = receiving.isPatient && !session.slot(this.asked);
    const references = isToldAll ? allFree(mailbox) : mailbox.waiting();
    this.give(account, session, references);
    this.readOn(account, session, references);
  }

  /** A session is gone: what it alone held goes to the others, as if sent to the bare JID, or waits. */
  ended(
    account: AccountView,
    session: SessionView,
    unproven: readonly Reference[],
    unseen: readonly Reference[],
  ): void {
    const mailbox = this.mailbox(account);
    const receiving = session.slot(this.slot);
    const claimed = [...(receiving?.claims ?? [])].flatMap((claim) => claim.references);
    receiving?.claims.clear();
    const free = mailbox.lose([...unproven, ...claimed], new Set([...unseen, ...claimed]));
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
    const receiving = this.receiving(session);
    const claim = { references };
    receiving.claims.add(claim);
    session.deliverBacklog(this.read(account, session, receiving, claim));
  }

  private receiving(session: SessionView): Receiving {
    let receiving = session.slot(this.slot);
    if (receiving === undefined) {
      receiving = {
        claims: new Set(),
        nextAfter: 0,
        isPatient: false,
        readUpTo: 0,
        isReading: false,
      };
      session.setSlot(this.slot, receiving);
    }
    return receiving;
  }

  /** Goes on with what is unread: when what is being given is proven, or at once if that is nothing. */
  private readOn(account: AccountView, session: SessionView, given: readonly Reference[]): void {
    const { unread } = this.mailbox(account);
    const receiving = this.receiving(session);
    if (unread === undefined || receiving.readUpTo >= unread.upTo) return;
    if (unread.seen && !receiving.isPatient) return;
    const last = given.at(-1);
    if (last !== undefined) receiving.nextAfter = Math.abs(last);
    else if (!receiving.isReading) void this.readUnread(account, session, receiving);
  }

  /** Looks through what is unread until there is something for this session. */
  private async readUnread(
    account: AccountView,
    session: SessionView,
    receiving: Receiving,
  ): Promise<void> {
    const mailbox = this.mailbox(account);
    receiving.isReading = true;
    try {
      for (let found: readonly number[] = []; found.length === 0;) {
        const { unread } = mailbox;
        if (unread === undefined || receiving.readUpTo >= unread.upTo) return;
        const above = Math.max(receiving.readUpTo, unread.from - 1);
        const ids = await this.backlog.ids(account, above, unread.upTo);
        if (!account.sessions.includes(session)) return;
        found = this.takeUnread(mailbox, session, receiving, ids, above, unread.upTo);
        this.give(account, session, found);
        this.readOn(account, session, found);
      }
    } catch (error) {
      this.host.log.error(
        { err: error, jid: session.jid.full },
        'what waits could not be read on; it stays on disk until the next log-in',
      );
    } finally {
      receiving.isReading = false;
    }
  }

  /** @param ids one page of what is unread above an id. @returns those that the session is to be given */
  private takeUnread(
    mailbox: Mailbox,
    session: SessionView,
    receiving: Receiving,
    ids: readonly number[],
    above: number,
    upTo: number,
  ): readonly number[] {
    const end = ids.length < UNREAD_PAGE ? upTo : (ids.at(-1) ?? upTo);
    const open = ids.filter((id) => mailbox.isUnread(id));
    const isAsked = session.slot(this.asked);
    const found = isAsked ? open.filter((id) => !mailbox.maybeSeenUnread(id)) : open;
    const left = found.length === open.length ? undefined : open.find((id) => !found.includes(id));
    mailbox.follow(found);
    receiving.readUpTo = end;
    if (mailbox.unread !== undefined && above < mailbox.unread.from)
      mailbox.readUpTo(left ?? end + 1);
    return found;
  }

  private async read(
    account: AccountView,
    session: SessionView,
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
      const last = Math.abs(given.at(-1)?.reference ?? 0);
      if (last === 0 && receiving.nextAfter !== 0) this.goOn(account, session, receiving);
      else if (last < receiving.nextAfter) receiving.nextAfter = last;
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
