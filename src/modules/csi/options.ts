// What an operator may set of client state. Read with the configuration alone.
import { z } from 'zod';
import { DEFAULT_LIMITS } from './limits.ts';

export const OPTIONS = z.strictObject({
  maxStanzas: z.int().min(0).max(10_000).default(DEFAULT_LIMITS.maxStanzas).meta({
    description: 'Stanzas held back for one inactive client; with 0 nothing is held back.',
    unit: 'stanzas',
    live: false,
  }),
  maxBytes: z.int().min(0).max(16_777_216).default(DEFAULT_LIMITS.maxBytes).meta({
    description: 'What is held back for one inactive client, in bytes.',
    unit: 'bytes',
    live: false,
  }),
});
