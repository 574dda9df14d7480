// From a YAML file to Settings: found, read, checked, its relative paths made absolute.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Domain } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import { ConfigError, diagnose, sorted, type Diagnostic, type Source } from './diagnostics.ts';
import { overrideAt, readOverrides, withOverrides, type Environment } from './overrides.ts';
import {
  settingsSchema,
  type HostSettings,
  type ModuleSettings,
  type Settings,
} from './settings.ts';

/** Options of modules by module name; undefined: the module has none. A module may be left out of the file. */
export type ModuleSchemas = Readonly<Record<string, z.ZodType | undefined>>;

/** A file that has been read and not yet checked. */
export interface ConfigDocument {
  /** Absolute; undefined: no file, defaults. */
  readonly file: string | undefined;
  /** Modules named in it that come as packages or files of their own; import them to get their schemas. */
  readonly externalModules: readonly string[];
  readonly value: unknown;
  readonly source: Source;
  /** What is wrong already, before its options are checked. */
  readonly diagnostics: readonly Diagnostic[];
}

const SYSTEM_FILE = '/etc/xmppd/xmppd.yml';

/**
 * Which file holds: the one named, else $XMPPD_CONFIG, else ./xmppd.yml, else /etc/xmppd/xmppd.yml.
 * @returns an absolute path; undefined when there is none, so that defaults hold
 */
export function findConfig(named?: string): string | undefined {
  const chosen = named ?? process.env['XMPPD_CONFIG'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  const local = resolve('xmppd.yml');
  if (existsSync(local)) return local;
  return existsSync(SYSTEM_FILE) ? SYSTEM_FILE : undefined;
}

/**
 * Reads and checks a configuration.
 * @param path undefined: the documented defaults, with paths below the working directory
 * @throws ConfigError naming everything that is wrong; OperatorError `config-unreadable`
 */
export function loadConfig(path: string | undefined, modules: ModuleSchemas = {}): Settings {
  return checkConfig(readConfig(path), modules);
}

/** Reads a file and its YAML. @throws ConfigError for bad YAML; OperatorError `config-unreadable` */
export function readConfig(path: string | undefined): ConfigDocument {
  return path === undefined
    ? parseConfig('', undefined)
    : parseConfig(readText(path), resolve(path), path);
}

/**
 * The same from a text.
 * @param shown the name that errors are reported under
 */
export function parseConfig(text: string, file: string | undefined, shown = file): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const source = { file: shown ?? 'defaults', document, lines };
  const problems = [...document.errors, ...document.warnings];
  const diagnostics = problems.map((problem): Diagnostic => {
    const { line, col } = lines.linePos(problem.pos[0]);
    const message =
      problem.code === 'DUPLICATE_KEY'
        ? `"${/^[^\s:]*/.exec(text.slice(problem.pos[0]))?.[0] ?? ''}" is written twice`
        : `YAML: ${problem.message}`;
    return { file: source.file, line, column: col, message };
  });
  // A name written twice leaves the rest readable; after anything else the tree is a guess.
  if (problems.some((problem) => problem.code !== 'DUPLICATE_KEY')) {
    throw new ConfigError(diagnostics);
  }
  const value = toValue(document, source);
  const externalModules = moduleNames(value).filter(isExternal);
  return { file, externalModules, value, source, diagnostics };
}

/**
 * Checks what was read, with what the environment sets over it.
 * @throws ConfigError naming everything that is wrong, in the file and in variables
 */
export function checkConfig(
  document: ConfigDocument,
  modules: ModuleSchemas = {},
  environment: Environment = process.env,
): Settings {
  const schema = withModules(modules, document.externalModules);
  const { overrides, wrong: unreadable } = readOverrides(schema, environment);
  const value = withOverrides(document.value, overrides);
  const result = schema.safeParse(value, { reportInput: true });
  const sourceOf = (path: readonly PropertyKey[]): Source =>
    overrideAt(overrides, path)?.source ?? document.source;
  const refused = result.success ? [] : diagnose(sourceOf, schema, result.error.issues);
  const wrong = [...document.diagnostics, ...unreadable, ...refused];
  if (!result.success || wrong.length > 0) throw new ConfigError(sorted(wrong));
  return complete(result.data, document.file);
}

/**
 * Where the control socket of a server is whose file may have mistakes elsewhere.
 * @throws ConfigError when `data` or `control` has mistakes
 */
export function controlSocket(
  document: ConfigDocument,
  environment: Environment = process.env,
): string {
  const { data, control } = (document.value ?? {}) as Readonly<Record<string, unknown>>;
  const value = {
    ...(data === undefined ? {} : { data }),
    ...(control === undefined ? {} : { control }),
  };
  const wanted = Object.entries(environment).filter(([name]) =>
    /^XMPPD__(?:data|control(?:__.*)?)$/i.test(name),
  );
  const only = { ...document, value, diagnostics: [], externalModules: [] };
  return checkConfig(only, {}, Object.fromEntries(wanted)).control.socket;
}

/** The whole schema with the modules' options in their place. */
export function withModules(modules: ModuleSchemas, external: readonly string[] = []) {
  const shape: Record<string, z.ZodType> = {};
  for (const name of external) shape[name] = moduleOptions(z.record(z.string(), z.unknown()));
  for (const [name, schema] of Object.entries(modules)) {
    shape[name] = moduleOptions(schema ?? z.strictObject({}));
  }
  const words = settingsSchema.shape.modules.meta();
  return settingsSchema.extend({
    modules: z
      .preprocess((value) => value ?? {}, z.strictObject(shape))
      .prefault({})
      .meta({ ...words, section: true }),
  });
}

function moduleOptions(schema: z.ZodType): z.ZodType {
  const options = z.preprocess((value) => value ?? {}, schema);
  return z.union([z.literal(false), options]).optional();
}

/** Packages and files are named so that no module of our own can be meant. */
function isExternal(name: string): boolean {
  return /^(?:[./@]|xmppd-)/.test(name);
}

function moduleNames(value: unknown): readonly string[] {
  const modules: unknown = (value as { modules?: unknown } | null)?.modules;
  return typeof modules === 'object' && modules !== null ? Object.keys(modules) : [];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      'config-unreadable',
      `cannot read the configuration file ${path}: ${reason}`,
      'Name another file with --config, or make this one readable for the user the server runs as.',
      { cause: error },
    );
  }
}

function toValue(document: Source['document'], source: Source): unknown {
  try {
    // An empty file is all defaults.
    return (document.toJS() as unknown) ?? {};
  } catch (error) {
    // Only aliases can fail here: unresolved ones, or more than a file of options can need.
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ file: source.file, line: 1, column: 1, message: `YAML: ${message}` }]);
  }
}

type Parsed = Omit<z.output<typeof settingsSchema>, 'modules'> & { readonly modules: unknown };

function complete(parsed: Parsed, file: string | undefined): Settings {
  const base = file === undefined ? process.cwd() : dirname(file);
  const data = resolve(base, parsed.data);
  return {
    ...parsed,
    file,
    data,
    hosts: hostsOf(parsed.hosts, base, data),
    workers: parsed.workers === 'auto' ? Math.max(1, availableParallelism() - 1) : parsed.workers,
    control: {
      socket:
        parsed.control.socket === undefined
          ? join(data, 'run', 'control.sock')
          : resolve(base, parsed.control.socket),
    },
    modules: parsed.modules as Readonly<Record<string, ModuleSettings>>,
    forceRewrite: process.env['XMPPD_FORCE_REWRITE'] === '1',
    synchronous: process.env['XMPPD_SYNCHRONOUS'] === 'NORMAL' ? 'NORMAL' : 'FULL',
  };
}

function hostsOf(hosts: Parsed['hosts'], base: string, data: string): readonly HostSettings[] {
  const named = Array.isArray(hosts)
    ? hosts.map((each) => [each, null] as const)
    : Object.entries(hosts);
  return named.map(([domain, files]): HostSettings => {
    // IPv6 literals are the only domains that a file name could trip over.
    const made = join(data, 'certificates', domain.replaceAll(':', '_'));
    return {
      // The schema has prepared it.
      domain: domain as Domain,
      certificate: files?.certificate ? resolve(base, files.certificate) : `${made}.crt`,
      key: files?.key ? resolve(base, files.key) : `${made}.key`,
      clientAuthority: files?.clientAuthority ? resolve(base, files.clientAuthority) : undefined,
      anonymous: files?.anonymous === true,
      given: files?.certificate !== undefined,
    };
  });
}
