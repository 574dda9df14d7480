// Every option as data, read from the schemas: what the example file and the reference page are written from.
import { stringify } from 'yaml';
import { z } from 'zod';
import { withModules, type ModuleSchemas } from './load.ts';
import { allowedText, alternatives, metaOf, namesAt, schemasAt } from './schema-walk.ts';
import { formatDurationMs, formatSizeBytes } from './values.ts';

/** An option, or a section of options. */
export interface OptionDoc {
  readonly name: string;
  readonly description: string;
  readonly section: boolean;
  /** Below it: a section's options, or the keys of a list's or map's entries. */
  readonly children: readonly OptionDoc[];
  readonly allowed: string;
  readonly unit: string | undefined;
  /** The default in words or as it would be written; undefined: there is none. */
  readonly defaultText: string | undefined;
  /** YAML of a value to show in the example file. */
  readonly example: string | undefined;
  readonly live: boolean;
}

/** All options of the file, in its order. */
export function describeOptions(modules: ModuleSchemas = {}): readonly OptionDoc[] {
  return describeBelow(withModules(modules));
}

function describeBelow(schema: z.ZodType): readonly OptionDoc[] {
  return namesAt(schema, []).flatMap((name) =>
    schemasAt(schema, [name]).map((each) => describe(name, each)),
  );
}

function describe(name: string, schema: z.ZodType): OptionDoc {
  const meta = metaOf(schema);
  const value = defaultOf(schema);
  const written = value === undefined ? undefined : write(value, meta.unit);
  return {
    name,
    description: meta.description ?? '',
    section: meta.section ?? hasOptionsOnly(schema),
    children: describeBelow(entryOf(schema)),
    allowed: meta.allowedShort ?? allowedText(schema),
    unit: meta.unit,
    defaultText: meta.defaultText ?? written,
    example: meta.example === undefined ? written : write(meta.example, meta.unit),
    live: meta.live ?? false,
  };
}

/** A module's options: an object among the alternatives, beside `false`. */
function hasOptionsOnly(schema: z.ZodType): boolean {
  return alternatives(schema).some((each) => each instanceof z.ZodObject);
}

/** What an entry of a list or map looks like; the schema itself when it is neither. */
function entryOf(schema: z.ZodType): z.ZodType {
  for (const each of alternatives(schema)) {
    if (each instanceof z.ZodRecord) return each.valueType as z.ZodType;
    if (each instanceof z.ZodArray) {
      const element = each.element as z.ZodType;
      if (namesAt(element, []).length > 0) return element;
    }
  }
  return schema;
}

function defaultOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

function write(value: unknown, unit: string | undefined): string {
  if (typeof value === 'number' && unit === 'milliseconds') return formatDurationMs(value);
  if (typeof value === 'number' && unit?.startsWith('bytes')) return formatSizeBytes(value);
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) {
    return `[${value.map((each) => stringify(each).trim()).join(', ')}]`;
  }
  return stringify(value, { lineWidth: 0 }).trimEnd();
}
