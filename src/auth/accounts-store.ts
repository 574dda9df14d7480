// How credentials lie in the accounts table: one versioned BLOB. `disabled` is a column of its own and not in it.
import { OperatorError } from '../util/errors.ts';
import type { Credentials, ScramKeys } from './credentials.ts';
import { SCRAM_HASHES } from './scram-hash.ts';

// version, then for each hash: place in SCRAM_HASHES (1), salt length (1), iterations (4, big-endian), salt, StoredKey, ServerKey.
const VERSION = 1;
const HEADER_BYTES = 6;

/** The stored form of the keys, smallest that is self-describing (287 bytes for three hashes). `disabled` is left out. */
export function packCredentials(credentials: Credentials): Buffer {
  const parts: Buffer[] = [Buffer.from([VERSION])];
  SCRAM_HASHES.forEach(({ hash }, place) => {
    const keys = credentials.keys[hash];
    if (!keys) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(place, 0);
    header.writeUInt8(keys.salt.length, 1);
    header.writeUInt32BE(keys.iterations, 2);
    parts.push(header, keys.salt, keys.storedKey, keys.serverKey);
  });
  return Buffer.concat(parts);
}

/**
 * The keys of a stored BLOB, in memory of their own.
 * @throws OperatorError `credentials-unreadable`: written by a newer program, or damaged
 */
export function unpackCredentials(packed: Buffer): Credentials {
  if (packed[0] !== VERSION) throw unreadable(`its version is ${String(packed[0])}`);
  // A copy: what a driver hands out may be a slice of something larger, or used again.
  const bytes = Buffer.from(packed);
  const keys: Credentials['keys'] = {};
  let at = 1;
  while (at < bytes.length) {
    if (at + HEADER_BYTES > bytes.length) throw unreadable('it is cut short');
    const entry = SCRAM_HASHES[bytes.readUInt8(at)];
    if (!entry) throw unreadable(`it names an unknown hash, ${String(bytes[at])}`);
    const saltEnd = at + HEADER_BYTES + bytes.readUInt8(at + 1);
    const storedEnd = saltEnd + entry.bytes;
    const end = storedEnd + entry.bytes;
    if (end > bytes.length) throw unreadable('it is cut short');
    keys[entry.hash] = {
      salt: bytes.subarray(at + HEADER_BYTES, saltEnd),
      iterations: bytes.readUInt32BE(at + 2),
      storedKey: bytes.subarray(saltEnd, storedEnd),
      serverKey: bytes.subarray(storedEnd, end),
    } satisfies ScramKeys;
    at = end;
  }
  return { keys };
}

function unreadable(why: string): OperatorError {
  return new OperatorError(
    'credentials-unreadable',
    `the stored credentials of an account cannot be read: ${why}`,
    'Run the version of the program that wrote the database, or set the password of the account again.',
  );
}
