// The addresses that an operator gives, by kind.
import { z } from 'zod';

// XEP-0157 §3: valid URIs.
const uri = z
  .string()
  .max(1000)
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/, {
    message: 'must be a URI, such as mailto:abuse@example.org or xmpp:admin@example.org',
  });

const list = (description: string) =>
  z
    .array(uri)
    .max(20)
    .default([])
    .meta({
      description,
      live: false,
      allowed: 'a list of URIs',
      example: ['mailto:xmpp@example.org', 'xmpp:admin@example.org'],
    });

export const OPTIONS = z.strictObject({
  abuse: list('For reports of abuse.'),
  admin: list('For those who run the service.'),
  feedback: list('For feedback of users.'),
  sales: list('For sales and marketing.'),
  security: list('For reports of security problems.'),
  status: list('Where the state of the service is told.'),
  support: list('For users who need help.'),
});
