// Placement port: where the home of an address is. Callers never assume that the answer is a hash.

/** A worker slot, 0 to workers − 1. A slot outlives the processes that fill it, so a crash moves no address. */
export type WorkerId = number;

/** Synchronous and without I/O: it is asked for every stanza. All workers of a server give the same answer. */
export interface Placement {
  /**
   * The slot that owns an address.
   * @param address a bare JID or a domain, already prepared (RFC 7622); never a full JID
   * @returns 'here' when this worker is the home, else the slot of the one that is
   */
  locate(address: string): WorkerId | 'here';
  readonly self: WorkerId;
  readonly workers: number;
}
