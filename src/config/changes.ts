// What a changed configuration means for a server that runs: each option that differs, and whether it holds now or from the
// next start. The `live` flag of the option decides, nothing else.
import { z } from 'zod';
import { withModules, type ModuleSchemas } from './load.ts';
import { alternatives, metaOf, namesAt, schemasAt } from './schema-walk.ts';
import type { Settings } from './settings.ts';
import { formatDurationMs, formatSizeBytes } from './values.ts';

/** One option that differs. */
export interface Change {
  /** `limits.maxStanzaBytes` */
  readonly option: string;
  /** As they would be written; undefined: it is not there. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** A reload applies it; otherwise it holds from the next start. */
  readonly live: boolean;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** What is to hold after a reload: what runs, with the live changes. */
  readonly settings: Settings;
}

/** Not options of the file, or compared in a form of their own. */
const OWN_WAY: ReadonlySet<string> = new Set(['hosts', 'modules']);
const SECRET = /password|secret|token|credential|key$/i;

interface Difference {
  readonly path: readonly string[];
  readonly from: unknown;
  readonly to: unknown;
  readonly schema: z.ZodType | undefined;
  readonly live: boolean;
}

/** @param running what holds now @param wanted what the file says */
export function compareSettings(
  running: Settings,
  wanted: Settings,
  modules: ModuleSchemas = {},
): Comparison {
  const schema = withModules(modules, Object.keys(wanted.modules).filter(isForeign(modules)));
  const differences = [
    ...namesAt(schema, [])
      .filter((name) => !OWN_WAY.has(name))
      .flatMap((name) => below(schema, [name], running, wanted)),
    ...moduleDifferences(schema, running, wanted),
  ];
  const hostsDiffer = !same(running.hosts, wanted.hosts);
  const hostsLive = schemasAt(schema, ['hosts']).some((each) => metaOf(each).live === true);
  let settings: Settings = hostsDiffer && hostsLive ? { ...running, hosts: wanted.hosts } : running;
  for (const { live, path, to } of differences) if (live) settings = replaced(settings, path, to);
  return {
    changes: [
      ...(hostsDiffer ? hostChanges(running, wanted, hostsLive) : []),
      ...differences.map(({ path, from, to, live, schema: of }): Change => {
        const secret = path.some((name) => SECRET.test(name));
        const show = (value: unknown): string | undefined => shown(value, of, secret);
        return { option: path.join('.'), from: show(from), to: show(to), live };
      }),
    ],
    settings,
  };
}

function isForeign(modules: ModuleSchemas): (name: string) => boolean {
  return (name) => !Object.hasOwn(modules, name);
}

function below(
  schema: z.ZodType,
  path: readonly string[],
  running: unknown,
  wanted: unknown,
): readonly Difference[] {
  const from = at(running, path.at(-1) ?? '');
  const to = at(wanted, path.at(-1) ?? '');
  if (same(from, to)) return [];
  const names = isSection(schema, path) && isMap(from) && isMap(to) ? namesAt(schema, path) : [];
  if (names.length > 0) return names.flatMap((name) => below(schema, [...path, name], from, to));
  const [of] = schemasAt(schema, path);
  return [{ path, from, to, schema: of, live: of !== undefined && metaOf(of).live === true }];
}

function isSection(schema: z.ZodType, path: readonly string[]): boolean {
  return schemasAt(schema, path).some(
    (each) =>
      metaOf(each).section === true || alternatives(each).some((one) => one instanceof z.ZodObject),
  );
}

/** A module that is named in one file only stands at its defaults in the other. */
function moduleDifferences(
  schema: z.ZodType,
  running: Settings,
  wanted: Settings,
): readonly Difference[] {
  const names = new Set([...Object.keys(running.modules), ...Object.keys(wanted.modules)]);
  return [...names].sort().flatMap((name): readonly Difference[] => {
    const path = ['modules', name];
    const from = running.modules[name];
    const to = wanted.modules[name];
    if (from === false || to === false || namesAt(schema, path).length === 0) {
      return same(from, to) ? [] : [{ path, from, to, schema: undefined, live: false }];
    }
    const defaults = defaultsAt(schema, path);
    return below(schema, path, { [name]: from ?? defaults }, { [name]: to ?? defaults });
  });
}

function defaultsAt(schema: z.ZodType, path: readonly string[]): unknown {
  for (const each of schemasAt(schema, path)) {
    const parsed = each.safeParse({});
    if (parsed.success) return parsed.data;
  }
  return {};
}

function hostChanges(running: Settings, wanted: Settings, live: boolean): readonly Change[] {
  const before = new Map(running.hosts.map((host) => [host.domain, host]));
  const after = new Map(wanted.hosts.map((host) => [host.domain, host]));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((domain) => !same(before.get(domain), after.get(domain)))
    .map((domain): Change => ({
      option: `hosts.${domain}`,
      from: before.get(domain)?.certificate,
      to: after.get(domain)?.certificate,
      live,
    }));
}

function replaced<T>(value: T, path: readonly string[], to: unknown): T {
  const [name, ...rest] = path;
  if (name === undefined) return to as T;
  const map: Readonly<Record<string, unknown>> = isMap(value) ? value : {};
  return { ...map, [name]: replaced(map[name], rest, to) } as T;
}

function shown(value: unknown, schema: z.ZodType | undefined, secret: boolean): string | undefined {
  if (value === undefined) return undefined;
  // SECURITY: a difference is printed, logged and sent about.
  if (secret) return '[secret]';
  const unit = schema === undefined ? undefined : metaOf(schema).unit;
  if (typeof value === 'number' && unit === 'milliseconds') return formatDurationMs(value);
  if (typeof value === 'number' && unit?.startsWith('bytes')) return formatSizeBytes(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** A list of a thousand administrators need not be read in a difference. */
const MAX_SHOWN = 200;

function at(value: unknown, name: string): unknown {
  return isMap(value) ? value[name] : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Settings are plain data, made by the same schema: the order of their names is the same too. */
function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
