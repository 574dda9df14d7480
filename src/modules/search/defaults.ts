// How user search works where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface SearchOptions {
  readonly everyone: boolean;
  readonly maxResults: number;
}

export const DEFAULTS: SearchOptions = { everyone: false, maxResults: 50 };
