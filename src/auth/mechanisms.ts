// The SASL mechanisms as a table, with what each needs, and what is offered on a given stream.
import type { ScramHash } from './scram-hash.ts';

/** What this stream's TLS can be bound to; an absent one is not offered. */
export interface ChannelBinding {
  /** RFC 9266: 32 bytes exported with label `EXPORTER-Channel-Binding`. On TLS 1.3 only: below it, it is not unique. */
  readonly tlsExporter?: Buffer;
  /** RFC 5929 §4: hash of the certificate that this stream was shown. */
  readonly tlsServerEndPoint?: Buffer;
}

/** One stream, as far as log-in cares. The same object is given to `offered` and to `begin`. */
export interface AuthContext {
  /** Prepared domain that the stream is for. */
  readonly domain: string;
  readonly encrypted: boolean;
  readonly binding: ChannelBinding;
  /** IP address of the peer, no port. */
  readonly peerAddress: string;
  /** The host takes in whoever comes, for the time of a session (XEP-0175). */
  readonly anonymous?: boolean;
  /** What the client's certificate names as its addresses; absent: it has none that the host trusts (XEP-0178). */
  readonly certified?: readonly string[];
  /** The bare JID that the stream's header says it comes from. SASL2 holds the client to it. */
  readonly streamFrom?: string;
}

export interface AuthPolicy {
  /** Names that may be offered; -PLUS ones are named on their own. */
  readonly mechanisms: readonly string[];
  readonly plainWithoutTls: boolean;
  /** Whether SCRAM says what was offered (XEP-0474); absent: it does. */
  readonly downgradeProtection?: boolean;
  /** PBKDF2 iterations of feigned accounts: what new passwords get, so that the two look alike. */
  readonly iterations: number;
  /** Server secret of 32 bytes and more from which feigned salts are made. Kept for ever: real salts do not change either. */
  readonly secret: Buffer;
}

export interface ScramMechanism {
  readonly name: string;
  readonly kind: 'scram';
  readonly hash: ScramHash;
  readonly plus: boolean;
}

export interface PlainMechanism {
  readonly name: 'PLAIN';
  readonly kind: 'plain';
  readonly plus: false;
}

/** By the certificate of the TLS handshake: RFC 4422 appendix A. */
export interface ExternalMechanism {
  readonly name: 'EXTERNAL';
  readonly kind: 'external';
  readonly plus: false;
}

/** RFC 4505. */
export interface AnonymousMechanism {
  readonly name: 'ANONYMOUS';
  readonly kind: 'anonymous';
  readonly plus: false;
}

export type Mechanism = ScramMechanism | PlainMechanism | ExternalMechanism | AnonymousMechanism;

/** Strongest first; this is the order in which they are offered, whatever the configuration's. */
export const MECHANISMS: readonly Mechanism[] = [
  { name: 'EXTERNAL', kind: 'external', plus: false },
  { name: 'SCRAM-SHA-512-PLUS', kind: 'scram', hash: 'SHA-512', plus: true },
  { name: 'SCRAM-SHA-256-PLUS', kind: 'scram', hash: 'SHA-256', plus: true },
  { name: 'SCRAM-SHA-1-PLUS', kind: 'scram', hash: 'SHA-1', plus: true },
  { name: 'SCRAM-SHA-512', kind: 'scram', hash: 'SHA-512', plus: false },
  { name: 'SCRAM-SHA-256', kind: 'scram', hash: 'SHA-256', plus: false },
  { name: 'SCRAM-SHA-1', kind: 'scram', hash: 'SHA-1', plus: false },
  { name: 'PLAIN', kind: 'plain', plus: false },
  { name: 'ANONYMOUS', kind: 'anonymous', plus: false },
];

interface BindingType {
  readonly type: string;
  readonly of: (binding: ChannelBinding) => Buffer | undefined;
}

/** Strongest first: a stolen key defeats the end-point, not the exporter (XEP-0440 §3). */
const BINDING_TYPES: readonly BindingType[] = [
  { type: 'tls-exporter', of: (binding) => binding.tlsExporter },
  { type: 'tls-server-end-point', of: (binding) => binding.tlsServerEndPoint },
];

/** The bytes to bind to for a type of channel binding; undefined: not on this stream. */
export function bindingData(context: AuthContext, type: string): Buffer | undefined {
  if (!context.encrypted) return undefined;
  return BINDING_TYPES.find((entry) => entry.type === type)?.of(context.binding);
}

/** Why a mechanism cannot be had here; undefined: it is offered. */
export function refusalOf(
  mechanism: Mechanism,
  context: AuthContext,
  policy: AuthPolicy,
): 'invalid-mechanism' | 'encryption-required' | undefined {
  // Both belong to a host, which has its own option for each, and not to the server's list.
  if (mechanism.kind === 'anonymous') return context.anonymous ? undefined : 'invalid-mechanism';
  if (mechanism.kind === 'external') return context.certified ? undefined : 'invalid-mechanism';
  if (!policy.mechanisms.includes(mechanism.name)) return 'invalid-mechanism';
  if (mechanism.plus && !hasBinding(context)) return 'invalid-mechanism';
  // RFC 6120 §6.5.4, §13.8.1: PLAIN only inside TLS.
  if (mechanism.kind === 'plain' && !context.encrypted && !policy.plainWithoutTls) {
    return 'encryption-required';
  }
  return undefined;
}

/** Names offered on a stream, in the table's order. */
export function offeredMechanisms(context: AuthContext, policy: AuthPolicy): readonly string[] {
  return MECHANISMS.filter((entry) => refusalOf(entry, context, policy) === undefined).map(
    (entry) => entry.name,
  );
}

/** Channel bindings to announce: none where no -PLUS is offered, which a client would take for an attack (XEP-0440 §3). */
export function offeredBindingTypes(context: AuthContext, policy: AuthPolicy): readonly string[] {
  if (!plusOffered(context, policy)) return [];
  return BINDING_TYPES.filter((entry) => entry.of(context.binding) !== undefined).map(
    (entry) => entry.type,
  );
}

/** Whether this stream was really offered a -PLUS mechanism. */
export function plusOffered(context: AuthContext, policy: AuthPolicy): boolean {
  return MECHANISMS.some((entry) => entry.plus && refusalOf(entry, context, policy) === undefined);
}

function hasBinding(context: AuthContext): boolean {
  return (
    context.encrypted && BINDING_TYPES.some((entry) => entry.of(context.binding) !== undefined)
  );
}
