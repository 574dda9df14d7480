// A session as data: what moves to another worker at a resumption there, and what waits on disk over a graceful restart.
import { InvariantError } from '../util/errors.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Unacknowledged } from './stream-management.ts';

/** Raised with every change; the reader of N reads N − 1. */
const VERSION = 1;

export interface SessionSnapshot {
  readonly jid: string;
  readonly token: string;
  readonly resumeTimeoutMs: number;
  /** XEP-0198 §4: stanzas of the client that are handled. */
  readonly h: number;
  /** Stanzas that the client has acknowledged. */
  readonly clientH: number;
  readonly unacknowledged: readonly Unacknowledged[];
  /** Behind `h` more had been received, here or in a session that was lost: what the client sends again may be here. */
  readonly unsettled?: boolean;
}

type Packed = readonly [
  version: number,
  jid: string,
  token: string,
  resumeTimeoutMs: number,
  h: number,
  clientH: number,
  unacknowledged: readonly (readonly [reference: number, stanza: string])[],
  unsettled?: boolean,
];

/** JSON of byte strings: ASCII but for the bytes of UTF-8 above it, and so a byte string itself. */
export function packSnapshot(snapshot: SessionSnapshot): Bytes {
  const packed: Packed = [
    VERSION,
    Buffer.from(snapshot.jid, 'utf8').latin1Slice(),
    snapshot.token,
    snapshot.resumeTimeoutMs,
    snapshot.h,
    snapshot.clientH,
    snapshot.unacknowledged.map(({ reference, stanza }) => [reference, stanza] as const),
    snapshot.unsettled === true,
  ];
  return JSON.stringify(packed) as Bytes;
}

/** @throws InvariantError for a version that this program does not know */
export function unpackSnapshot(bytes: Bytes): SessionSnapshot {
  const [version, jid, token, resumeTimeoutMs, h, clientH, unacknowledged, unsettled] = JSON.parse(
    bytes,
  ) as Packed;
  if (version !== VERSION)
    throw new InvariantError(`a stored session has version ${version}, not ${VERSION}`);
  return {
    jid: Buffer.from(jid, 'latin1').utf8Slice(),
    token,
    resumeTimeoutMs,
    h,
    clientH,
    unacknowledged: unacknowledged.map(([reference, stanza]) => ({
      reference,
      stanza: stanza as Bytes,
    })),
    unsettled: unsettled === true,
  };
}
