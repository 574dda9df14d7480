// Options from the environment, for containers: XMPPD__LIMITS__MAX_STANZA_BYTES is `limits.maxStanzaBytes`.
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Diagnostic, Source } from './diagnostics.ts';
import { sameName } from './nearest.ts';
import { namesAt } from './schema-walk.ts';

/** Variables by name; those that are not set are absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One option that the environment sets. */
export interface Override {
  /** As it stands in the file. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** What is wrong with its value is reported at the variable. */
  readonly source: Source;
}

const PREFIX = 'XMPPD__';

/**
 * Reads the variables that begin with `XMPPD__`: two underscores lead into a section, case and single underscores do not
 * count, the value is YAML. An empty variable is taken as not set.
 */
export function readOverrides(
  schema: z.ZodType,
  environment: Environment,
): { readonly overrides: readonly Override[]; readonly wrong: readonly Diagnostic[] } {
  const overrides: Override[] = [];
  const wrong: Diagnostic[] = [];
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (!variable.startsWith(PREFIX) || text === undefined || text === '') continue;
    const file = `$${variable}`;
    const refuse = (message: string): void => {
      wrong.push({ file, line: 1, column: 1, message });
    };
    const path = pathOf(schema, variable.slice(PREFIX.length).split('__'), refuse);
    if (path === undefined) continue;
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [problem] = document.errors;
    if (problem !== undefined) refuse(`YAML: ${problem.message}`);
    else
      overrides.push({
        path,
        value: document.toJS() as unknown,
        source: { file, document, lines, depth: path.length },
      });
  }
  return { overrides, wrong };
}

function pathOf(
  schema: z.ZodType,
  words: readonly string[],
  refuse: (message: string) => void,
): readonly string[] | undefined {
  const path: string[] = [];
  for (const word of words) {
    const names = namesAt(schema, path);
    const name = names.find((each) => sameName(each, word));
    if (name === undefined) {
      const where = path.length === 0 ? '' : ` in "${path.join('.')}"`;
      refuse(
        `names no option: there is no "${word.slice(0, 60)}"${where}; ` +
          `allowed here: ${names.length === 0 ? 'none' : names.join(', ')}`,
      );
      return undefined;
    }
    path.push(name);
  }
  return path;
}

/** @returns the file's options with those of the environment over them; nothing given is changed */
export function withOverrides(value: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((sum, each) => replaced(sum, each.path, each.value), value);
}

function replaced(value: unknown, path: readonly string[], to: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return to;
  // What is no map in the file is wrong there, or left empty: the option stands alone then.
  const map =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : {};
  return { ...map, [name]: replaced(map[name], rest, to) };
}

/** The variable that an option, or one below it, came from. */
export function overrideAt(
  overrides: readonly Override[],
  path: readonly PropertyKey[],
): Override | undefined {
  return overrides.findLast((each) => each.path.every((name, at) => path[at] === name));
}
