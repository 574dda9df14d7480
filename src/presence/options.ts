// What an operator may set of presence. Read with the configuration alone, as in roster/options.ts.
import { z } from 'zod';
import { DEFAULT_LIMITS, type PresenceLimits } from './limits.ts';

const count = (name: keyof PresenceLimits, max: number, description: string) =>
  z.int().min(1).max(max).default(DEFAULT_LIMITS[name]).meta({ description, live: false });

export const OPTIONS = z.strictObject({
  maxRequests: count(
    'maxRequests',
    10_000,
    'Subscription requests of one account that wait for an answer; further ones are dropped.',
  ),
  maxRequestBytes: count(
    'maxRequestBytes',
    65_536,
    'Size of one subscription request, in bytes; a larger one is refused, from outside kept without its content.',
  ),
  maxDirected: count(
    'maxDirected',
    100_000,
    'Addresses that one session can send its presence to directly (rooms are such); further ones are refused.',
  ),
});
