// Which accounts are in memory, and the inbox of each one that is being read. Bounded: the idle ones leave first.
import type { Loader } from '../host/module.ts';
import { makeJid, type BareJid, type Jid } from '../protocol/jid.ts';
import { StorageError, type QueryId, type StatementId, type Value } from '../storage/storage.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { Account, type AccountWriter } from './account.ts';
import type { Commits } from './commits.ts';

/**
 * What waits for an account to be read: stanzas and attachments, in order. Undefined: there is no such account, or,
 * if `unread`, nobody knows, since the read failed.
 */
type Waiting = (account: Account | undefined, unread: boolean) => void;

interface Loading {
  readonly waiting: Waiting[];
  /** Whose stanza began it. */
  readonly by: BareJid | undefined;
}

export interface AccountCacheParts {
  readonly commits: Commits;
  readonly loaders: () => readonly Loader[];
  /** One row (id, disabled) for (local, domain), or none. */
  readonly findAccount: QueryId;
  /** May change while it runs. */
  readonly limits: {
    /** Stanzas and attachments that wait while an account is being read. */
    readonly inboxStanzas: number;
    /** Accounts without sessions that are kept in memory. */
    readonly cachedAccounts: number;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** How long "no such account" is believed without asking the disk again. */
const ABSENT_MS = 2000;
/** So many are believed absent at once; the oldest beyond them are asked for again. */
const MAX_ABSENT = 10_000;

/**
 * SECURITY: so many accounts are read at once for what one account sends, each by a few of the reads that all share:
 * whoever writes to thousands of strangers waits, and nobody else does.
 */
const MAX_LOADS_EACH = 256;

const SWEEP_STEP = 1000;

export class AccountCache {
  private readonly parts: AccountCacheParts;
  /** So many accounts in memory are worth a look. */
  private sweepAbove: number;
  private readonly loaded = new Map<BareJid, Account>();
  private readonly loading = new Map<BareJid, Loading>();
  private readonly absent = new Map<BareJid, number>();
  private lastTemporary = 0;
  /** Reads of accounts under way, by whose stanza began them. */
  private readonly loadsBy = new Map<BareJid, number>();
  /** One for all accounts. PERF: made where an account is read, it would hold every row that was read with it. */
  private readonly writer: AccountWriter = (account, statement, params) => {
    this.writeFor(account, statement, params);
  };

  constructor(parts: AccountCacheParts) {
    this.parts = parts;
    this.sweepAbove = parts.limits.cachedAccounts;
  }

  /** Accounts in memory. */
  all(): Iterable<Account> {
    return this.loaded.values();
  }

  /** In memory or not at all: never reads. */
  peek(bare: BareJid): Account | undefined {
    return this.loaded.get(bare);
  }

  /** In memory, or being read: somebody may be on line. */
  holds(bare: BareJid): boolean {
    return this.loaded.has(bare) || this.loading.has(bare);
  }

  /** Makes an account that is on no disk, unless it is there: its rows never get there either (see Commits.submit). */
  makeTemporary(jid: Jid): void {
    if (this.loaded.has(jid.bare)) return;
    const bare = jid.resource === '' ? jid : makeJid(jid.local, jid.domain, '');
    const account = new Account(bare, --this.lastTemporary, this.writer);
    for (const loader of this.parts.loaders()) loader.apply(account, []);
    this.absent.delete(bare.bare);
    this.loaded.set(bare.bare, account);
  }

  /** XEP-0175 §3: nothing is left of a temporary account when its last session has ended. */
  forgetIfOver(account: Account): void {
    if (!account.temporary || account.sessions.length > 0 || account.closing.length > 0) return;
    this.loaded.delete(account.jid.bare);
  }

  /** The account is likely to be there: it is looked for, whatever was believed. */
  expect(bare: BareJid): void {
    this.absent.delete(bare);
  }

  /** Forgets what is believed of an address: it was made or removed. Its sessions are ended by the caller. */
  forget(bare: BareJid): void {
    this.absent.delete(bare);
    this.loaded.delete(bare);
  }

  /**
   * Runs `act` with the account in memory, reading it first if need be.
   * @param by whose stanza it is, if it is a client's
   * @returns false when the inbox is full, or when too much is being read for `by`
   */
  whenLoaded(jid: Jid, act: Waiting, by?: BareJid): boolean {
    const account = this.loaded.get(jid.bare);
    if (account !== undefined) {
      act(account, false);
      return true;
    }
    const believedUntil = this.absent.get(jid.bare);
    if (believedUntil !== undefined) {
      if (this.parts.clock.monotonicMs() < believedUntil) {
        act(undefined, false);
        return true;
      }
      this.absent.delete(jid.bare);
    }
    const loading = this.loading.get(jid.bare);
    if (loading !== undefined) {
      if (loading.waiting.length >= this.parts.limits.inboxStanzas) return false;
      loading.waiting.push(act);
      return true;
    }
    if (by !== undefined) {
      const loads = this.loadsBy.get(by) ?? 0;
      if (loads >= MAX_LOADS_EACH) return false;
      this.loadsBy.set(by, loads + 1);
    }
    const fresh: Loading = { waiting: [act], by };
    this.loading.set(jid.bare, fresh);
    void this.load(jid, fresh);
    return true;
  }

  /** Called once a second: accounts without sessions leave when there are too many of them. */
  sweep(): void {
    if (this.loaded.size > this.sweepAbove) this.evict(this.parts.limits.cachedAccounts);
    const nowMs = this.parts.clock.monotonicMs();
    for (const [bare, untilMs] of this.absent) if (untilMs <= nowMs) this.absent.delete(bare);
  }

  /** Memory is short: accounts without sessions leave, all of them. @returns how many did */
  shed(): number {
    const before = this.loaded.size;
    this.absent.clear();
    this.evict(0);
    return before - this.loaded.size;
  }

  /** Accounts in memory, for metrics. */
  get size(): number {
    return this.loaded.size;
  }

  private evict(kept: number): void {
    const idle = [...this.loaded.values()].filter(
      (account) => account.sessions.length === 0 && account.closing.length === 0,
    );
    const excess = idle.length - kept;
    if (excess > 0) {
      idle.sort((a, b) => a.usedAtMs - b.usedAtMs);
      for (const account of idle.slice(0, excess)) this.loaded.delete(account.jid.bare);
    }
    // PERF: nobody is looked at again before there are clearly more of them; an idle server does nothing.
    this.sweepAbove = Math.max(this.parts.limits.cachedAccounts, this.loaded.size + SWEEP_STEP);
  }

  private async load(jid: Jid, loading: Loading): Promise<void> {
    let account: Account | undefined;
    let unread = false;
    try {
      account = await this.read(jid);
      if (account === undefined) this.believeAbsent(jid.bare);
      else this.loaded.set(jid.bare, account);
    } catch (error) {
      unread = true;
      // Overload is no fault, and its log lines would be part of the flood.
      const isFlood = error instanceof StorageError && error.code === 'overloaded';
      this.parts.log[isFlood ? 'debug' : 'error'](
        { err: error, jid: jid.bare },
        'an account could not be read; what waited for it was refused',
      );
    }
    this.loading.delete(jid.bare);
    this.loadEnded(loading.by);
    for (const act of loading.waiting) {
      try {
        act(account, unread);
      } catch (error) {
        this.parts.log.error(
          { err: error, jid: jid.bare },
          'a stanza that waited for its account failed. This is a bug.',
        );
      }
    }
  }

  private loadEnded(by: BareJid | undefined): void {
    if (by === undefined) return;
    const left = (this.loadsBy.get(by) ?? 1) - 1;
    if (left === 0) this.loadsBy.delete(by);
    else this.loadsBy.set(by, left);
  }

  private believeAbsent(bare: BareJid): void {
    // SECURITY: whoever writes to strangers chooses these, so they are bounded.
    if (this.absent.size >= MAX_ABSENT) {
      for (const oldest of this.absent.keys()) {
        this.absent.delete(oldest);
        break;
      }
    }
    this.absent.set(bare, this.parts.clock.monotonicMs() + ABSENT_MS);
  }

  private async read(jid: Jid): Promise<Account | undefined> {
    const { storage, lastTicket } = this.parts.commits;
    const bare = jid.resource === '' ? jid : makeJid(jid.local, jid.domain, '');
    const rows = await storage.read(this.parts.findAccount, [bare.local, bare.domain], lastTicket);
    const id = rows[0]?.[0];
    if (typeof id !== 'number') return undefined;
    const account = new Account(bare, id, this.writer);
    const loaders = this.parts.loaders();
    const pages = await Promise.all(
      loaders.map((loader) => storage.read(loader.query, [id], lastTicket)),
    );
    loaders.forEach((loader, i) => loader.apply(account, pages[i] ?? []));
    return account;
  }

  private writeFor(account: Account, statement: StatementId, params: readonly Value[]): void {
    const unit = this.parts.commits.storage.unit();
    unit.add(statement, ...params);
    this.parts.commits.submit(unit, account.owner, LOGGED(this.parts.log), 0);
  }
}

const LOGGED = (log: Log) => ({
  settled(_n: number, failure: { code: string; message: string } | undefined): void {
    if (failure !== undefined)
      log.error(
        { code: failure.code, reason: failure.message },
        'rows of an account could not be written',
      );
  },
});
