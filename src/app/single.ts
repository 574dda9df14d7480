// `xmppd start --single`: supervisor, worker and writer in one process.
import {
  openControlServer,
  runCommand,
  type AdminContext,
  type ServerStatus,
} from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
import { localPlacement } from '../placement/local.ts';
import type { AdjustableLog, Placed } from '../observability/index.ts';
import { OperatorError } from '../util/errors.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { adminContext } from './admin-context.ts';
import { boot, type Booted } from './boot.ts';
import { Daemon } from './daemon.ts';
import { greet } from './greeting.ts';
import { guardProcess } from './process-guard.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { openSingleListeners } from './single-listeners.ts';
import { serverStatus } from './server-status.ts';
import type { Listeners } from './supervisor/listeners.ts';
import { sampleWorker, workerLoad } from './worker-metrics.ts';
import type { Worker } from './worker.ts';

/** What there is of the server so far. */
interface Made {
  booted?: Booted;
  context?: AdminContext;
}

/** Runs until SIGTERM, SIGINT or `xmppd stop`. @throws OperatorError when it cannot start */
export async function runSingle(settings: Settings, log: AdjustableLog): Promise<void> {
  // Made after the daemon, which must take signals and the port for metrics first.
  const made: Made = {};
  const daemon = new Daemon({
    settings,
    log,
    configure: (changed) => attempt(() => made.booted?.worker.configure(changed)),
    renewCertificates: () => attempt(() => made.booted?.worker.renewCertificates()),
    places: () => Promise.resolve(made.booted === undefined ? [] : [place(made.booted.worker)]),
    healthy: () => true,
    ready: () => made.booted?.worker.memory.full === false,
  });
  await daemon.open();
  // From the first moment: a hang-up that nobody takes would end the process.
  process.on('SIGHUP', () => daemon.hangup());
  made.booted = await boot({
    settings: daemon.settings,
    placement: localPlacement,
    epoch: 0,
    storageMode: { kind: 'thread' },
    log,
    run: (command, args) =>
      made.context === undefined ? notYet() : runCommand(made.context, command, args),
  });
  await serve(settings, made.booted, daemon, log, (context) => {
    made.context = context;
  });
  daemon.close();
}

async function serve(
  settings: Settings,
  booted: Booted,
  daemon: Daemon,
  log: AdjustableLog,
  onContext: (context: AdminContext) => void,
): Promise<void> {
  guardProcess(booted, log);
  const listeners = await openSingleListeners({
    listeners: settings.listen,
    connectionsPerAddress: () => daemon.settings.limits.connectionsPerAddress,
    isFull: () => booted.worker.memory.full,
    timers: systemTimers,
    log,
    onConnection: (socket, kind) => booted.worker.accept(socket, kind as 'c2s' | 'c2s-tls'),
  });
  const lag = new LoopLag();
  let closeControl = (): Promise<void> => Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      daemon.stopping();
      listeners.close();
      resolve();
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    const context = contextOf(booted, daemon, stop, () =>
      statusOf(booted.worker, lag, daemon, listeners),
    );
    onContext(context);
    openControlServer({
      path: settings.control.socket,
      context,
      timers: systemTimers,
      log,
    }).then((control) => {
      closeControl = () => control.close();
      daemon.started();
      greet(settings, listeners.bound);
      void rehearse(settings, () => booted.worker.sessions.size === 0, log);
    }, reject);
  });
  lag.stop();
  await booted.stop();
  // Last, so that whoever asked for the stop sees the end of it; while it is open the process lives on.
  await closeControl();
}

/** Administration of a server that is one process: every account is its own. */
function contextOf(
  booted: Booted,
  daemon: Daemon,
  stop: () => void,
  status: () => ServerStatus,
): AdminContext {
  return adminContext({
    hosts: () => daemon.settings.hosts.map((host) => host.domain),
    workers: 1,
    ownerOf: () => 0,
    ask: (_slot, verb, args) => booted.answer(verb, { ...args }),
    server: {
      status: () => Promise.resolve(status()),
      reload: () => daemon.reload(),
      configDiff: () => daemon.configDiff(),
      setLogLevel: (level) => daemon.setLogLevel(level),
      stop: (afterMs = 0) => {
        systemTimers.after(afterMs, stop);
        return Promise.resolve();
      },
      countSessions: (domain) => Promise.resolve(booted.worker.countSessions(domain)),
    },
  });
}

/** The same form as under a supervisor: one worker, which is this process. */
function statusOf(
  worker: Worker,
  lag: LoopLag,
  daemon: Daemon,
  listeners: Listeners,
): ServerStatus {
  const self = { state: 'ready', pid: process.pid, restarts: 0 } as const;
  const load = workerLoad(worker);
  const connections = worker.connections();
  return serverStatus(
    {
      pid: process.pid,
      state: 'running',
      listeners: listeners.bound,
      workers: [{ ...self, slot: 0, epoch: 0, connections, lagMs: lag.lastMs, load }],
      store: null,
    },
    daemon.settings,
    daemon.uptimeMs,
  );
}

/** How late the event loop was at its last regular look. */
class LoopLag {
  lastMs = 0;
  private lookedAtMs = systemClock.monotonicMs();
  private readonly timer = systemTimers.every(LOOK_MS, () => this.look());

  stop(): void {
    this.timer.cancel();
  }

  private look(): void {
    const nowMs = systemClock.monotonicMs();
    this.lastMs = Math.max(0, Math.round(nowMs - this.lookedAtMs - LOOK_MS));
    this.lookedAtMs = nowMs;
  }
}

const LOOK_MS = 250;

function place(worker: Worker): Placed {
  const { values, counters } = sampleWorker(worker);
  return { worker: 0, values: { xmppd_worker_up: 1, ...values }, counters };
}

/** What throws rejects. */
async function attempt(run: () => void): Promise<void> {
  await Promise.resolve().then(run);
}

function notYet(): Promise<never> {
  return Promise.reject(
    new OperatorError(
      'server-not-running',
      'the server has not started yet',
      'Try again when it has.',
    ),
  );
}
