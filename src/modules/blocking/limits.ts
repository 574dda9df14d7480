// What an account may block, where the configuration says nothing.

export interface BlockingOptions {
  /** Addresses that one account may block. */
  readonly maxItems: number;
}

export const DEFAULTS: BlockingOptions = { maxItems: 1000 };
