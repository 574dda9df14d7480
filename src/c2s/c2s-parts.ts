// What all client streams of a worker share.
import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Authenticator } from '../auth/authenticator.ts';
import type { ElementHandler } from '../host/stream-session.ts';
import type { AuthContext } from '../auth/mechanisms.ts';
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
  | {
      readonly session: Session;
      /** What the account's owner says to the features of a Bind 2 request. */
      readonly inline?: Bytes;
      readonly refused?: undefined;
    }
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };

/** What a resource is bound with besides. */
export interface BindExtras {
  /** Sessions of the same device end (XEP-0386 §4.2); '' or absent: nobody knows which it is. */
  readonly device?: string;
  /** `<bind/>` of XEP-0386, complete: its features are enabled in the turn of the binding. */
  readonly inline?: Bytes;
  /** The account exists for its sessions alone (XEP-0175), and is made if need be. */
  readonly temporary?: boolean;
}

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
    extras: BindExtras,
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

/** Writes the features before log-in. */
export interface FeatureWriter {
  for(parts: C2sParts, context: AuthContext): Bytes;
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
  /** Hosts that take in whoever comes (XEP-0175). */
  readonly anonymousHosts: ReadonlySet<string>;
  /** Addresses that a client's certificate names, if the host trusts it (XEP-0178); undefined: there is no such certificate. */
  readonly certified: (tls: TLSSocket, domain: string) => readonly string[] | undefined;
  readonly features: FeatureWriter;
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
  /** Who handles elements of that namespace on a bound stream, beside stanzas and XEP-0198. */
  readonly moduleElement: (ns: string) => ElementHandler | undefined;
  /** What a resource can be bound with (XEP-0386 §4.1), as children of <inline/>; the same string until modules change. */
  readonly bindFeatures: () => string;
  /** A module has declared that feature of Bind 2, and handles it in its session rather than at the owner. */
  readonly takesInline: (ns: string) => boolean;
  /** What modules take before log-in. */
  readonly early?: EarlyAnswerers;
  readonly onClosed: (stream: object) => void;
}
