// The door to log-in: what a stream is offered, and an exchange for each attempt.
import type { Jid } from '../protocol/jid.ts';
import type { Random } from '../util/clock.ts';
import type { Credentials, CredentialSource } from './credentials.ts';
import { DeviceLabels } from './device-label.ts';
import type { UserAgent } from './devices.ts';
import type { Hashing } from './hashing.ts';
import { upgradesDue, upgradeTasks, type KeyKeeper, type KeyUpgrade } from './key-upgrade.ts';
import type { AuthContext, AuthPolicy } from './mechanisms.ts';
import { Offers, type Offer } from './offer.ts';
import { SaslExchange, type AuthServices } from './sasl-exchange.ts';
import { FeignedKeys } from './scram.ts';
import type { LoginThrottle } from './throttle.ts';
import type { Grant, TokenLogin, TokenOutcome, TokenUse } from './token-login.ts';

/** What makes later log-ins better or shorter; without it there is none of that. */
export interface AuthExtras {
  /** Absent: nothing is written down of devices, and none gets a token. */
  readonly tokens?: TokenLogin;
  /** Absent: keys stay as they are. */
  readonly keys?: KeyKeeper;
}

/**
 * Checks passwords and tokens by SASL. One for a server; holds no state of a stream. A change of policy is a new
 * Authenticator over the same throttle and hashing; a stream that was offered mechanisms by the old one finishes with
 * the old one. Whether a stream may log in at all before TLS is the stream's rule: only PLAIN is held back here.
 */
export class Authenticator {
  private readonly services: AuthServices;
  private readonly extras: AuthExtras;
  private readonly labels: DeviceLabels;
  /** XEP-0480 §3.1: tasks that may be asked for; the same for everybody, or accounts could be told apart by them. */
  readonly upgrades: readonly string[];

  constructor(
    source: CredentialSource,
    hashing: Hashing,
    throttle: LoginThrottle,
    policy: AuthPolicy,
    random: Random,
    extras: AuthExtras = {},
  ) {
    const feigned = new FeignedKeys(policy.secret, policy.iterations);
    const offers = new Offers(policy);
    this.services = { source, hashing, throttle, policy, random, feigned, offers };
    this.extras = extras;
    this.labels = new DeviceLabels(policy.secret);
    this.upgrades = extras.keys === undefined ? [] : upgradeTasks(policy.mechanisms);
  }

  /** What to offer, the same object for equal streams; -PLUS only with a channel to bind to. */
  offer(context: AuthContext): Offer {
    return this.services.offers.for(context);
  }

  /** Whether tokens are given (XEP-0484). */
  get givesTokens(): boolean {
    return this.extras.tokens?.offered === true;
  }

  /** One attempt on a stream; call its `abort` if the stream ends before it does. */
  begin(context: AuthContext): SaslExchange {
    return new SaslExchange(this.services, context);
  }

  /** One attempt with a token: XEP-0484 §3.4. Never rejects. */
  async beginWithToken(
    context: AuthContext,
    mechanism: string,
    initial: Buffer | undefined,
    agent: UserAgent | undefined,
    use: TokenUse,
  ): Promise<TokenOutcome> {
    const { tokens } = this.extras;
    if (tokens === undefined)
      return { step: { kind: 'failure', condition: 'invalid-mechanism' }, grant: undefined };
    const outcome = await tokens.attempt(context, mechanism, initial, agent, use);
    if (outcome.step.kind === 'success') {
      const { local, domain } = outcome.step;
      this.services.throttle.succeeded(context.peerAddress, `${local}@${domain}`);
    }
    return outcome;
  }

  /**
   * A device has logged in without a token.
   * @param wanted the mechanism that it asks a token for. @returns undefined: there is none for it. Never rejects.
   */
  arrived(
    context: AuthContext,
    account: Jid,
    agent: UserAgent,
    wanted: string | undefined,
  ): Promise<Grant | undefined> | undefined {
    return this.extras.tokens?.arrived(context, account, agent, wanted);
  }

  /** What stands for a device in the resources that are made for it. */
  label(account: Jid, deviceId: string): string {
    return this.labels.of(account, deviceId);
  }

  /** The tasks of those asked for that make the account's keys better. */
  upgradesFor(wanted: readonly string[], credentials: Credentials): readonly KeyUpgrade[] {
    const { policy, random } = this.services;
    return upgradesDue(wanted, this.upgrades, credentials, policy.iterations, random);
  }

  /** Keeps better keys. On disk when it resolves; rejects when they cannot be written. */
  async keep(account: Jid, known: Credentials, better: Credentials): Promise<void> {
    await this.extras.keys?.replace(account.local, account.domain, known, better);
  }
}
