// The figures of a worker: what it says at each beat, and what is asked of it on a scrape.
import type { WorkerMetric, WorkerSample } from '../observability/index.ts';
import type { WorkerLoad } from './supervisor/messages.ts';
import type { Worker } from './worker.ts';

/** Cheap: told four times a second. */
export function workerLoad(worker: Worker): WorkerLoad {
  const { submitted, done, walBytes, lastCommitMs } = worker.storage.stats();
  return {
    sessions: worker.sessions.size,
    residentBytes: process.memoryUsage.rss(),
    storeWaiting: submitted - done,
    walBytes,
    lastCommitMs: Math.round(lastCommitMs * 10) / 10,
    shedding: worker.memory.stage,
    full: worker.memory.full ? 1 : 0,
  };
}

export function sampleWorker(worker: Worker): WorkerSample {
  const store = worker.storage.stats();
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const { online, hibernating } = worker.countSessions(undefined);
  const values: Readonly<Record<WorkerMetric, number>> = {
    xmppd_connections: worker.connections(),
    xmppd_sessions_online: online,
    xmppd_sessions_hibernating: hibernating,
    xmppd_accounts_loaded: worker.accounts.cache.size,
    xmppd_reading_stopped: worker.gate.shut ? 1 : 0,
    xmppd_shedding_stage: worker.memory.stage,
    xmppd_shed_sessions_total: worker.memory.shedSessions,
    xmppd_password_checks_running: worker.hashing.running,
    xmppd_password_checks_waiting: worker.hashing.queued,
    xmppd_resident_bytes: memory.rss,
    xmppd_heap_used_bytes: memory.heapUsed,
    xmppd_external_bytes: memory.external,
    xmppd_cpu_seconds_total: (cpu.user + cpu.system) / 1e6,
    xmppd_store_submitted_total: store.submitted,
    xmppd_store_done_total: store.done,
    xmppd_store_failed_total: store.failed,
    xmppd_store_waiting: store.submitted - store.done,
    xmppd_store_commits_total: store.commits,
    xmppd_store_last_commit_seconds: store.lastCommitMs / 1000,
    xmppd_store_max_commit_seconds: store.maxCommitMs / 1000,
    xmppd_store_reads_total: store.reads,
    xmppd_store_reads_waiting: store.readsWaiting,
    xmppd_store_wal_bytes: store.walBytes,
    xmppd_store_reconnects_total: store.reconnects,
  };
  const counters = worker.host.counters.map(({ name, help, value }) => ({ name, help, value }));
  return { values, counters };
}
