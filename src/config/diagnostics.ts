// Turns what zod and yaml found wrong into lines an operator can act on: file:line:column, what is wrong, the nearest
// right name, what is allowed.
import { isMap, isNode, isPair, isScalar, isSeq, type Document, type LineCounter } from 'yaml';
import type { z } from 'zod';
import { OperatorError } from '../util/errors.ts';
import { nearest, sameName } from './nearest.ts';
import { allNames, allowedText, namesAt, schemasAt } from './schema-walk.ts';

/** One thing wrong in a configuration file; line and column count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A configuration that cannot be used: all that is wrong with it, at once, in the order of the file. */
export class ConfigError extends OperatorError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const lines = diagnostics.map(
      ({ file, line, column, message }) => `${file}:${String(line)}:${String(column)}: ${message}`,
    );
    super(
      'config-invalid',
      lines.join('\n'),
      'Correct the lines named; docs/reference/configuration.md lists every option.',
    );
    this.diagnostics = diagnostics;
  }
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** The parsed text that positions are looked up in. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** How many names of a path lead to its root; absent: none, it is the whole. */
  readonly depth?: number;
}

/** Diagnostics for what a schema refused. @param sourceOf where the value at a path was written */
export function diagnose(
  sourceOf: (path: Path) => Source,
  schema: z.ZodType,
  issues: readonly Issue[],
): readonly Diagnostic[] {
  return issues
    .flatMap((issue) => explain(schema, issue))
    .map(({ path, at, message }) => {
      const source = sourceOf(path);
      const below = path.slice(source.depth ?? 0);
      return { file: source.file, ...position(source, below, at), message };
    });
}

/** In the order of the file. */
export function sorted(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => a.line - b.line || a.column - b.column);
}

interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

function explain(schema: z.ZodType, issue: Issue): readonly Finding[] {
  const { path } = issue;
  const finding = (what: string, suggestion = ''): readonly Finding[] => [
    {
      path,
      at: 'value',
      message: `"${dotted(path)}": ${what}${allowed(schema, path, suggestion)}`,
    },
  ];
  if (issue.input === undefined && path.length > 0) return finding('is missing');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: 'key',
        message: unknownName(schema, path, key),
      }));
    case 'invalid_key': {
      const reason = issue.issues[0]?.message ?? 'is not a name';
      const message = `${quote(String(path.at(-1)))} ${reason}`;
      return [{ path, at: 'key', message }];
    }
    case 'invalid_union': {
      const branch = nearestBranch(issue.errors);
      if (branch === undefined) return finding(notAllowed(issue.input));
      return branch.flatMap((each) => explain(schema, { ...each, path: [...path, ...each.path] }));
    }
    case 'invalid_value': {
      const names = issue.values.map(String);
      const suggestion = typeof issue.input === 'string' ? didYouMean(issue.input, names) : '';
      return finding(notAllowed(issue.input), suggestion);
    }
    case 'too_small':
    case 'too_big':
      return finding(
        issue.origin === 'array' ? 'the list is empty' : `${show(issue.input)} is out of range`,
      );
    case 'custom':
      return finding(`${show(issue.input)} ${issue.message}`);
    default:
      return finding(notAllowed(issue.input));
  }
}

/** The branch of a union that was meant: the one whose container fits, so that its own complaints are the useful ones. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fits = branches.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  if (fits.length > 0) return fits[0];
  // `workers: 0` where `auto` or a number may stand: right in kind, out of range.
  return branches.find((issues) =>
    issues.every((issue) => issue.code === 'too_small' || issue.code === 'too_big'),
  );
}

function unknownName(schema: z.ZodType, path: Path, key: string): string {
  const names = namesAt(schema, path);
  const where = path.length === 0 ? '' : ` in ${quote(dotted(path))}`;
  const list = names.length === 0 ? 'none' : names.join(', ');
  const meant =
    names.find((name) => sameName(name, key)) ??
    sameNameElsewhere(schema, key) ??
    nearest(key, names);
  const suggestion = meant === undefined ? ';' : `; did you mean ${quote(meant)}?`;
  return `unknown option ${quote(key)}${where}${suggestion} allowed here: ${list}`;
}

/** The option was put into the wrong section. */
function sameNameElsewhere(schema: z.ZodType, key: string): string | undefined {
  const named = allNames(schema).filter((name) => name.includes('.'));
  return named.find((name) => sameName(name.slice(name.lastIndexOf('.') + 1), key));
}

/** `listen[0].port` */
function dotted(path: Path): string {
  return path
    .map((key, at) =>
      typeof key === 'number' ? `[${String(key)}]` : `${at === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');
}

function didYouMean(written: string, names: readonly string[]): string {
  const meant = nearest(written, names);
  return meant === undefined ? '' : `did you mean ${quote(meant)}?`;
}

function allowed(schema: z.ZodType, path: Path, suggestion: string): string {
  const texts = schemasAt(schema, path).map(allowedText);
  const words = [...new Set(texts)].filter((each) => each !== '').join(', or ');
  const tail = words === '' ? '' : `allowed: ${words}`;
  if (suggestion !== '') return `; ${suggestion} ${tail}`.trimEnd();
  return tail === '' ? '' : `; ${tail}`;
}

function notAllowed(value: unknown): string {
  return value === null ? 'nothing is written here' : `${show(value)} is not allowed here`;
}

/** A value as a person would recognise it, cut short. */
function show(value: unknown): string {
  const written = JSON.stringify(value) as string | undefined;
  if (written === undefined) return 'this';
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}

function quote(name: string): string {
  return `"${name.length > 60 ? `${name.slice(0, 57)}...` : name}"`;
}

/** Where a path was written; for what is missing, where it should have been: its nearest parent that is there. */
function position(
  { document, lines }: Source,
  path: Path,
  at: 'key' | 'value',
): { readonly line: number; readonly column: number } {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, key] of path.entries()) {
    if (isNode(node) && 'source' in node && 'resolve' in node) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((each) => keyOf(each.key) === String(key));
      if (!isPair(pair)) break;
      const last = depth === path.length - 1;
      const target = last && at === 'key' ? pair.key : (pair.value ?? pair.key);
      // An empty value has a position behind its key that nobody would look at.
      const empty = isScalar(target) && target.value === null && target.source === '';
      const named: unknown = empty ? pair.key : target;
      if (isNode(named) && named.range) offset = named.range[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (!isNode(node)) break;
      if (node.range) offset = node.range[0];
    } else {
      break;
    }
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
