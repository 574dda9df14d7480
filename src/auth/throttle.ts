// Slows down those who guess passwords, and nobody else: a wait grows with each failure and is forgiven with time.
//
// The trade. An address that fails waits 1 s, 2 s, 4 s … up to `maxDelayMs`; so does whoever shares it (a NAT, a proxy).
// An account that is guessed at from many addresses makes strangers wait too, but `accountMaxDelayMs` at most, and never
// an address from which it logged in lately: the owner is slowed for some seconds on a new network, never locked out.
// The price is that a large enough set of addresses still gets its guesses, each at the pace of its own address.
import type { Clock, Timers } from '../util/clock.ts';

export interface ThrottleOptions {
  /** Wait after the first failure; doubles with each further one. */
  readonly baseDelayMs: number;
  /** Longest wait of an address; 0 switches the throttle off. */
  readonly maxDelayMs: number;
  /** Longest wait that failures of others put on an account. */
  readonly accountMaxDelayMs: number;
  /** After a wait is over, each such time without a failure halves the next wait. */
  readonly forgiveAfterMs: number;
  /** Addresses, accounts, and pairs of the two remembered, each; the longest unused is forgotten first. */
  readonly maxTracked: number;
  /** Attempts that wait at once, in all and from one address; beyond, an attempt is refused for now. */
  readonly maxWaiting: number;
  readonly maxWaitingPerAddress: number;
}

export const DEFAULT_THROTTLE: ThrottleOptions = {
  baseDelayMs: 1000,
  // Below the 30 s that a stream has for its log-in, so that an answer can still be given.
  maxDelayMs: 16_000,
  accountMaxDelayMs: 4000,
  forgiveAfterMs: 60_000,
  maxTracked: 8192,
  maxWaiting: 4096,
  maxWaitingPerAddress: 8,
};

/** One attempt that waits. */
export interface Wait {
  /** True when the time is over, false when it was cancelled. Never rejects. */
  readonly over: Promise<boolean>;
  /** Ends the wait and frees its place; idempotent. */
  cancel(): void;
}

/**
 * Remembers failed log-ins per address and per account. Nothing blocks: it says how long to wait, and waits with timers.
 * An account is `local@domain`, prepared; existing or not makes no difference here (it would tell which exist).
 */
export class LoginThrottle {
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly options: ThrottleOptions;
  private readonly addresses: Penalties;
  private readonly accounts: Penalties;
  /** Pairs of address and account that logged in lately. */
  private readonly known = new Map<string, true>();
  private readonly waitingOf = new Map<string, number>();
  private waitingInAll = 0;

  constructor(clock: Clock, timers: Timers, options: ThrottleOptions = DEFAULT_THROTTLE) {
    this.clock = clock;
    this.timers = timers;
    this.options = options;
    this.addresses = new Penalties(options, options.maxDelayMs);
    this.accounts = new Penalties(options, Math.min(options.accountMaxDelayMs, options.maxDelayMs));
  }

  /** Attempts that wait at present, for metrics. */
  get waiting(): number {
    return this.waitingInAll;
  }

  /** Milliseconds that an attempt of this address at this account still has to wait; 0: none. */
  delayMs(address: string, account: string | undefined): number {
    if (this.addresses.size === 0 && this.accounts.size === 0) return 0;
    const now = this.clock.monotonicMs();
    const network = networkOf(address);
    const ofAddress = this.addresses.leftMs(network, now);
    if (account === undefined || this.known.has(pair(network, account))) return ofAddress;
    return Math.max(ofAddress, this.accounts.leftMs(account, now));
  }

  /** Notes a wrong password. The answer to it is due after `delayMs`. */
  failed(address: string, account: string | undefined): void {
    if (this.options.maxDelayMs <= 0) return;
    const now = this.clock.monotonicMs();
    this.addresses.add(networkOf(address), now);
    if (account !== undefined) this.accounts.add(account, now);
  }

  /**
   * Notes a right one: from here on, failures of others no longer slow this account from this address.
   * SECURITY: the address's own failures stay, else an attacker's own account would wash them off between two guesses.
   */
  succeeded(address: string, account: string): void {
    remember(this.known, pair(networkOf(address), account), true, this.options.maxTracked);
  }

  /** Waits without holding anybody else up. @returns undefined: too many wait already, in all or of this address */
  wait(address: string, ms: number): Wait | undefined {
    const network = networkOf(address);
    const before = this.waitingOf.get(network) ?? 0;
    if (this.waitingInAll >= this.options.maxWaiting) return undefined;
    if (before >= this.options.maxWaitingPerAddress) return undefined;
    this.waitingInAll++;
    this.waitingOf.set(network, before + 1);
    const { promise, resolve } = settleable<boolean>();
    let ended = false;
    const end = (inFull: boolean): void => {
      if (ended) return;
      ended = true;
      timer.cancel();
      this.leave(network);
      resolve(inFull);
    };
    const timer = this.timers.after(ms, () => end(true));
    return { over: promise, cancel: () => end(false) };
  }

  private leave(network: string): void {
    this.waitingInAll--;
    const left = (this.waitingOf.get(network) ?? 1) - 1;
    if (left === 0) this.waitingOf.delete(network);
    else this.waitingOf.set(network, left);
  }
}

interface Penalty {
  /** Failures not forgiven yet. */
  level: number;
  untilMs: number;
}

/** Failures by key, bounded. */
class Penalties {
  private readonly options: ThrottleOptions;
  private readonly maxDelayMs: number;
  private readonly maxLevel: number;
  private readonly entries = new Map<string, Penalty>();

  constructor(options: ThrottleOptions, maxDelayMs: number) {
    this.options = options;
    this.maxDelayMs = maxDelayMs;
    // A level beyond the longest wait would only take longer to be forgiven.
    this.maxLevel = Math.max(1, 1 + Math.ceil(Math.log2(maxDelayMs / options.baseDelayMs)));
  }

  get size(): number {
    return this.entries.size;
  }

  leftMs(key: string, now: number): number {
    const entry = this.entries.get(key);
    return entry ? Math.max(0, entry.untilMs - now) : 0;
  }

  add(key: string, now: number): void {
    const entry = this.entries.get(key);
    const level = Math.min(this.maxLevel, this.levelAt(entry, now) + 1);
    const delayMs = Math.min(this.maxDelayMs, this.options.baseDelayMs * 2 ** (level - 1));
    const untilMs = Math.max(entry?.untilMs ?? 0, now + delayMs);
    remember(this.entries, key, { level, untilMs }, this.options.maxTracked);
  }

  private levelAt(entry: Penalty | undefined, now: number): number {
    if (!entry) return 0;
    const quietMs = Math.max(0, now - entry.untilMs);
    return Math.max(0, entry.level - Math.floor(quietMs / this.options.forgiveAfterMs));
  }
}

/** A Map keeps the order of insertion: re-inserting makes a key the last to be forgotten. */
function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function pair(network: string, account: string): string {
  return `${network} ${account}`;
}

function settleable<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

/** What counts as one address: all of an IPv4 address, the first 64 bits of an IPv6 one (what a customer is given). */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  // RFC 4291 §2.2: an IPv4 tail stands for two groups.
  const width = right.length + (right.at(-1)?.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - width);
  const groups = [...left, ...new Array<string>(zeros).fill('0'), ...right].slice(0, 4);
  return `${groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
