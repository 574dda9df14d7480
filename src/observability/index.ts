// What the server says of itself.
export {
  PROCESS_METRICS,
  renderMetrics,
  SERVER_METRICS,
  WORKER_METRICS,
  type MetricDef,
  type Placed,
  type WorkerMetric,
  type WorkerSample,
} from './metrics.ts';
export { openLog, type AdjustableLog, type LogOptions } from './pino-log.ts';
