// What one step of a log-in gives the stream to send. RFC 6120 §6.4, §6.5.
import type { Credentials } from './credentials.ts';

/** RFC 6120 §6.5. */
export type SaslCondition =
  | 'aborted'
  | 'account-disabled'
  | 'credentials-expired'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'mechanism-too-weak'
  | 'not-authorized'
  | 'temporary-auth-failure';

export interface SaslChallenge {
  readonly kind: 'challenge';
  readonly data: Buffer;
}

export interface SaslSuccess {
  readonly kind: 'success';
  /** Additional data, to go inside `<success/>`. */
  readonly data?: Buffer;
  /** Prepared. */
  readonly local: string;
  readonly domain: string;
  readonly mechanism: string;
  /** What the account has, where a password was checked against it. */
  readonly credentials?: Credentials;
  /** The account exists for this log-in alone, and on no disk (XEP-0175). */
  readonly temporary?: true;
}

export interface SaslFailure {
  readonly kind: 'failure';
  readonly condition: SaslCondition;
  /** English, for the client's developer. */
  readonly text?: string;
  /** The mechanism does not fit the channel; no secret was looked at, so it was no guess. */
  readonly misfit?: true;
  /** What broke on our side, to be logged; never to be sent. */
  readonly cause?: unknown;
}

export type SaslStep = SaslChallenge | SaslSuccess | SaslFailure;
