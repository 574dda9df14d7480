// Date and time profiles: XEP-0082 (v1.1.1), the DateTime profile.

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;
// XML Schema part 2, §3.2.7.3: no zone is further from UTC.
const MAX_OFFSET_MINUTES = 14 * 60;

/**
 * `YYYY-MM-DDThh:mm:ss.sssZ`.
 * @param epochMs within the years 0 to 9999
 */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/**
 * Milliseconds since the epoch, finer fractions cut off; undefined if the text is not a DateTime that exists.
 * @source XEP-0082 §3.2: the zone is mandatory, fractions may have any number of digits
 */
export function parseTimestamp(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const number = (group: number): number => Number(match[group]);
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hours, minutes, seconds] = [number(4), number(5), number(6)];
  const offset = offsetMinutes(match[8]!);
  if (hours > 23 || minutes > 59 || seconds > 59 || offset === undefined) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month has not rolls over into the next.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return date.setUTCHours(hours, minutes - offset, seconds, milliseconds);
}

// XEP-0082 §3.2: '+' is a zone that is ahead of UTC.
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(4));
  const total = Number(zone.slice(1, 3)) * 60 + minutes;
  if (minutes > 59 || total > MAX_OFFSET_MINUTES) return undefined;
  return zone.startsWith('-') ? -total : total;
}
