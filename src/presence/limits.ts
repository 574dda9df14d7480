// How much presence keeps for an account, where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface PresenceLimits {
  readonly maxRequests: number;
  readonly maxRequestBytes: number;
  readonly maxDirected: number;
}

export const DEFAULT_LIMITS: PresenceLimits = {
  maxRequests: 200,
  maxRequestBytes: 4096,
  maxDirected: 1000,
};
