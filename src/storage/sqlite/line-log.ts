// Log lines of the writer's thread travel as frames to the one that has a log.
import type { Log } from '../../util/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly fields: object;
  readonly message: string;
}

/** A log that hands each line to `emit`. */
export function lineLog(emit: (line: LogLine) => void, bound: object = {}): Log {
  const at =
    (level: LogLevel) =>
    (fields: object, message: string): void =>
      emit({ level, fields: { ...bound, ...fields }, message });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => lineLog(emit, { ...bound, ...fields }),
  };
}
