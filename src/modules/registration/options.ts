// What an operator may set of in-band registration.
import { z } from 'zod';
import { DEFAULTS, type RegistrationOptions } from './defaults.ts';

const yes = (name: keyof RegistrationOptions, description: string) =>
  z
    .boolean()
    .default(DEFAULTS[name] as boolean)
    .meta({ description, live: false });

const count = (name: keyof RegistrationOptions, min: number, max: number, description: string) =>
  z
    .int()
    .min(min)
    .max(max)
    .default(DEFAULTS[name] as number)
    .meta({ description, live: false });

export const OPTIONS = z.strictObject({
  enabled: yes('enabled', 'Whether anybody may make an account.'),
  withoutTls: yes('withoutTls', 'Whether accounts are made on streams in the clear too.'),
  maxPerAddress: count(
    'maxPerAddress',
    1,
    1_000_000,
    'Accounts that one IPv4 address or one IPv6 /64 may make within periodHours.',
  ),
  periodHours: count('periodHours', 1, 8760, 'The time that maxPerAddress counts, in hours.'),
  minPasswordChars: count('minPasswordChars', 1, 256, 'Characters that a password needs.'),
  reservedNames: z
    .array(z.string().min(1).max(1023))
    .max(10_000)
    .default([...DEFAULTS.reservedNames])
    .meta({
      description: 'Names that nobody gets in band; users made otherwise may have them.',
      live: false,
      allowed: 'a list of names',
      defaultText: 'those of RFC 2142 and others that sound official',
      example: ['admin', 'support'],
    }),
  passwordChange: yes('passwordChange', 'Whether users may change their passwords.'),
  removal: yes('removal', 'Whether users may remove their accounts.'),
});
