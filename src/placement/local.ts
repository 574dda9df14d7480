// Placement of a server that is one process: every home is here.
import type { Placement } from './placement.ts';

/** One worker, slot 0. */
export const localPlacement: Placement = { locate: () => 'here', self: 0, workers: 1 };
