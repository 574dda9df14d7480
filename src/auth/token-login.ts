// Log-in by a token, and who is given one: XEP-0484 (v0.2.0).
import type { Jid } from '../protocol/jid.ts';
import type { Clock } from '../util/clock.ts';
import { accountOf } from './account-name.ts';
import type { Devices, DeviceTokens, TokenSlots, UserAgent } from './devices.ts';
import {
  parseTokenProof,
  tokenAnswer,
  tokenChannel,
  tokenKey,
  tokenMechanismPlace,
  tokenProofHolds,
  type TokenProof,
} from './hashed-token.ts';
import type { AuthContext } from './mechanisms.ts';
import type { SaslCondition, SaslFailure, SaslSuccess } from './sasl-step.ts';
import type { SealedTokens, Token } from './sealed-tokens.ts';

export interface TokenPolicy {
  /** For how long a token is good; 0: none are given. */
  readonly lifetimeMs: number;
  /** A token that is older is replaced when it is used. */
  readonly rotationMs: number;
}

/** What a client wants with its token. */
export interface TokenUse {
  /** `<fast count=''/>` */
  readonly count: number | undefined;
  /** XEP-0484 §3.6: it is good for this log-in and no other. */
  readonly invalidate: boolean;
  /** `<request-token mechanism=''/>` */
  readonly wanted: string | undefined;
}

/** A token for a client. */
export interface Grant {
  readonly token: string;
  readonly expiresAt: number;
}

export interface TokenOutcome {
  readonly step: SaslSuccess | SaslFailure;
  /** The token to be used next time, if there is a new one. */
  readonly grant: Grant | undefined;
}

interface Attempt {
  readonly account: Jid;
  readonly agent: UserAgent;
  readonly mechanism: string;
  readonly channel: Buffer;
  readonly given: TokenProof;
  readonly use: TokenUse;
  readonly context: AuthContext;
}

interface Match {
  readonly slot: 'fresh' | 'current';
  readonly token: Token;
  readonly answer: Buffer;
}

/** Who only looked in writes nothing more often than this. */
const SEEN_MS = 3_600_000;

export class TokenLogin {
  private readonly devices: Devices;
  private readonly sealed: SealedTokens;
  private readonly policy: TokenPolicy;
  private readonly clock: Clock;

  constructor(devices: Devices, sealed: SealedTokens, policy: TokenPolicy, clock: Clock) {
    this.devices = devices;
    this.sealed = sealed;
    this.policy = policy;
    this.clock = clock;
  }

  /** Whether tokens are given. */
  get offered(): boolean {
    return this.policy.lifetimeMs > 0;
  }

  /**
   * One attempt; a token is either right or wrong, there is no second message. Never rejects.
   * SECURITY: nobody guesses 256 bits, so a wrong one slows nobody down: an old token is an honest mistake, and its
   * client's password comes next from the same address.
   */
  async attempt(
    context: AuthContext,
    mechanism: string,
    initial: Buffer | undefined,
    agent: UserAgent | undefined,
    use: TokenUse,
  ): Promise<TokenOutcome> {
    const channel = tokenChannel(context, mechanism);
    if (!this.offered || channel === undefined) return refused('invalid-mechanism');
    const given = initial === undefined ? undefined : parseTokenProof(initial);
    if (given === undefined) return refused('malformed-request');
    const account = accountOf(given.authcid, context.domain);
    // XEP-0484 §4.1: a token is its device's, so that without an id there is none.
    if (account === undefined || agent === undefined) return refused('not-authorized');
    const attempt = { account, agent, mechanism, channel, given, use, context };
    try {
      // Twice, if another connection of the same device was faster: a client that changes networks is no thief.
      return (await this.once(attempt)) ?? (await this.once(attempt)) ?? refused('not-authorized');
    } catch (cause) {
      const step = { kind: 'failure', condition: 'temporary-auth-failure', cause } as const;
      return { step, grant: undefined };
    }
  }

  /** A client that logged in otherwise: it is written down, and gets a token if it wants one. Never rejects. */
  async arrived(
    context: AuthContext,
    account: Jid,
    agent: UserAgent,
    wanted: string | undefined,
  ): Promise<Grant | undefined> {
    const { local, domain } = account;
    const nowMs = this.clock.now();
    const made = this.make(context, wanted, nowMs);
    if (made === undefined) {
      this.devices.seen(local, domain, agent, nowMs);
      return undefined;
    }
    try {
      const fresh = this.sealed.seal(made, whose(account, agent));
      await this.devices.give(local, domain, agent, fresh, nowMs);
      return { token: made.secret, expiresAt: made.expiresAt };
    } catch {
      // The store has said so itself; a log-in does not fail for want of a shorter one next time.
      return undefined;
    }
  }

  /** @returns undefined: somebody changed the device's tokens meanwhile */
  private async once(attempt: Attempt): Promise<TokenOutcome | undefined> {
    const { account, agent, use } = attempt;
    const row = await this.devices.tokensOf(account.local, account.domain, agent.id);
    const match = row && this.match(row, attempt);
    if (row === undefined || match === undefined) return refused('not-authorized');
    const { token } = match;
    // XEP-0484 §3.4: good for the mechanism that it was asked for, and no other.
    if (token.mechanism !== tokenMechanismPlace(attempt.mechanism))
      return refused('not-authorized');
    const nowMs = this.clock.now();
    // XEP-0484 §4.2
    if (token.expiresAt <= nowMs) return refused('credentials-expired');
    // XEP-0484 §3.4: what was counted already is a replay.
    if (use.count !== undefined && use.count <= token.count) return refused('not-authorized');
    if (row.disabled) return refused('account-disabled');
    const made = this.successor(attempt, token, nowMs);
    const kept = await this.keep(attempt, row, match, made, nowMs);
    if (!kept) return undefined;
    return {
      step: {
        kind: 'success',
        data: match.answer,
        local: account.local,
        domain: account.domain,
        mechanism: attempt.mechanism,
      },
      grant: made && { token: made.secret, expiresAt: made.expiresAt },
    };
  }

  /** XEP-0484 §5.1: first what was given last, then what is in use. */
  private match(row: DeviceTokens, attempt: Attempt): Match | undefined {
    for (const slot of ['fresh', 'current'] as const) {
      const sealed = row[slot];
      const token = sealed && this.sealed.open(sealed, whose(attempt.account, attempt.agent));
      if (token === undefined) continue;
      const key = tokenKey(token.secret);
      if (tokenProofHolds(key, attempt.channel, attempt.given.proof))
        return { slot, token, answer: tokenAnswer(key, attempt.channel) };
    }
    return undefined;
  }

  /** The token that is to follow, if one is due or wanted. */
  private successor(attempt: Attempt, token: Token, nowMs: number): Token | undefined {
    const { use, context } = attempt;
    if (use.wanted !== undefined) return this.make(context, use.wanted, nowMs);
    // XEP-0484 §3.6: who wants to be forgotten is given nothing new.
    if (use.invalidate || nowMs - token.issuedAt < this.policy.rotationMs) return undefined;
    return this.make(context, attempt.mechanism, nowMs);
  }

  private make(context: AuthContext, wanted: string | undefined, nowMs: number): Token | undefined {
    if (wanted === undefined || !this.offered) return undefined;
    if (tokenChannel(context, wanted) === undefined) return undefined;
    return {
      secret: this.sealed.newSecret(),
      mechanism: tokenMechanismPlace(wanted),
      issuedAt: nowMs,
      expiresAt: nowMs + this.policy.lifetimeMs,
      count: -1,
    };
  }

  private async keep(
    attempt: Attempt,
    row: DeviceTokens,
    match: Match,
    made: Token | undefined,
    nowMs: number,
  ): Promise<boolean> {
    const { account, agent, use } = attempt;
    const { local, domain } = account;
    const isUnchanged = match.slot === 'current' && use.count === undefined && !use.invalidate;
    if (isUnchanged && made === undefined) {
      if (nowMs - row.lastSeenAt > SEEN_MS) this.devices.seen(local, domain, agent, nowMs);
      return true;
    }
    const slots = this.slotsAfter(attempt, row, match, made);
    return await this.devices.change(local, domain, agent, row.version, slots, nowMs);
  }

  private slotsAfter(
    attempt: Attempt,
    row: DeviceTokens,
    match: Match,
    made: Token | undefined,
  ): TokenSlots {
    const { account, agent, use } = attempt;
    const about = whose(account, agent);
    const counted = use.count === undefined ? match.token : { ...match.token, count: use.count };
    // XEP-0484 §3.5: what is older than the token that was used is over; what was given later and not used stays.
    const current = use.invalidate ? undefined : this.sealed.seal(counted, about);
    const given = match.slot === 'fresh' || use.invalidate ? undefined : row.fresh;
    return { current, fresh: made === undefined ? given : this.sealed.seal(made, about) };
  }
}

/** What a sealed token is tied to. NUL is in neither. */
function whose(account: Jid, agent: UserAgent): string {
  return `${account.bare}\0${agent.id}`;
}

function refused(condition: SaslCondition): TokenOutcome {
  return { step: { kind: 'failure', condition }, grant: undefined };
}
