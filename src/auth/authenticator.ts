// The door to log-in: what a stream is offered, and an exchange for each attempt.
import type { Random } from '../util/clock.ts';
import type { CredentialSource } from './credentials.ts';
import type { Hashing } from './hashing.ts';
import {
  offeredBindingTypes,
  offeredMechanisms,
  type AuthContext,
  type AuthPolicy,
} from './mechanisms.ts';
import { SaslExchange, type AuthServices } from './sasl-exchange.ts';
import { FeignedKeys } from './scram.ts';
import type { LoginThrottle } from './throttle.ts';

/**
 * Checks passwords by SASL. One for a server; holds no state of a stream. A change of policy is a new Authenticator over
 * the same throttle and hashing; a stream that was offered mechanisms by the old one finishes with the old one.
 * Whether a stream may log in at all before TLS is the stream's rule: only PLAIN is held back here.
 */
export class Authenticator {
  private readonly services: AuthServices;

  constructor(
    source: CredentialSource,
    hashing: Hashing,
    throttle: LoginThrottle,
    policy: AuthPolicy,
    random: Random,
  ) {
    const feigned = new FeignedKeys(policy.secret, policy.iterations);
    this.services = { source, hashing, throttle, policy, random, feigned };
  }

  /** Mechanisms to offer, strongest first, the same for equal streams; -PLUS only with a channel to bind to. */
  offered(context: AuthContext): readonly string[] {
    return offeredMechanisms(context, this.services.policy);
  }

  /** Types for `<sasl-channel-binding/>`; empty: leave the feature out. @source XEP-0440 §2 (v1.0.0) */
  offeredBindings(context: AuthContext): readonly string[] {
    return offeredBindingTypes(context, this.services.policy);
  }

  /** One attempt on a stream; call its `abort` if the stream ends before it does. */
  begin(context: AuthContext): SaslExchange {
    return new SaslExchange(this.services, context);
  }
}
