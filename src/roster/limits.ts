// How large a roster may be, where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface RosterLimits {
  readonly maxContacts: number;
  readonly maxGroups: number;
  readonly maxNameBytes: number;
  readonly maxGroupBytes: number;
  readonly maxRosterBytes: number;
  readonly removalsKept: number;
}

export const DEFAULT_LIMITS: RosterLimits = {
  maxContacts: 1000,
  maxGroups: 20,
  maxNameBytes: 1023,
  maxGroupBytes: 1023,
  maxRosterBytes: 524_288,
  removalsKept: 50,
};
