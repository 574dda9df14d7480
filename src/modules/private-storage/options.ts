// What an operator may set of private storage.
import { z } from 'zod';
import { DEFAULT_LIMITS } from './limits.ts';

export const OPTIONS = z.strictObject({
  maxBytes: z.int().min(1024).max(16_777_216).default(DEFAULT_LIMITS.maxBytes).meta({
    description: 'Size of all that one account keeps, in bytes.',
    live: false,
  }),
  maxItems: z.int().min(1).max(10_000).default(DEFAULT_LIMITS.maxItems).meta({
    description: 'Elements that one account keeps.',
    live: false,
  }),
});
