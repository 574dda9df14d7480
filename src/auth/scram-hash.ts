// The hashes of the SCRAM family: RFC 5802 (SHA-1), RFC 7677 (SHA-256), draft-melnikov-scram-sha-512.

export type ScramHash = 'SHA-1' | 'SHA-256' | 'SHA-512';

export interface ScramHashEntry {
  readonly hash: ScramHash;
  /** What node:crypto calls it. */
  readonly digest: 'sha1' | 'sha256' | 'sha512';
  /** Length of its output, hence of every key made with it. */
  readonly bytes: number;
}

/** Weakest first; what is stored refers to a hash by its place in this list, so entries are only ever appended. */
export const SCRAM_HASHES: readonly ScramHashEntry[] = [
  { hash: 'SHA-1', digest: 'sha1', bytes: 20 },
  { hash: 'SHA-256', digest: 'sha256', bytes: 32 },
  { hash: 'SHA-512', digest: 'sha512', bytes: 64 },
];

const BY_NAME: Readonly<Record<ScramHash, ScramHashEntry>> = {
  'SHA-1': SCRAM_HASHES[0] as ScramHashEntry,
  'SHA-256': SCRAM_HASHES[1] as ScramHashEntry,
  'SHA-512': SCRAM_HASHES[2] as ScramHashEntry,
};

/** The table's row of a hash. */
export function scramHash(hash: ScramHash): ScramHashEntry {
  return BY_NAME[hash];
}
