// Placement by rendezvous hashing over the worker slots of one machine: nothing is stored, every worker computes the same.
import { InvariantError } from '../util/errors.ts';
import type { Placement, WorkerId } from './placement.ts';

const CACHE_ENTRIES = 16_384;

/**
 * The rendezvous (highest random weight) choice of a slot: adding a slot moves only the addresses the new one wins.
 * The hash is part of the contract between workers of different versions: changing it is a change of protocol.
 */
export function homeOf(address: string, workers: number): WorkerId {
  // FNV-1a over UTF-16 units: one multiplication a character.
  let hash = 0x811c9dc5;
  for (let i = 0; i < address.length; i += 1) {
    hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
  }
  let best = 0;
  let bestWeight = -1;
  for (let slot = 0; slot < workers; slot += 1) {
    // MurmurHash3's finalizer over hash and slot: FNV alone leaves the slots' weights correlated.
    let weight = hash ^ Math.imul(slot + 1, 0x9e3779b1);
    weight = Math.imul(weight ^ (weight >>> 16), 0x85ebca6b);
    weight = Math.imul(weight ^ (weight >>> 13), 0xc2b2ae35);
    weight = (weight ^ (weight >>> 16)) >>> 0;
    if (weight > bestWeight) {
      bestWeight = weight;
      best = slot;
    }
  }
  return best;
}

/**
 * Placement over slots, with answers remembered in two generations: when the young one is full it becomes the old one,
 * so the cache never holds more than its bound and needs no bookkeeping per hit.
 */
export class SlotPlacement implements Placement {
  readonly self: WorkerId;
  readonly workers: number;
  readonly #cacheEntries: number;
  #young = new Map<string, WorkerId | 'here'>();
  #old = new Map<string, WorkerId | 'here'>();

  /** @throws InvariantError when `self` is not one of `workers` slots */
  constructor(self: WorkerId, workers: number, cacheEntries = CACHE_ENTRIES) {
    if (!Number.isInteger(workers) || workers < 1 || !(self >= 0 && self < workers)) {
      throw new InvariantError(`slot ${self} of ${workers} workers`);
    }
    this.self = self;
    this.workers = workers;
    this.#cacheEntries = cacheEntries;
  }

  locate(address: string): WorkerId | 'here' {
    return this.#young.get(address) ?? this.#lookUp(address);
  }

  #lookUp(address: string): WorkerId | 'here' {
    let home = this.#old.get(address);
    if (home === undefined) {
      const slot = homeOf(address, this.workers);
      home = slot === this.self ? 'here' : slot;
    }
    if (this.#young.size >= this.#cacheEntries / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(address, home);
    return home;
  }
}
