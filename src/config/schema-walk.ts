// Reads a zod schema as data: what lies at a path, which names are allowed there, what may be written in words.
import { z } from 'zod';
import type { OptionMeta } from './values.ts';

type Meta = Partial<OptionMeta> & { readonly section?: boolean };

/** The words attached to a schema, the outermost wrapper's first. */
export function metaOf(schema: z.ZodType): Meta {
  const inner = step(schema);
  const own = (schema.meta() ?? {}) as Meta;
  return inner === undefined ? own : { ...metaOf(inner), ...own };
}

/** One wrapper less; undefined when there is none left. */
function step(schema: z.ZodType): z.ZodType | undefined {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  ) {
    return schema.unwrap() as z.ZodType;
  }
  if (schema instanceof z.ZodPipe) {
    // A transform before the schema only prepares; behind it only converts. The schema is what is written in the file.
    return (schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType;
  }
  return undefined;
}

/** Without wrappers, and with the options of a union one by one. */
export function alternatives(schema: z.ZodType): readonly z.ZodType[] {
  const inner = step(schema);
  if (inner !== undefined) return alternatives(inner);
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((each) => alternatives(each as z.ZodType));
  return [schema];
}

/** The schemas that may hold at a path. */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly z.ZodType[] {
  const [key, ...rest] = path;
  if (key === undefined) return [schema];
  return alternatives(schema).flatMap((each) => {
    const below = child(each, key);
    return below === undefined ? [] : schemasAt(below, rest);
  });
}

function child(schema: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<PropertyKey, z.ZodType>;
    return Object.hasOwn(shape, key) ? shape[key] : undefined;
  }
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  return undefined;
}

/** The option names allowed below a path. */
export function namesAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const objects = schemasAt(schema, path)
    .flatMap(alternatives)
    .filter((each) => each instanceof z.ZodObject);
  return [...new Set(objects.flatMap((each) => Object.keys(each.shape)))];
}

/** Every option's dotted name, below a schema that is an object. */
export function allNames(schema: z.ZodType, prefix = ''): readonly string[] {
  return namesAt(schema, []).flatMap((name) => {
    const below = schemasAt(schema, [name]).flatMap((each) => allNames(each, `${prefix}${name}.`));
    return [`${prefix}${name}`, ...below];
  });
}

/** What may be written, in words. */
export function allowedText(schema: z.ZodType): string {
  const words = metaOf(schema).allowed;
  if (words !== undefined) return words;
  return [...new Set(alternatives(schema).map(plainText))]
    .filter((each) => each !== '')
    .join(', or ');
}

function plainText(schema: z.ZodType): string {
  const words = metaOf(schema).allowed;
  if (words !== undefined) return words;
  if (schema instanceof z.ZodBoolean) return 'true, false';
  if (schema instanceof z.ZodEnum) return schema.options.join(', ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String).join(', ');
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodNumber) {
    return numberText(schema.minValue ?? -Infinity, schema.maxValue ?? Infinity);
  }
  if (schema instanceof z.ZodArray) return `a list of: ${allowedText(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodObject) return `a map of ${Object.keys(schema.shape).join(', ')}`;
  if (schema instanceof z.ZodRecord) return 'a map';
  return '';
}

/** A bound that nobody would reach is not worth saying. */
const NO_BOUND = 1_000_000_000;

function numberText(min: number, max: number): string {
  if (max < NO_BOUND) return `a whole number from ${String(min)} to ${String(max)}`;
  return min > -NO_BOUND ? `a whole number, at least ${String(min)}` : 'a whole number';
}
