// PBKDF2 off the main thread, at a bounded pace: a wave of PLAIN log-ins must not starve the stanzas of the others.
import { pbkdf2 as derive } from 'node:crypto';
import { Deque } from '../util/deque.ts';
import { scramHash, type ScramHash } from './scram-hash.ts';

export interface HashingOptions {
  /** Derivations at once; cores − 1, at least 1. libuv's pool of 4 threads is the other limit. */
  readonly concurrency: number;
  /** Derivations that may wait for their turn. */
  readonly maxQueued: number;
}

/** Too many derivations wait already, or this one was no longer wanted when its turn came. */
export class HashingRefusal extends Error {
  override readonly name = 'HashingRefusal';
}

/** Somebody who may lose interest while a derivation waits. */
export interface Wanted {
  readonly aborted: boolean;
}

interface Job {
  readonly password: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly hash: ScramHash;
  readonly wanted: Wanted | undefined;
  readonly resolve: (key: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** The one place where PBKDF2 runs. First come, first served; bounded at `maxQueued`, beyond which it refuses. */
export class Hashing {
  /** Derivations on a thread at present, for metrics. */
  running = 0;
  private readonly concurrency: number;
  /** May change while it runs; what waits already stays. */
  maxQueued: number;
  private readonly queue = new Deque<Job>();

  constructor(options: HashingOptions) {
    this.concurrency = Math.max(1, options.concurrency);
    this.maxQueued = options.maxQueued;
  }

  /** Derivations that wait, for metrics. */
  get queued(): number {
    return this.queue.length;
  }

  /**
   * Salted password of RFC 5802 §2.2, `Hi(password, salt, iterations)`.
   * @param password already prepared
   * @param wanted asked when its turn comes: what nobody waits for is not computed
   * @returns as many bytes as the hash has
   * @throws HashingRefusal (rejects): the queue is full, or `wanted.aborted`; the client may try again later
   */
  pbkdf2(
    password: string,
    salt: Buffer,
    iterations: number,
    hash: ScramHash,
    wanted?: Wanted,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const job: Job = { password, salt, iterations, hash, wanted, resolve, reject };
      if (this.running < this.concurrency) this.turn(job);
      else if (this.queue.length < this.maxQueued) this.queue.push(job);
      else reject(new HashingRefusal('too many passwords wait to be checked'));
    });
  }

  private turn(job: Job): void {
    if (job.wanted?.aborted) job.reject(new HashingRefusal('nobody waits for this password'));
    else this.run(job);
  }

  private run(job: Job): void {
    const { digest, bytes } = scramHash(job.hash);
    this.running++;
    try {
      derive(job.password, job.salt, job.iterations, bytes, digest, (error, key) => {
        this.running--;
        if (error) job.reject(error);
        else job.resolve(key);
        this.next();
      });
    } catch (error) {
      // Arguments out of range (iterations of a damaged row) throw at once: the slot must not be lost with them.
      this.running--;
      job.reject(error as Error);
      this.next();
    }
  }

  private next(): void {
    while (this.running < this.concurrency) {
      const job = this.queue.shift();
      if (!job) return;
      this.turn(job);
    }
  }
}
