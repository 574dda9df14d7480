// What an operator may set of the roster. Read with the configuration alone: a worker has its own copy of the defaults
// (limits.ts) and no use for a library of schemas.
import { z } from 'zod';
import { DEFAULT_LIMITS, type RosterLimits } from './limits.ts';

const count = (name: keyof RosterLimits, max: number, description: string) =>
  z.int().min(1).max(max).default(DEFAULT_LIMITS[name]).meta({ description, live: false });

export const OPTIONS = z.strictObject({
  maxContacts: count('maxContacts', 100_000, 'Contacts of one account.'),
  maxGroups: count('maxGroups', 1000, 'Groups that one contact can be in.'),
  maxNameBytes: count('maxNameBytes', 8192, "Length of a contact's name, in bytes."),
  maxGroupBytes: count('maxGroupBytes', 8192, "Length of a group's name, in bytes."),
  maxRosterBytes: count(
    'maxRosterBytes',
    16_777_216,
    'Size of one roster in memory, in bytes; removed contacts that are still remembered count.',
  ),
  removalsKept: count(
    'removalsKept',
    10_000,
    'Removed contacts remembered for clients that were away; who missed more gets the whole roster.',
  ),
});
