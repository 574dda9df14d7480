// A server's log-in with one account, on manual time, for tests.
import { Authenticator } from '../authenticator.ts';
import { makeCredentials, type CredentialSource, type Credentials } from '../credentials.ts';
import { Hashing } from '../hashing.ts';
import { MECHANISMS, type AuthContext, type AuthPolicy } from '../mechanisms.ts';
import type { SaslExchange } from '../sasl-exchange.ts';
import type { SaslStep } from '../sasl-step.ts';
import { LoginThrottle } from '../throttle.ts';
import { systemRandom } from '../../util/system-clock.ts';
import { InvariantError } from '../../util/errors.ts';
import type { Random } from '../../util/clock.ts';
import { ManualTime } from './manual-time.ts';
import type { ScramClient } from '../scram-client.ts';

export const ITERATIONS = 4096;

export const TLS: AuthContext = {
  domain: 'localhost',
  encrypted: true,
  binding: {},
  peerAddress: '192.0.2.1',
};

/** What a stream on TLS 1.3 with an ordinary certificate can be bound to. */
export const BOUND: AuthContext = {
  ...TLS,
  binding: { tlsExporter: Buffer.alloc(32, 1), tlsServerEndPoint: Buffer.alloc(32, 2) },
};

/** Accounts in a Map, which tells what it was asked. */
export class MapSource implements CredentialSource {
  readonly accounts = new Map<string, Credentials>();
  readonly asked: string[] = [];
  fault: Error | undefined;

  find(local: string, domain: string): Promise<Credentials | undefined> {
    this.asked.push(`${local}@${domain}`);
    if (this.fault) return Promise.reject(this.fault);
    return Promise.resolve(this.accounts.get(`${local}@${domain}`));
  }
}

export interface Login {
  readonly time: ManualTime;
  readonly source: MapSource;
  readonly hashing: Hashing;
  readonly throttle: LoginThrottle;
  readonly policy: AuthPolicy;
  readonly authenticator: Authenticator;
  /** Makes an account; its password is set through the server's own code. */
  add(local: string, password: string): Promise<Credentials>;
}

export function makeLogin(changes: Partial<AuthPolicy> = {}, random: Random = systemRandom): Login {
  const time = new ManualTime();
  const source = new MapSource();
  const hashing = new Hashing({ concurrency: 1, maxQueued: 10 });
  const throttle = new LoginThrottle(time, time);
  const policy: AuthPolicy = {
    mechanisms: MECHANISMS.map((mechanism) => mechanism.name),
    plainWithoutTls: false,
    iterations: ITERATIONS,
    secret: Buffer.alloc(32, 7),
    ...changes,
  };
  const authenticator = new Authenticator(source, hashing, throttle, policy, random);
  return {
    time,
    source,
    hashing,
    throttle,
    policy,
    authenticator,
    async add(local, password) {
      const credentials = await makeCredentials(password, hashing, systemRandom, ITERATIONS);
      source.accounts.set(`${local}@localhost`, credentials);
      return credentials;
    },
  };
}

/** A step that may have to wait: time moves on until it is there. */
export async function stepOf(
  time: ManualTime,
  step: SaslStep | Promise<SaslStep>,
): Promise<SaslStep> {
  let done: SaslStep | undefined;
  void Promise.resolve(step).then((settled) => (done = settled));
  while (!done) {
    await time.pass(500);
    // PBKDF2 runs on a thread: the event loop has to turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done;
}

/** The data of a step that must be a challenge. */
export function challengeOf(step: SaslStep | undefined): Buffer {
  if (step?.kind !== 'challenge')
    throw new InvariantError(`a ${step?.kind ?? 'nothing'} instead of a challenge`);
  return step.data;
}

/** Both messages of a SCRAM client. @returns the steps, the last being the end */
export async function scram(
  login: Login,
  client: ScramClient,
  mechanism: string,
  context: AuthContext = TLS,
  exchange: SaslExchange = login.authenticator.begin(context),
): Promise<SaslStep[]> {
  const first = await stepOf(login.time, exchange.start(mechanism, client.first()));
  if (first.kind !== 'challenge') return [first];
  return [first, await stepOf(login.time, exchange.respond(client.last(first.data)))];
}

/** @param message its parts are joined by NUL */
export async function plain(
  login: Login,
  message: readonly string[],
  context: AuthContext = TLS,
): Promise<SaslStep> {
  const exchange = login.authenticator.begin(context);
  return stepOf(login.time, exchange.start('PLAIN', Buffer.from(message.join('\0'))));
}
