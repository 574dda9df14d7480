// How large a vCard may be, where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface VcardLimits {
  readonly maxBytes: number;
}

/** Room for a picture of 96 KiB in base64. */
export const DEFAULT_LIMITS: VcardLimits = { maxBytes: 139_264 };
