// `xmppd start --single`: supervisor, worker and writer in one process.
import { openControlServer, runCommand, type AdminContext } from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
import { localPlacement } from '../placement/local.ts';
import type { Log } from '../util/log.ts';
import { OperatorError } from '../util/errors.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { adminContext } from './admin-context.ts';
import { boot } from './boot.ts';
import { greet } from './greeting.ts';
import { guardProcess } from './process-guard.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { openSingleListeners } from './single-listeners.ts';
import { readVersion } from './version.ts';

/** Runs until SIGTERM, SIGINT or `xmppd stop`. @throws OperatorError when it cannot start */
export async function runSingle(settings: Settings, log: Log): Promise<void> {
  const startedAtMs = systemClock.monotonicMs();
  let context: AdminContext | undefined;
  const booted = await boot({
    settings,
    placement: localPlacement,
    epoch: 0,
    storageMode: { kind: 'thread' },
    log,
    run: (command, args) => (context === undefined ? notYet() : runCommand(context, command, args)),
  });
  guardProcess(booted, log);
  const listeners = await openSingleListeners({
    listeners: settings.listen,
    connectionsPerAddress: settings.limits.connectionsPerAddress,
    log,
    onConnection: (socket, kind) => booted.worker.accept(socket, kind as 'c2s' | 'c2s-tls'),
  });
  let closeControl = (): Promise<void> => Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      listeners.close();
      resolve();
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    context = adminContext({
      hosts: settings.hosts.map((host) => host.domain),
      workers: 1,
      ownerOf: () => 0,
      ask: (_slot, verb, args) => booted.answer(verb, { ...args }),
      server: {
        status: () =>
          Promise.resolve({
            version: readVersion(),
            node: process.version,
            pid: process.pid,
            uptimeMs: Math.round(systemClock.monotonicMs() - startedAtMs),
            hosts: settings.hosts.map((host) => host.domain),
            listening: listeners.bound.map(
              ({ kind, address, port }) => `${kind} ${address}:${port}`,
            ),
            workers: [
              {
                slot: 0,
                pid: process.pid,
                state: 'up' as const,
                connections: booted.worker.connections(),
                sessions: booted.worker.sessions.size,
                restarts: 0,
              },
            ],
          }),
        stop: (afterMs = 0) => {
          systemTimers.after(afterMs, stop);
          return Promise.resolve();
        },
        countSessions: (domain) => Promise.resolve(booted.worker.countSessions(domain)),
      },
    });
    openControlServer({
      path: settings.control.socket,
      context,
      timers: systemTimers,
      log,
    }).then((control) => {
      closeControl = () => control.close();
      greet(settings, listeners.bound);
      void rehearse(settings, () => booted.worker.sessions.size === 0, log);
    }, reject);
  });
  await booted.stop();
  // Last, so that whoever asked for the stop sees the end of it; while it is open the process lives on.
  await closeControl();
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
