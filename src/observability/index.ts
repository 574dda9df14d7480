// What the server says of itself.
export { openLog, type AdjustableLog, type LogOptions } from './pino-log.ts';
