// What an operator may set of the software version.
import { z } from 'zod';

export const OPTIONS = z.strictObject({
  showVersion: z.boolean().default(true).meta({
    description: 'Whether the number of the version is told, and not the name alone.',
    live: false,
  }),
  os: z.string().max(200).default('').meta({
    description: 'What is told of the operating system; empty tells nothing.',
    live: false,
  }),
});
