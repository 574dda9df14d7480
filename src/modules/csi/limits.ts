// Bounds of what is held back for one inactive client, where the configuration says nothing.
import type { HoldLimits } from './screen.ts';

export const DEFAULT_LIMITS: HoldLimits = { maxStanzas: 500, maxBytes: 131_072 };
