// The Hashed Token mechanisms: draft-schmaus-kitten-sasl-ht-09, as the clients of XEP-0484 (v0.2.0) speak them.
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { bindingData, type AuthContext } from './mechanisms.ts';

interface TokenMechanism {
  readonly name: string;
  /** The channel binding that it takes in; undefined: none. */
  readonly binding: string | undefined;
}

/** Strongest first; what is stored refers to one by its place in this list, so entries are only ever appended. */
const TOKEN_MECHANISMS: readonly TokenMechanism[] = [
  { name: 'HT-SHA-256-EXPR', binding: 'tls-exporter' },
  { name: 'HT-SHA-256-ENDP', binding: 'tls-server-end-point' },
  { name: 'HT-SHA-256-NONE', binding: undefined },
];

const PROOF_BYTES = 32;
const NOTHING = Buffer.alloc(0);

export interface TokenProof {
  /** As the client wrote it. */
  readonly authcid: string;
  readonly proof: Buffer;
}

/** The place of a mechanism in the list, as it is stored; -1: there is none of that name. */
export function tokenMechanismPlace(name: string): number {
  return TOKEN_MECHANISMS.findIndex((mechanism) => mechanism.name === name);
}

/** XEP-0484 §3.1: names offered on a stream; a token goes over TLS alone (§6). */
export function offeredTokenMechanisms(context: AuthContext): readonly string[] {
  if (!context.encrypted) return [];
  return TOKEN_MECHANISMS.filter(({ binding }) => isThere(context, binding)).map(
    ({ name }) => name,
  );
}

/** The channel that a mechanism takes in on this stream; undefined: the mechanism cannot be had here. */
export function tokenChannel(context: AuthContext, name: string): Buffer | undefined {
  const mechanism = TOKEN_MECHANISMS.find((entry) => entry.name === name);
  if (mechanism === undefined || !context.encrypted) return undefined;
  return mechanism.binding === undefined ? NOTHING : bindingData(context, mechanism.binding);
}

/** initiator-msg = authcid NUL initiator-hashed-token. @returns undefined: it is none */
export function parseTokenProof(data: Buffer): TokenProof | undefined {
  const end = data.indexOf(0);
  if (end < 1 || data.length !== end + 1 + PROOF_BYTES) return undefined;
  return { authcid: data.toString('utf8', 0, end), proof: data.subarray(end + 1) };
}

/** The key that a token is. @param token as the client was given it */
export function tokenKey(token: string): KeyObject {
  return createSecretKey(Buffer.from(token, 'utf8'));
}

/** initiator-hashed-token := HMAC(token, "Initiator" || cb-data), in constant time. */
export function tokenProofHolds(key: KeyObject, channel: Buffer, proof: Buffer): boolean {
  return timingSafeEqual(signed(key, 'Initiator', channel), proof);
}

/** responder-msg: the server has the token too. */
export function tokenAnswer(key: KeyObject, channel: Buffer): Buffer {
  return signed(key, 'Responder', channel);
}

function signed(key: KeyObject, who: 'Initiator' | 'Responder', channel: Buffer): Buffer {
  return createHmac('sha256', key).update(who).update(channel).digest();
}

function isThere(context: AuthContext, binding: string | undefined): boolean {
  return binding === undefined || bindingData(context, binding) !== undefined;
}
