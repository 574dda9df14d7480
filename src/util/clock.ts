// The ports through which the house sees time and chance; the simulation replaces all of them.

/** Wall time for stamps and ids, monotonic time for limits and waits. */
export interface Clock {
  /** Milliseconds since the epoch; may step. */
  now(): number;
  /** Milliseconds of an arbitrary origin; never runs backwards. */
  monotonicMs(): number;
}

export interface TimerHandle {
  /** Idempotent; a cancelled callback never runs. */
  cancel(): void;
}

/** Timers do not keep the process alive. A callback that throws is the owner's bug and surfaces as an uncaught exception. */
export interface Timers {
  after(ms: number, run: () => void): TimerHandle;
  every(ms: number, run: () => void): TimerHandle;
}

export interface Random {
  /** Cryptographically strong bytes. */
  bytes(count: number): Buffer;
  /** An unguessable identifier of 22 base64url characters (128 bits and more). */
  id(): string;
}
