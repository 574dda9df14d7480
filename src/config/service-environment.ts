// What a service manager tells a process in its environment: sd_notify(3), sd_watchdog_enabled(3).
import type { Environment } from './overrides.ts';

export interface ServiceEnvironment {
  /** Somebody listens for notices. */
  readonly notify: boolean;
  /** How often a sign of life is expected; undefined: none is. */
  readonly watchdogMs: number | undefined;
}

/** @param pid of this process: the watchdog may be meant for another one */
export function serviceEnvironment(
  environment: Environment = process.env,
  pid = process.pid,
): ServiceEnvironment {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? 0);
  const watched = environment['WATCHDOG_PID'];
  const isMine = watched === undefined || watched === '' || Number(watched) === pid;
  return {
    notify: (environment['NOTIFY_SOCKET'] ?? '') !== '',
    watchdogMs: microseconds > 0 && isMine ? microseconds / 1000 : undefined,
  };
}
