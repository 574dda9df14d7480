// `xmppd start`: the supervisor with its workers, or one process for all.
import type { AdminContext, ServerStatus } from '../admin/index.ts';
import { openControlServer } from '../admin/control-server.ts';
import type { Settings } from '../config/index.ts';
import { openLog } from '../observability/index.ts';
import { homeOf } from '../placement/slots.ts';
import type { Domain } from '../protocol/jid.ts';
import { entryUrl } from '../util/entry.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { adminContext } from './admin-context.ts';
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
  let context: AdminContext | undefined;
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
    answer: (_slot, verb, args) => {
      if (verb === 'settings') return settings;
      return verb === 'admin.run' ? runForWorker(context, args as Asked) : null;
    },
    // PERF(docs/performance.md): 5,000 log-ins leave 12 MiB behind.
    onCalm: () => void giveBack(systemTimers),
    onStarted: (control) => {
      context = contextOf(settings, control, startedAtMs);
      void openControlServer({
        path: settings.control.socket,
        context,
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

interface Asked {
  readonly command: string;
  readonly args: object;
}

/** What an administrator asks through a session of a worker. */
async function runForWorker(context: AdminContext | undefined, asked: Asked): Promise<unknown> {
  if (context === undefined) {
    throw new OperatorError(
      'server-not-running',
      'the server has not started yet',
      'Try again when it has.',
    );
  }
  const { runCommand } = await import('../admin/commands-table.ts');
  return await runCommand(context, asked.command, asked.args);
}

/** Administration from the supervisor: each account is changed by the worker that owns it. */
function contextOf(
  settings: Settings,
  control: SupervisorControl,
  startedAtMs: number,
): AdminContext {
  const ask = async (slot: number, verb: string, args: object): Promise<unknown> =>
    await control.ask(slot, verb, args, ASK_MS);
  return adminContext({
    hosts: settings.hosts.map((host) => host.domain),
    workers: settings.workers,
    ownerOf: (address) => homeOf(address, settings.workers),
    ask,
    server: {
      status: () => Promise.resolve(statusOf(settings, control, startedAtMs)),
      stop: (afterMs = 0) => {
        // In a later turn, so that whoever asks through a session gets his answer.
        systemTimers.after(afterMs, () => control.stop());
        return Promise.resolve();
      },
      restart: (afterMs) => {
        systemTimers.after(afterMs, () => control.restart());
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
  });
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
