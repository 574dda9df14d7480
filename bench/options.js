// The command line of `npm run bench`.
import { parseArgs } from 'node:util';
import { BenchError } from './errors.js';
import { scenarios } from './scenarios/list.js';

const USAGE = `Usage: npm run bench -- [options]
  --only A,B        these scenarios alone (see below)
  --seconds N       length of each measured window (10)
  --warmup N        seconds of load before it (3)
  --workers N       worker processes of the server (1)
  --sessions N      sessions of the idle scenarios (5000)
  --data DIR        where the server keeps its data while measured (the system's temporary directory)
  --attach PORT:PID measure a server that is running already; its users are u0, u1, … @bench.local, password p
  --json            the figures as JSON instead of a Markdown table
  --help

Scenarios:
${scenarios.map((s) => `  ${s.name.padEnd(17)} ${s.about}${s.onRequest ? ' (only when named)' : ''}`).join('\n')}
`;

/**
 * A number from the command line.
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} fallback
 * @param {number} least
 */
function number(name, value, fallback, least) {
  if (value === undefined) return fallback;
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed < least) {
    throw new BenchError(`--${name} must be a number of at least ${least}, not "${value}"`);
  }
  return parsed;
}

/**
 * The scenarios named, in the table's order.
 * @param {string | undefined} only
 */
function choose(only) {
  if (only === undefined) return scenarios.filter((scenario) => !scenario.onRequest);
  const names = only.split(',');
  for (const name of names) {
    if (!scenarios.some((scenario) => scenario.name === name)) {
      throw new BenchError(`no scenario is called "${name}"; see --help`);
    }
  }
  return scenarios.filter((scenario) => names.includes(scenario.name));
}

/**
 * Reads the command line; undefined when it asked for help and got it.
 * @param {string[]} args
 */
export function parseOptions(args) {
  const { values } = parse(args);
  if (values.help) {
    process.stdout.write(USAGE);
    return undefined;
  }
  return {
    chosen: choose(values.only),
    seconds: number('seconds', values.seconds, 10, 0.5),
    warmup: number('warmup', values.warmup, 3, 0),
    workers: number('workers', values.workers, 1, 1),
    sessions: number('sessions', values.sessions, 5000, 2),
    dataRoot: values.data,
    attach: values.attach === undefined ? undefined : parseAttach(values.attach),
    json: values.json ?? false,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string' },
        seconds: { type: 'string' },
        warmup: { type: 'string' },
        workers: { type: 'string' },
        sessions: { type: 'string' },
        data: { type: 'string' },
        attach: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new BenchError(`${error instanceof Error ? error.message : error}; see --help`);
  }
}

/** @param {string} value */
function parseAttach(value) {
  const [, port, pid] = /^(\d+):(\d+)$/.exec(value) ?? [];
  if (port === undefined || pid === undefined) {
    throw new BenchError(`--attach takes PORT:PID, not "${value}"`);
  }
  return { port: Number(port), pid: Number(pid) };
}
