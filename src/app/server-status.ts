// What `xmppd status` shows of a server with workers, from what its supervisor knows.
import type { ServerStatus } from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
import type { ProcessStatus, SupervisorStatus, WorkerStatus } from './supervisor/settings.ts';
import { readVersion } from './version.ts';

export function serverStatus(
  status: SupervisorStatus,
  settings: Settings,
  uptimeMs: number,
): ServerStatus {
  return {
    version: readVersion(),
    node: process.version,
    pid: status.pid,
    uptimeMs,
    state: status.state,
    hosts: settings.hosts.map((host) => host.domain),
    listening: status.listeners.map(shownListener),
    workers: status.workers.map((worker) => ({
      slot: worker.slot,
      pid: worker.pid ?? 0,
      state: shownState(worker),
      connections: worker.connections,
      sessions: worker.load['sessions'] ?? 0,
      restarts: worker.restarts,
      lagMs: worker.lagMs,
      residentBytes: worker.load['residentBytes'] ?? 0,
      storeWaiting: worker.load['storeWaiting'] ?? 0,
      shedding: worker.load['shedding'] ?? 0,
    })),
    store: {
      pid: status.store?.pid ?? null,
      // A thread of the worker lives as long as that does.
      state: shownState(status.store ?? status.workers[0]),
      restarts: status.store?.restarts ?? 0,
      waiting: status.workers.reduce((sum, { load }) => sum + (load['storeWaiting'] ?? 0), 0),
      walBytes: largest(status.workers, 'walBytes'),
      lastCommitMs: largest(status.workers, 'lastCommitMs'),
    },
  };
}

/** `c2s [::]:5222` */
export function shownListener(bound: SupervisorStatus['listeners'][number]): string {
  const { kind, address, port } = bound;
  return `${kind} ${address.includes(':') ? `[${address}]` : address}:${port.toString()}`;
}

function shownState(process: ProcessStatus | undefined): ServerStatus['store']['state'] {
  const state = process?.state ?? 'down';
  return state === 'ready' ? 'up' : state;
}

/** One log for all; each worker has heard of it at its own last commit. */
function largest(workers: readonly WorkerStatus[], name: string): number {
  return workers.reduce((most, { load }) => Math.max(most, load[name] ?? 0), 0);
}
