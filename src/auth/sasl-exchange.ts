// One attempt to log in: SCRAM (RFC 5802), PLAIN (RFC 4616), EXTERNAL (RFC 4422) or ANONYMOUS (RFC 4505) as steps of SASL,
// RFC 6120 §6.
import { isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { Jid } from '../protocol/jid.ts';
import { PasswordError, preparePassword } from '../protocol/password.ts';
import type { Random } from '../util/clock.ts';
import { accountOf, mayActAs } from './account-name.ts';
import { keysOf, type CredentialSource, type Credentials, type ScramKeys } from './credentials.ts';
import { certifiedAccount } from './external-login.ts';
import { HashingRefusal, type Hashing, type Wanted } from './hashing.ts';
import {
  MECHANISMS,
  bindingData,
  plusOffered,
  refusalOf,
  type AuthContext,
  type AuthPolicy,
  type Mechanism,
  type ScramMechanism,
} from './mechanisms.ts';
import type { Offers } from './offer.ts';
import { parsePlain } from './plain-message.ts';
import type { SaslCondition, SaslFailure, SaslStep } from './sasl-step.ts';
import { SCRAM_HASHES, scramHash, type ScramHash } from './scram-hash.ts';
import {
  parseClientFinal,
  parseClientFirst,
  type ClientFinal,
  type ClientFirst,
} from './scram-messages.ts';
import { proofHolds, serverFinal, type FeignedKeys } from './scram.ts';
import type { LoginThrottle, Wait } from './throttle.ts';

/** What all attempts of a server share. */
export interface AuthServices {
  readonly source: CredentialSource;
  readonly hashing: Hashing;
  readonly throttle: LoginThrottle;
  readonly policy: AuthPolicy;
  readonly random: Random;
  readonly feigned: Pick<FeignedKeys, 'of'>;
  readonly offers: Offers;
}

/** Two addresses and two nonces of the longest, escaped, are less; nothing honest is longer. */
const MAX_MESSAGE_BYTES = 8192;

/** What a new account's PLAIN is checked against. */
const STRONGEST: ScramHash = 'SHA-512';

const ABORTED: SaslFailure = { kind: 'failure', condition: 'aborted' };

interface ScramState {
  readonly mechanism: ScramMechanism;
  readonly account: Jid;
  readonly keys: ScramKeys;
  /** False: the keys are feigned, and no proof is good enough. */
  readonly exists: boolean;
  readonly found: Credentials | undefined;
  readonly nonce: string;
  /** What `c=` must say, in base64. */
  readonly binding: string;
  /** The first two thirds of what both sides sign. */
  readonly signedSoFar: string;
}

/**
 * The server's side of one attempt. One call at a time: wait for a step before giving the next message. After `success`
 * or `failure` it is used up; drop it. Never throws or rejects: what breaks on our side is a `temporary-auth-failure`
 * with its `cause`.
 */
export class SaslExchange implements Wanted {
  aborted = false;
  private readonly services: AuthServices;
  private readonly context: AuthContext;
  private state: 'new' | 'initial' | 'final' | 'busy' | 'done' = 'new';
  private mechanism: Mechanism | undefined;
  private scram: ScramState | undefined;
  private waiting: Wait | undefined;

  constructor(services: AuthServices, context: AuthContext) {
    this.services = services;
    this.context = context;
  }

  /**
   * `<auth/>`.
   * @param initial decoded; undefined if there was no text, which a `=` is not
   */
  start(mechanism: string, initial: Buffer | undefined): SaslStep | Promise<SaslStep> {
    if (this.state !== 'new') return this.outOfTurn();
    const found = MECHANISMS.find((entry) => entry.name === mechanism);
    const refusal = found ? refusalOf(found, this.context, this.services.policy) : undefined;
    if (!found) return this.fail('invalid-mechanism');
    if (refusal) return this.fail(refusal);
    this.mechanism = found;
    // RFC 4505 §2: nothing has to be said; XEP-0175 §4 has a success at once.
    if (found.kind === 'anonymous') return this.anonymous();
    if (initial !== undefined) return this.first(found, initial);
    // RFC 4422 §3: the client speaks first in each of our mechanisms; an empty challenge asks for it.
    this.state = 'initial';
    return { kind: 'challenge', data: Buffer.alloc(0) };
  }

  /** `<response/>`, decoded. */
  respond(data: Buffer): SaslStep | Promise<SaslStep> {
    if (this.state === 'initial' && this.mechanism) return this.first(this.mechanism, data);
    if (this.state === 'final' && this.scram) return this.scramLast(this.scram, data);
    return this.outOfTurn();
  }

  /** `<abort/>`, or the stream is gone: ends waits; a step under way resolves to `aborted`, which nobody needs to answer. */
  abort(): void {
    this.aborted = true;
    this.state = 'done';
    this.waiting?.cancel();
  }

  private first(mechanism: Mechanism, data: Buffer): SaslStep | Promise<SaslStep> {
    const message = readMessage(data);
    if (message === undefined) return this.fail('malformed-request');
    if (mechanism.kind === 'external') return this.external(message);
    if (mechanism.kind === 'anonymous') return this.anonymous();
    return mechanism.kind === 'plain' ? this.plain(message) : this.scramFirst(mechanism, message);
  }

  // --- SCRAM

  private scramFirst(mechanism: ScramMechanism, message: string): SaslStep | Promise<SaslStep> {
    const first = parseClientFirst(message);
    if (!first) return this.fail('malformed-request');
    // RFC 5802 §6: p= belongs to -PLUS and -PLUS to p=.
    if (mechanism.plus !== (first.flag === 'p')) {
      return this.fail('malformed-request', 'the channel-binding flag does not fit the mechanism');
    }
    // RFC 5802 §6: the client saw no -PLUS, yet we offered one: somebody in between took it out.
    if (first.flag === 'y' && plusOffered(this.context, this.services.policy)) {
      return this.misfit('server-does-support-channel-binding');
    }
    const channel =
      first.flag === 'p' ? bindingData(this.context, first.bindingType) : Buffer.alloc(0);
    if (!channel) return this.misfit('unsupported-channel-binding-type');
    const account = accountOf(first.username, this.context.domain);
    if (!account) return this.reject(undefined);
    if (!this.mayBe(account, first.authzid)) return this.fail('invalid-authzid');
    return this.scramChallenge(mechanism, first, account, channel);
  }

  private async scramChallenge(
    mechanism: ScramMechanism,
    first: ClientFirst,
    account: Jid,
    channel: Buffer,
  ): Promise<SaslStep> {
    this.state = 'busy';
    const { source, feigned, random } = this.services;
    let found: Credentials | undefined;
    try {
      found = await source.find(account.local, account.domain);
    } catch (cause) {
      return this.broken(cause);
    }
    if (this.aborted) return ABORTED;
    // SECURITY: feigned for everybody, so that both ways cost the same.
    const instead = feigned.of(account.local, account.domain, mechanism.hash);
    const stored = found?.keys[mechanism.hash];
    const keys = stored ?? instead;
    const nonce = first.nonce + random.id();
    // XEP-0474 §5.1 (v0.5.0): `h`, which both sides sign with the rest.
    const { offers, policy } = this.services;
    const h =
      policy.downgradeProtection === false
        ? ''
        : `,h=${offers.for(this.context).protection(mechanism.hash)}`;
    const challenge = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}${h}`;
    this.scram = {
      mechanism,
      account,
      keys,
      exists: stored !== undefined,
      found,
      nonce,
      binding: Buffer.concat([Buffer.from(first.gs2Header), channel]).toString('base64'),
      signedSoFar: `${first.bare},${challenge}`,
    };
    this.state = 'final';
    return { kind: 'challenge', data: Buffer.from(challenge, 'latin1') };
  }

  private scramLast(scram: ScramState, data: Buffer): SaslStep | Promise<SaslStep> {
    const message = readMessage(data);
    const last = message === undefined ? undefined : parseClientFinal(message);
    if (last?.proof.length !== scramHash(scram.mechanism.hash).bytes) {
      return this.fail('malformed-request');
    }
    const waitMs = this.dueMs(scram.account);
    if (waitMs === 0) return this.scramVerdict(scram, last);
    return this.after(waitMs, () => this.scramVerdict(scram, last));
  }

  private scramVerdict(scram: ScramState, last: ClientFinal): SaslStep | Promise<SaslStep> {
    const { keys, mechanism } = scram;
    const signed = `${scram.signedSoFar},${last.withoutProof}`;
    const proven = proofHolds(keys, mechanism.hash, signed, last.proof);
    // RFC 5802 §5.1: the nonce must be ours, and c= what was negotiated on this very channel.
    const bound = last.nonce === scram.nonce && last.binding === scram.binding;
    if (!proven || !bound || !scram.exists) return this.reject(scram.account);
    return this.accept(scram.account, scram.found, () => serverFinal(keys, mechanism.hash, signed));
  }

  // --- PLAIN

  private plain(message: string): SaslStep | Promise<SaslStep> {
    const parsed = parsePlain(message);
    if (!parsed) return this.fail('malformed-request');
    const account = accountOf(parsed.authcid, this.context.domain);
    if (!account) return this.reject(undefined);
    // Before the password is looked at: the answer says nothing about it, nor about the account.
    if (!this.mayBe(account, parsed.authzid)) return this.fail('invalid-authzid');
    const password = prepared(parsed.password);
    if (password === undefined) return this.reject(account);
    const waitMs = this.dueMs(account);
    if (waitMs === 0) return this.plainVerdict(account, password);
    return this.after(waitMs, () => this.plainVerdict(account, password));
  }

  private async plainVerdict(account: Jid, password: string): Promise<SaslStep> {
    this.state = 'busy';
    const { source, hashing, feigned } = this.services;
    try {
      const found = await source.find(account.local, account.domain);
      // SECURITY: an unknown user costs the same derivation, under a feigned salt.
      const instead = feigned.of(account.local, account.domain, STRONGEST);
      const stored = strongestOf(found);
      const { hash, keys } = stored ?? { hash: STRONGEST, keys: instead };
      const salted = await hashing.pbkdf2(password, keys.salt, keys.iterations, hash, this);
      if (this.aborted) return ABORTED;
      const right = timingSafeEqual(keysOf(salted, hash).storedKey, keys.storedKey);
      if (!right || !stored) return await this.reject(account);
      return this.accept(account, found);
    } catch (cause) {
      return this.broken(cause);
    }
  }

  // --- EXTERNAL, ANONYMOUS

  private external(authzid: string): SaslStep | Promise<SaslStep> {
    const named = certifiedAccount(this.context, authzid);
    if ('refused' in named) return this.fail(named.refused);
    if (!this.mayBe(named.account, authzid)) return this.fail('invalid-authzid');
    return this.externalVerdict(named.account);
  }

  private async externalVerdict(account: Jid): Promise<SaslStep> {
    this.state = 'busy';
    try {
      const found = await this.services.source.find(account.local, account.domain);
      if (this.aborted) return ABORTED;
      return found === undefined ? this.fail('not-authorized') : this.accept(account, found);
    } catch (cause) {
      return this.broken(cause);
    }
  }

  /** XEP-0175 §3 (v1.2): a name that nobody has; the trace data is used for nothing. */
  private anonymous(): SaslStep {
    this.state = 'done';
    return {
      kind: 'success',
      local: uuid(this.services.random.bytes(16)),
      domain: this.context.domain,
      mechanism: 'ANONYMOUS',
      temporary: true,
    };
  }

  // --- Ends

  /** RFC 6120 §6.3.8; XEP-0388 §2.3: nor another than the stream is from. */
  private mayBe(account: Jid, authzid: string): boolean {
    const { streamFrom } = this.context;
    if (authzid !== '' && streamFrom !== undefined && streamFrom !== account.bare) return false;
    return mayActAs(account, authzid);
  }

  private dueMs(account: Jid): number {
    return this.services.throttle.delayMs(this.context.peerAddress, account.bare);
  }

  private accept(account: Jid, found: Credentials | undefined, data?: () => Buffer): SaslStep {
    this.services.throttle.succeeded(this.context.peerAddress, account.bare);
    // RFC 6120 §6.5.2; only who has the password learns it.
    if (found?.disabled === true) return this.fail('account-disabled');
    this.state = 'done';
    return {
      kind: 'success',
      ...(data && { data: data() }),
      ...(found && { credentials: found }),
      local: account.local,
      domain: account.domain,
      mechanism: this.mechanism?.name ?? '',
    };
  }

  /** Wrong password, no such account, wrong nonce or channel: one answer to all, after the wait that is due. */
  private async reject(account: Jid | undefined): Promise<SaslStep> {
    this.state = 'busy';
    const { throttle } = this.services;
    throttle.failed(this.context.peerAddress, account?.bare);
    const waitMs = throttle.delayMs(this.context.peerAddress, account?.bare);
    // With no room to wait the answer goes out at once; the next attempt is refused all the same.
    if (waitMs > 0) await this.pause(waitMs);
    return this.aborted ? ABORTED : this.fail('not-authorized');
  }

  private async after(waitMs: number, next: () => SaslStep | Promise<SaslStep>): Promise<SaslStep> {
    this.state = 'busy';
    const waited = await this.pause(waitMs);
    if (this.aborted) return ABORTED;
    return waited ? next() : this.fail('temporary-auth-failure', 'too many attempts');
  }

  private async pause(waitMs: number): Promise<boolean> {
    this.waiting = this.services.throttle.wait(this.context.peerAddress, waitMs);
    const waited = (await this.waiting?.over) ?? false;
    this.waiting = undefined;
    return waited;
  }

  /** A message while a step is under way, or after the end. The step under way is not to be answered any more. */
  private outOfTurn(): SaslFailure {
    this.abort();
    return this.fail('malformed-request');
  }

  private broken(cause: unknown): SaslFailure {
    if (this.aborted) return ABORTED;
    // Overload is no fault, and its log lines would be part of the flood.
    if (cause instanceof HashingRefusal) return this.fail('temporary-auth-failure', 'overloaded');
    return { ...this.fail('temporary-auth-failure'), cause };
  }

  private misfit(text: string): SaslFailure {
    return { ...this.fail('not-authorized', text), misfit: true };
  }

  private fail(condition: SaslCondition, text?: string): SaslFailure {
    this.state = 'done';
    return { kind: 'failure', condition, ...(text !== undefined && { text }) };
  }
}

function readMessage(data: Buffer): string | undefined {
  return data.length <= MAX_MESSAGE_BYTES && isUtf8(data) ? data.toString('utf8') : undefined;
}

/** RFC 9562 §5.4: version 4 of random bytes. */
function uuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function prepared(password: string): string | undefined {
  try {
    return preparePassword(password);
  } catch (error) {
    if (error instanceof PasswordError) return undefined;
    throw error;
  }
}

function strongestOf(
  found: Credentials | undefined,
): { hash: ScramHash; keys: ScramKeys } | undefined {
  for (let at = SCRAM_HASHES.length - 1; at >= 0; at--) {
    const hash = SCRAM_HASHES[at]?.hash;
    const keys = hash && found?.keys[hash];
    if (keys) return { hash, keys };
  }
  return undefined;
}
