// What is measured, as a table, and the text in which Prometheus reads it (exposition format 0.0.4).

export interface MetricDef {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

/** Values by metric name, of one process. */
export type Sample = Readonly<Record<string, number>>;

/** A module's own counter. */
export interface CounterSample {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

/** What one worker says of itself. */
export interface WorkerSample {
  readonly values: Sample;
  readonly counters: readonly CounterSample[];
}

const gauge = (help: string): MetricDef => ({ type: 'gauge', help });
const counter = (help: string): MetricDef => ({ type: 'counter', help });

/** Of each worker, labelled with its slot. */
export const WORKER_METRICS = {
  xmppd_connections: gauge('Connections of clients, logged in or not.'),
  xmppd_sessions_online: gauge('Sessions with a connection.'),
  xmppd_sessions_hibernating: gauge('Sessions that wait for their client to resume them.'),
  xmppd_accounts_loaded: gauge('Accounts in memory.'),
  xmppd_reading_stopped: gauge('1 while no client is read, since storage or links have no room.'),
  xmppd_shedding_stage: gauge('Stages of shedding in force for want of memory; 0: none.'),
  xmppd_shed_sessions_total: counter('Sessions ended for want of memory.'),
  xmppd_password_checks_running: gauge('Key derivations under way.'),
  xmppd_password_checks_waiting: gauge('Key derivations that wait for their turn.'),
  xmppd_resident_bytes: gauge('Resident memory of the process.'),
  xmppd_heap_used_bytes: gauge('Heap in use.'),
  xmppd_external_bytes: gauge('Memory outside the heap that belongs to objects in it.'),
  xmppd_cpu_seconds_total: counter('CPU time, user and system.'),
  xmppd_store_submitted_total: counter('Units handed to the store.'),
  xmppd_store_done_total: counter('Units answered by the store, failures among them.'),
  xmppd_store_failed_total: counter('Units that failed.'),
  xmppd_store_waiting: gauge('Units on their way to the disk.'),
  xmppd_store_commits_total: counter('Commits that held units of this worker.'),
  xmppd_store_last_commit_seconds: gauge('Duration of the last commit, with its sync.'),
  xmppd_store_max_commit_seconds: gauge('Duration of the longest commit so far.'),
  xmppd_store_reads_total: counter('Pages read.'),
  xmppd_store_reads_waiting: gauge('Reads that wait.'),
  xmppd_store_wal_bytes: gauge('Size of the write-ahead log as last measured.'),
  xmppd_store_reconnects_total: counter('Times that the way to the store was made again.'),
} satisfies Readonly<Record<string, MetricDef>>;

export type WorkerMetric = keyof typeof WORKER_METRICS;

/** Of each worker as its supervisor sees it. */
export const PROCESS_METRICS = {
  xmppd_worker_up: gauge('1 while the worker serves clients.'),
  xmppd_worker_restarts_total: counter('Starts of the worker after the first.'),
  xmppd_event_loop_lag_seconds: gauge('How late the last regular beat of the worker was.'),
} satisfies Readonly<Record<string, MetricDef>>;

/** Of the server as a whole. */
export const SERVER_METRICS = {
  xmppd_up: gauge('1 while the server runs.'),
  xmppd_uptime_seconds: gauge('Time since the start.'),
  xmppd_supervisor_resident_bytes: gauge('Resident memory of the supervisor.'),
  xmppd_reloads_total: counter('Configurations put in force by a reload.'),
  xmppd_reloads_failed_total: counter('Reloads that left the configuration as it was.'),
} satisfies Readonly<Record<string, MetricDef>>;

/** Values of one place: a worker's slot, or undefined for the server as a whole. */
export interface Placed {
  readonly worker: number | undefined;
  readonly values: Sample;
  readonly counters?: readonly CounterSample[];
}

const DEFS: Readonly<Record<string, MetricDef>> = {
  ...SERVER_METRICS,
  ...PROCESS_METRICS,
  ...WORKER_METRICS,
};

/** The page that Prometheus reads. Values without a definition are left out: they would have no type. */
export function renderMetrics(places: readonly Placed[]): string {
  const lines: string[] = [];
  for (const [name, { type, help }] of Object.entries(DEFS)) {
    const values = places.flatMap(({ worker, values: all }) => {
      const value = all[name];
      return value === undefined ? [] : [line(name, worker, value)];
    });
    if (values.length > 0) lines.push(...head(name, type, help), ...values);
  }
  const counters = new Map<string, string[]>();
  for (const { worker, counters: some = [] } of places) {
    for (const { name, help, value } of some) {
      const full = `xmppd_${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}_total`;
      const block = counters.get(full) ?? head(full, 'counter', help);
      counters.set(full, [...block, line(full, worker, value)]);
    }
  }
  lines.push(...[...counters.values()].flat());
  return `${lines.join('\n')}\n`;
}

function head(name: string, type: string, help: string): string[] {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [`# HELP ${name} ${escaped}`, `# TYPE ${name} ${type}`];
}

function line(name: string, worker: number | undefined, value: number): string {
  const label = worker === undefined ? '' : `{worker="${worker.toString()}"}`;
  return `${name}${label} ${value.toString()}`;
}
