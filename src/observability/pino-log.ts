// The Log port over pino: JSON lines for collectors, short coloured lines for people. Synchronous, so that what was
// said last before an exit is on its way.
import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import type { LogFormat, LogLevel } from '../config/settings.ts';
import type { Log } from '../util/log.ts';
import { formatPretty } from './pretty.ts';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** On every line; `{ worker: 1 }`. */
  readonly fields?: object;
  readonly colour?: boolean;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** A log whose level can be changed while it runs; children follow it. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

// SECURITY: a field of one of these names never leaves the process, wherever somebody has put it.
const SECRET_NAMES = [
  'password',
  'secret',
  'token',
  'key',
  'salt',
  'storedKey',
  'serverKey',
  'credentials',
  'authorization',
];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** @param isTerminal what `auto` goes by */
export function openLog(options: LogOptions, isTerminal = process.stdout.isTTY): AdjustableLog {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  const out = options.destination ?? pino.destination({ fd: 1, sync: true });
  const destination = pretty ? prettyInto(out, options.colour ?? isTerminal) : out;
  const logger = pino(
    {
      level: options.level,
      base: options.fields ?? null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[secret]' },
    },
    destination,
  );
  const level = new SharedLevel(logger);
  return new PinoLog(logger, level);
}

/** Children of a pino logger keep the level they were made with; here they share one. */
class SharedLevel {
  readonly #root: Logger;
  readonly #value = { rank: 0 };

  constructor(root: Logger) {
    this.#root = root;
    this.set(root.level);
  }

  allows(rank: number): boolean {
    return rank >= this.#value.rank;
  }

  set(level: LevelWithSilent | (string & {})): void {
    this.#value.rank = this.#root.levels.values[level] ?? Infinity;
  }
}

const RANK = { debug: 20, info: 30, warn: 40, error: 50 } as const;

class PinoLog implements AdjustableLog {
  readonly #logger: Logger;
  readonly #level: SharedLevel;

  constructor(logger: Logger, level: SharedLevel) {
    this.#logger = logger;
    this.#level = level;
    // What is written is decided by the shared level alone.
    logger.level = 'debug';
  }

  debug(fields: object, message: string): void {
    if (this.#level.allows(RANK.debug)) this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    if (this.#level.allows(RANK.info)) this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    if (this.#level.allows(RANK.warn)) this.#logger.warn(fields, message);
  }

  error(fields: object, message: string): void {
    if (this.#level.allows(RANK.error)) this.#logger.error(fields, message);
  }

  child(fields: object): Log {
    return new PinoLog(this.#logger.child(fields), this.#level);
  }

  setLevel(level: LogLevel): void {
    this.#level.set(level);
  }
}

function prettyInto(out: DestinationStream, colour: boolean): DestinationStream {
  return {
    write(line) {
      out.write(formatPretty(line, colour));
    },
  };
}
