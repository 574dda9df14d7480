// Keys for further hashes, made by a client that knows the password: XEP-0480 (v0.2.0).
import type { Random } from '../util/clock.ts';
import { keysOf, SALT_BYTES, type Credentials, type ScramKeys } from './credentials.ts';
import { scramHash, SCRAM_HASHES, type ScramHash } from './scram-hash.ts';

/** XEP-0480 §3.1: named after the mechanism without its channel binding. */
const PREFIX = 'UPGR-SCRAM-';

/** Tasks that can be asked for, for the hashes that log-in is offered with; the weakest is nobody's wish. */
export function upgradeTasks(mechanisms: readonly string[]): readonly string[] {
  return SCRAM_HASHES.slice(1)
    .filter(({ hash }) => mechanisms.some((name) => name.startsWith(`SCRAM-${hash}`)))
    .map(({ hash }) => PREFIX + hash);
}

/** One task under way. */
export interface KeyUpgrade {
  readonly task: string;
  readonly hash: ScramHash;
  readonly salt: Buffer;
  readonly iterations: number;
}

/**
 * What is to be done of what a client asked for: keys that are missing, or have fewer iterations than new ones get.
 * @param wanted names of tasks; unknown ones are left out
 */
export function upgradesDue(
  wanted: readonly string[],
  offered: readonly string[],
  credentials: Credentials,
  iterations: number,
  random: Random,
): readonly KeyUpgrade[] {
  return SCRAM_HASHES.flatMap(({ hash }) => {
    const task = PREFIX + hash;
    if (!wanted.includes(task) || !offered.includes(task)) return [];
    if ((credentials.keys[hash]?.iterations ?? 0) >= iterations) return [];
    return [{ task, hash, salt: random.bytes(SALT_BYTES), iterations }];
  });
}

/** The keys that a client's SaltedPassword makes (RFC 5802 §3). @returns undefined: it is as long as no such hash */
export function upgradedKeys(upgrade: KeyUpgrade, salted: Buffer): ScramKeys | undefined {
  const { hash, salt, iterations } = upgrade;
  if (salted.length !== scramHash(hash).bytes) return undefined;
  return { salt, iterations, ...keysOf(salted, hash) };
}

/** Where better keys are kept. */
export interface KeyKeeper {
  /**
   * Puts `better` in place of `known`, if that is still what the account has: a password that was changed meanwhile stays.
   * On disk when it resolves; rejects when it cannot be written.
   */
  replace(local: string, domain: string, known: Credentials, better: Credentials): Promise<void>;
}
