// How much an account may keep, where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface PrivateLimits {
  readonly maxBytes: number;
  readonly maxItems: number;
}

export const DEFAULT_LIMITS: PrivateLimits = { maxBytes: 262_144, maxItems: 100 };
