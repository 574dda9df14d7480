// The logging port. Drivers (pino) live in observability/; domain code only sees this.

/** Fields are plain data; never secrets, never message bodies. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

const drop = (): void => undefined;

/** For tests and for tools that speak on their own. */
export const silentLog: Log = {
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
  child: () => silentLog,
};
