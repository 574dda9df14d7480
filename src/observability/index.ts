// What the server says of itself.
export { renderMetrics, type Placed, type WorkerMetric, type WorkerSample } from './metrics.ts';
export { openLog, type AdjustableLog, type LogOptions } from './pino-log.ts';
