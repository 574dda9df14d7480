// What an operator may set of blocking. Read with the configuration alone.
import { z } from 'zod';
import { DEFAULTS } from './limits.ts';

export const OPTIONS = z.strictObject({
  maxItems: z.int().min(1).max(100_000).default(DEFAULTS.maxItems).meta({
    description: 'Addresses that one account may block.',
    live: false,
  }),
});
