// Token buckets: a flood is slowed, not punished. XEP-0205 §3.

/** One stream's allowance of one thing. A rate of 0 is no limit. */
export class TokenBucket {
  private readonly perSecond: number;
  private readonly burst: number;
  private tokens: number;
  private filledAtMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.perSecond = perSecond;
    this.burst = Math.max(burst, perSecond);
    this.tokens = this.burst;
    this.filledAtMs = nowMs;
  }

  /** Takes what was already received; may go below zero. @returns how long to wait before reading on, 0 if not at all */
  take(count: number, nowMs: number): number {
    if (this.perSecond === 0) return 0;
    this.tokens = Math.min(
      this.burst,
      this.tokens + ((nowMs - this.filledAtMs) * this.perSecond) / 1000,
    );
    this.filledAtMs = nowMs;
    this.tokens -= count;
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens * 1000) / this.perSecond);
  }
}
