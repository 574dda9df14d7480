// `xmppd start`: the supervisor with its workers, or one process for all.
import type { AdminContext } from '../admin/index.ts';
import { openControlServer } from '../admin/control-server.ts';
import type { Settings } from '../config/index.ts';
import { openLog, type AdjustableLog } from '../observability/index.ts';
import { homeOf } from '../placement/slots.ts';
import type { Domain } from '../protocol/jid.ts';
import { entryUrl } from '../util/entry.ts';
import { OperatorError } from '../util/errors.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { adminContext } from './admin-context.ts';
import { Daemon } from './daemon.ts';
import { giveBack } from './give-back.ts';
import { greet } from './greeting.ts';
import { databasePath, runDirectory, storeSocket } from './paths.ts';
import { serverStatus } from './server-status.ts';
import { askAll, isHealthy, workerPlaces } from './workers-asked.ts';
import { runSupervisor, type SupervisorControl } from './supervisor/index.ts';

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

async function runWorkers(settings: Settings, log: AdjustableLog): Promise<number> {
  let control: SupervisorControl | undefined;
  let context: AdminContext | undefined;
  let closeControl: () => Promise<void> = () => Promise.resolve();
  const all = async (verb: string, args: unknown): Promise<readonly unknown[]> =>
    await askAll(settings.workers, control, verb, args);
  const daemon = new Daemon({
    settings,
    log,
    configure: async (changed) => {
      control?.configure({ connectionsPerAddress: changed.limits.connectionsPerAddress });
      await all('configure', changed);
    },
    renewCertificates: async () => {
      await all('certificates', null);
    },
    places: async () => await workerPlaces(settings.workers, control),
    healthy: () => control === undefined || isHealthy(control.status()),
    ready: () => control?.canTake === true,
  });
  await daemon.open();
  try {
    return await runSupervisor({
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
        if (verb === 'settings') return daemon.settings;
        return verb === 'admin.run' ? runForWorker(context, args as Asked) : null;
      },
      onHangup: () => daemon.hangup(),
      onStopping: () => daemon.stopping(),
      // PERF(docs/performance.md): 5,000 log-ins leave 12 MiB behind.
      onCalm: () => void giveBack(systemTimers),
      onStarted: (started) => {
        control = started;
        context = contextOf(daemon, started);
        // A hang-up during the start passed by the workers that were up already.
        if (daemon.settings !== settings) daemon.hangup();
        void openControlServer({
          path: settings.control.socket,
          context,
          timers: systemTimers,
          log,
        }).then(
          (server) => {
            closeControl = () => server.close();
            daemon.started();
            greet(settings, started.bound);
          },
          (error: unknown) => {
            log.error({ err: error }, 'the control socket could not be opened; the server stops');
            process.exitCode = 1;
            started.stop();
          },
        );
      },
    });
  } finally {
    daemon.close();
    await closeControl();
  }
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
function contextOf(daemon: Daemon, control: SupervisorControl): AdminContext {
  const { workers } = daemon.settings;
  const ask = async (slot: number, verb: string, args: object): Promise<unknown> =>
    await control.ask(slot, verb, args, ASK_MS);
  return adminContext({
    hosts: () => daemon.settings.hosts.map((host) => host.domain),
    workers,
    ownerOf: (address) => homeOf(address, workers),
    ask,
    server: {
      status: () =>
        Promise.resolve(serverStatus(control.status(), daemon.settings, daemon.uptimeMs)),
      reload: () => daemon.reload(),
      configDiff: () => daemon.configDiff(),
      setLogLevel: (level) => daemon.setLogLevel(level),
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
        const slots = Array.from({ length: workers }, (_, slot) => slot);
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
