// The kinds of value an option can have beyond what zod brings: durations, sizes, domains, paths; and `option()`, which
// gives every one of them the words that the example file and the reference page are made of.
import { isIP } from 'node:net';
import { z } from 'zod';
import { JidError, parseJid, type BareJid, type Jid } from '../protocol/jid.ts';

/** What is known of an option besides its type. `live`: a reload applies it; otherwise it holds from the next start. */
export interface OptionMeta {
  readonly description: string;
  readonly live: boolean;
  readonly unit?: Unit;
  /** Shown in the example file, when the default alone would not say how to write it. */
  readonly example?: unknown;
  /** Says what the default comes to, when it is computed. */
  readonly defaultText?: string;
  /** Says in words what may be written, when the schema alone does not. */
  readonly allowed?: string;
  /** The same where the reader already knows how such values are written. */
  readonly allowedShort?: string;
}

export type Unit =
  | 'milliseconds'
  | 'bytes'
  | 'bytes per second'
  | 'stanzas'
  | 'stanzas per second'
  | 'messages'
  | 'days'
  | 'connections'
  | 'sessions'
  | 'devices'
  | 'processes'
  | 'iterations'
  | 'requests';

/** An option with its default and its words. */
export function option<T extends z.ZodType>(
  schema: T,
  fallback: z.util.NoUndefined<z.output<T>>,
  meta: OptionMeta,
): z.ZodDefault<T> {
  return schema.default(fallback).meta({ ...meta });
}

/** A group of options. Left out, or named and left empty, it means all of its defaults. */
export function section<T extends z.ZodRawShape>(description: string, shape: T) {
  return z
    .preprocess((value) => value ?? {}, z.strictObject(shape))
    .prefault({})
    .meta({ description, section: true });
}

/** The longest wait a Node.js timer can hold. */
const MAX_TIMER_MS = 2_147_483_647;

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  KiB: 1024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
};

/** `10m`, `1.5 h` or a number of milliseconds. @returns undefined when it is neither */
export function parseDurationMs(value: unknown): number | undefined {
  return parseScaled(value, DURATION_MS);
}

/** `256 KiB`, `1 MB` or a number of bytes. @returns undefined when it is neither */
export function parseSizeBytes(value: unknown): number | undefined {
  return parseScaled(value, SIZE_BYTES);
}

function parseScaled(
  value: unknown,
  factors: Readonly<Record<string, number>>,
): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})?$/.exec(value.trim());
  if (match === null) return undefined;
  const factor =
    match[2] === undefined ? 1 : Object.hasOwn(factors, match[2]) ? factors[match[2]] : undefined;
  if (factor === undefined) return undefined;
  const scaled = Number(match[1]) * factor;
  return Number.isSafeInteger(Math.round(scaled)) ? Math.round(scaled) : undefined;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** A duration, read into whole milliseconds. */
export function durationMs({ min = 0, max = MAX_TIMER_MS }: Bounds = {}): z.ZodType<number> {
  const how = ': a number with ms, s, m, h or d (10m), or plain milliseconds';
  const low = min === 0 ? '' : `, at least ${formatDurationMs(min)}`;
  const high = max === MAX_TIMER_MS ? '' : `, at most ${formatDurationMs(max)}`;
  return scaled(parseDurationMs, min, max, {
    allowed: `a duration${how}${low}${high}`,
    allowedShort: `a duration${low}${high}`,
  });
}

/** A size, read into whole bytes. */
export function sizeBytes({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: Bounds = {}): z.ZodType<number> {
  const how = ': a number with KiB, MiB, GiB, kB, MB or GB (256 KiB), or plain bytes';
  const low = min === 0 ? '' : `, at least ${formatSizeBytes(min)}`;
  const high = max === Number.MAX_SAFE_INTEGER ? '' : `, at most ${formatSizeBytes(max)}`;
  return scaled(parseSizeBytes, min, max, {
    allowed: `a size${how}${low}${high}`,
    allowedShort: `a size${low}${high}`,
  });
}

function scaled(
  parse: (value: unknown) => number | undefined,
  min: number,
  max: number,
  words: Pick<OptionMeta, 'allowed' | 'allowedShort'>,
): z.ZodType<number> {
  return z
    .unknown()
    .transform((value, context) => {
      const parsed = parse(value);
      if (parsed !== undefined && parsed >= min && parsed <= max) return parsed;
      const message = parsed === undefined ? 'cannot be read' : 'is out of range';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ ...words });
}

/** The shortest exact way to write a duration: 600000 is `10m`. */
export function formatDurationMs(ms: number): string {
  for (const [unit, factor] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms > 0 && ms % factor === 0) return `${String(ms / factor)}${unit}`;
  }
  return ms === 0 ? '0' : `${String(ms)}ms`;
}

/** The shortest exact way to write a size: 262144 is `256 KiB`. */
export function formatSizeBytes(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 1_073_741_824],
    ['MiB', 1_048_576],
    ['KiB', 1024],
  ] as const) {
    if (bytes > 0 && bytes % factor === 0) return `${String(bytes / factor)} ${unit}`;
  }
  return String(bytes);
}

/** A whole number within bounds. */
export function count({ min = 0, max = 1_000_000_000 }: Bounds = {}): z.ZodInt {
  return z.int().min(min).max(max);
}

/** The domain of a host, prepared (RFC 7622 §3.2). */
export const domain: z.ZodType<string> = z
  .unknown()
  .transform((value, context) => {
    const prepared = tryParse(value);
    if (prepared?.local === '' && prepared.resource === '') return prepared.domain;
    context.addIssue({ code: 'custom', message: 'is not a domain name' });
    return z.NEVER;
  })
  .meta({ allowed: 'a domain name, such as example.org' });

/** A bare JID with a localpart: somebody's address, prepared. */
export const accountAddress: z.ZodType<BareJid> = z
  .unknown()
  .transform((value, context) => {
    const jid = tryParse(value);
    if (jid !== undefined && jid.local !== '' && jid.resource === '') return jid.bare;
    context.addIssue({ code: 'custom', message: 'is not the address of an account' });
    return z.NEVER;
  })
  .meta({ allowed: 'the address of an account, such as alice@example.org' });

function tryParse(value: unknown): Jid | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parseJid(value);
  } catch (error) {
    if (error instanceof JidError) return undefined;
    throw error;
  }
}

/** An address, or a network as address/bits. */
export const network = z
  .string()
  .refine(isNetwork, { message: 'is no address and no network' })
  .meta({ allowed: 'an address, or a network such as 10.0.0.0/8' });

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/', 2);
  const family = isIP(address);
  if (family === 0 || text.split('/').length > 2) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

/** Where a service listens: `127.0.0.1:9100`, `[::1]:9100`. */
export const localPort = z
  .string()
  .refine((text) => {
    const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
    return isIP(parts?.[1] ?? parts?.[2] ?? '') !== 0 && Number(parts?.[3]) <= 65_535;
  })
  .meta({ allowed: 'an address with a port, such as 127.0.0.1:9100' });

/** A file or directory; relative ones are taken from the directory of the configuration file. */
export const path = z.string().min(1).meta({ allowed: 'a path' });
