// What an operator may set of vCards.
import { z } from 'zod';
import { DEFAULT_LIMITS } from './limits.ts';

export const OPTIONS = z.strictObject({
  maxBytes: z.int().min(1024).max(1_048_576).default(DEFAULT_LIMITS.maxBytes).meta({
    description: 'Size of one vCard with its picture, in bytes; limits.maxStanzaBytes holds too.',
    live: false,
  }),
});
