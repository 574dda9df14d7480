// `xmppd start`: the supervisor with its workers, or one process for all.
import type { AdminContext, ServerStatus } from '../admin/index.ts';
import { openControlServer } from '../admin/control-server.ts';
import type { Settings } from '../config/index.ts';
import { openLog } from '../observability/index.ts';
import { homeOf } from '../placement/slots.ts';
import type { BareJid, Domain } from '../protocol/jid.ts';
import { entryUrl } from '../util/entry.ts';
import type { Log } from '../util/log.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { giveBack } from './give-back.ts';
import { greet } from './greeting.ts';
import { databasePath, runDirectory, storeSocket } from './paths.ts';
import { runSupervisor, type SupervisorControl } from './supervisor/index.ts';
import { readVersion } from './version.ts';

const ASK_MS = 30_000;

/** Runs until the server is stopped. Data directory and certificates are there. @throws OperatorError when it cannot start */
export async function start(
  settings: Settings,
  { single }: { readonly single: boolean },
): Promise<void> {
  const log = openLog(settings.log);
  // Loaded only when it is needed: a supervisor has no use for what a worker is made of.
  if (single) await (await import('./single.ts')).runSingle(settings, log);
  else process.exitCode = await runWorkers(settings, log);
}

async function runWorkers(settings: Settings, log: Log): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  let closeControl: () => Promise<void> = () => Promise.resolve();
  const code = await runSupervisor({
    settings: {
      listeners: settings.listen,
      workers: settings.workers,
      socketsDirectory: runDirectory(settings),
      connectionsPerAddress: settings.limits.connectionsPerAddress,
      hangTimeoutMs: settings.supervisor.hangTimeoutMs,
      stopTimeoutMs: settings.supervisor.stopTimeoutMs,
    },
    entry: entryUrl('app/worker-entry'),
    storeEntry: entryUrl('storage/sqlite/store-process'),
    storeArgs: [
      ...['--path', databasePath(settings), '--socket', storeSocket(settings)],
      ...['--synchronous', settings.synchronous],
    ],
    log,
    clock: systemClock,
    timers: systemTimers,
    signals: process,
    answer: (_slot, verb) => (verb === 'settings' ? settings : null),
    // PERF(docs/performance.md): 5,000 log-ins leave 12 MiB behind.
    onCalm: () => void giveBack(systemTimers),
    onStarted: (control) => {
      void openControlServer({
        path: settings.control.socket,
        context: contextOf(settings, control, startedAtMs),
        timers: systemTimers,
        log,
      }).then(
        (server) => {
          closeControl = () => server.close();
          greet(settings, control.bound);
        },
        (error: unknown) => {
          log.error({ err: error }, 'the control socket could not be opened; the server stops');
          process.exitCode = 1;
          control.stop();
        },
      );
    },
  });
  await closeControl();
  return code;
}

/** Administration from the supervisor: each account is changed by the worker that owns it. */
function contextOf(
  settings: Settings,
  control: SupervisorControl,
  startedAtMs: number,
): AdminContext {
  const owner = (address: BareJid): number => homeOf(address, settings.workers);
  const ask = async (slot: number, verb: string, args: object): Promise<unknown> =>
    await control.ask(slot, verb, args, ASK_MS);
  return {
    hosts: settings.hosts.map((host) => host.domain),
    accounts: {
      create: async (address, password) => {
        await ask(owner(address), 'user.create', { address, password });
      },
      setPassword: async (address, password) => {
        await ask(owner(address), 'user.password', { address, password });
      },
      remove: async (address) => {
        await ask(owner(address), 'user.remove', { address });
      },
      list: async (domain, after, limit) =>
        (await ask(0, 'user.list', { domain, after, limit })) as readonly BareJid[],
    },
    server: {
      status: () => Promise.resolve(statusOf(settings, control, startedAtMs)),
      stop: () => {
        control.stop();
        return Promise.resolve();
      },
      countSessions: async (domain: Domain | undefined) => {
        const slots = Array.from({ length: settings.workers }, (_, slot) => slot);
        const counts = (await Promise.all(
          slots.map(async (slot) => await ask(slot, 'session.count', { domain })),
        )) as { online: number; hibernating: number }[];
        return {
          online: counts.reduce((sum, count) => sum + count.online, 0),
          hibernating: counts.reduce((sum, count) => sum + count.hibernating, 0),
        };
      },
    },
  };
}

function statusOf(
  settings: Settings,
  control: SupervisorControl,
  startedAtMs: number,
): ServerStatus {
  const status = control.status();
  return {
    version: readVersion(),
    node: process.version,
    pid: process.pid,
    uptimeMs: Math.round(systemClock.monotonicMs() - startedAtMs),
    hosts: settings.hosts.map((host) => host.domain),
    listening: status.listeners.map(
      ({ kind, address, port }) =>
        `${kind} ${address.includes(':') ? `[${address}]` : address}:${port}`,
    ),
    workers: status.workers.map((worker) => ({
      slot: worker.slot,
      pid: worker.pid ?? 0,
      state: worker.state === 'ready' ? 'up' : worker.state,
      connections: worker.connections,
      sessions: worker.load['sessions'] ?? 0,
      restarts: worker.restarts,
    })),
  };
}
