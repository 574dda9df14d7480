// What an operator may set of user search.
import { z } from 'zod';
import { DEFAULTS } from './defaults.ts';

export const OPTIONS = z.strictObject({
  everyone: z.boolean().default(DEFAULTS.everyone).meta({
    description:
      'Whether all who have a vCard are found; otherwise those alone whose vCard says <CLASS><PUBLIC/></CLASS>.',
    live: false,
  }),
  maxResults: z.int().min(1).max(1000).default(DEFAULTS.maxResults).meta({
    description: 'How many are shown of those that fit.',
    live: false,
  }),
});
