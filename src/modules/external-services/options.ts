// The external services that an operator lists.
import { z } from 'zod';

const service = z
  .strictObject({
    type: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, { message: 'must be a type such as stun, turn or turns' })
      .meta({ description: 'What it is: `stun`, `stuns`, `turn`, `turns`, …', live: false }),
    host: z.string().min(1).max(253).meta({ description: 'Its name or IP address.', live: false }),
    port: z.int().min(1).max(65_535).optional().meta({ description: 'Its port.', live: false }),
    transport: z
      .enum(['udp', 'tcp'])
      .optional()
      .meta({ description: 'How it is spoken to.', live: false }),
    name: z.string().max(200).optional().meta({ description: 'What people call it.', live: false }),
    username: z
      .string()
      .max(500)
      .optional()
      .meta({ description: 'A name that all use.', live: false }),
    password: z
      .string()
      .max(500)
      .optional()
      .meta({ description: 'The password of that name.', live: false }),
    secret: z.string().min(1).max(1000).optional().meta({
      description:
        'What the service knows too (coturn: static-auth-secret): names and passwords that pass are made of it.',
      live: false,
    }),
    ttlHours: z
      .number()
      .min(0.1)
      .max(8760)
      .default(24)
      .meta({ description: 'How long those are good for, in hours.', live: false }),
  })
  .refine(({ username, password }) => (username === undefined) === (password === undefined), {
    message: 'needs username and password, or neither',
  })
  .refine(({ username, secret }) => username === undefined || secret === undefined, {
    message: 'has a username or a secret, not both',
  });

export const OPTIONS = z.strictObject({
  services: z
    .array(service)
    .max(100)
    .default([])
    .meta({
      description: 'Services that clients are told of, such as STUN and TURN servers for calls.',
      live: false,
      allowed:
        'a list of { type, host, port, transport, name, and username with password, or secret with ttlHours }',
      example: [
        { type: 'stun', host: 'turn.example.org', port: 3478, transport: 'udp' },
        { type: 'turn', host: 'turn.example.org', port: 3478, transport: 'udp', secret: '…' },
      ],
    }),
});
