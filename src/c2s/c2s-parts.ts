// What all client streams of a worker share.
import type { TlsOptions } from 'node:tls';
import type { Authenticator } from '../auth/authenticator.ts';
import type { EarlyAnswerers } from '../host/before-login.ts';
import type { Jid, JidCache } from '../protocol/jid.ts';
import type { Session } from '../session/session.ts';
import type { Clock, Random, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Wheel } from '../util/wheel.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { XmlLimits } from '../xml/limits.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import type { TransportParts } from '../transport/transport.ts';
import type { SessionStream } from '../session/session-stream.ts';

export interface C2sSettings {
  readonly tlsRequired: boolean;
  readonly beforeLogin: XmlLimits;
  readonly afterLogin: XmlLimits;
  readonly unauthenticatedTimeoutMs: number;
  readonly idlePingMs: number;
  readonly pingTimeoutMs: number;
  /** Where clients are not asked: silent for so long, they are taken for gone. */
  readonly idleTimeoutMs: number;
  readonly resumeTimeoutMs: number;
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  readonly stanzasPerSecond: number;
  readonly burstStanzas: number;
}

export type BindOutcome =
  | { readonly session: Session; readonly refused?: undefined }
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };

export type ResumeOutcome =
  | { readonly session: Session; readonly refused?: undefined }
  /** XEP-0198 §5: `h` if the session is known to have been here and is gone. */
  | { readonly refused: 'item-not-found'; readonly h?: number }
  /** XEP-0198 §6: the client's `h` is more than the `sent` stanzas; the session is as it was. */
  | { readonly refused: 'too-high'; readonly sent: number };

/** The way from a stream to a session. */
export interface SessionDoor {
  /** @param resource prepared; undefined: the server chooses */
  bind(
    account: Jid,
    resource: string | undefined,
    stream: SessionStream,
    done: (outcome: BindOutcome) => void,
  ): void;
  /**
   * @param account who logged in: a session of somebody else is not found
   * @param h what the client counts (XEP-0198 §4)
   */
  resume(account: Jid, token: string, h: number, done: (outcome: ResumeOutcome) => void): void;
  /** A name for the session of this worker, unguessable; to be given back at resumption. */
  token(session: Session): string;
}

export interface C2sParts {
  readonly settings: C2sSettings;
  readonly hosts: ReadonlySet<string>;
  readonly defaultDomain: string;
  readonly auth: Authenticator;
  readonly door: SessionDoor;
  /** TLS of the listener; SNI chooses the certificate. */
  readonly tls: TlsOptions;
  /** RFC 5929 `tls-server-end-point` of the certificate that a client is shown. @param sni as it asked; absent if it did not */
  readonly endPoint: (sni: string | false | null | undefined) => Buffer | undefined;
  readonly xml: XmlContext;
  readonly jids: JidCache;
  readonly transport: TransportParts;
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** Children of <stream:features/> after log-in that modules brought. */
  readonly moduleFeatures: () => Bytes;
  /** What modules take before log-in. */
  readonly early?: EarlyAnswerers;
  readonly onClosed: (stream: object) => void;
}
