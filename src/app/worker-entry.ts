// Process entry of a worker below a supervisor.
import type { Socket } from 'node:net';
import { openLog } from '../observability/index.ts';
import type { Settings } from '../config/index.ts';
import { openWorkerLinks } from '../cluster/workers/worker-links.ts';
import { localPlacement } from '../placement/local.ts';
import { SlotPlacement } from '../placement/slots.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { boot, type Booted } from './boot.ts';
import { storeSocket } from './paths.ts';
import { connectSupervisor } from './supervisor/index.ts';
import { guardProcess } from './process-guard.ts';
import { readProxied } from '../transport/proxied.ts';
import type { Log } from '../util/log.ts';
import { sampleWorker, workerLoad } from './worker-metrics.ts';
import type { Worker } from './worker.ts';
import { rehearse } from './rehearsal/rehearsal.ts';

/** A little less than the request that waits for it may take. */
const RUN_MS = 29_000;

const channel = connectSupervisor(process, systemClock, systemTimers);

async function run(): Promise<void> {
  const settings = (await channel.ask('settings')) as Settings;
  const root = openLog(settings.log);
  const log = root.child({ worker: channel.slot });
  const alone = channel.workers === 1;
  const placement = alone ? localPlacement : new SlotPlacement(channel.slot, channel.workers);
  const storageMode: StorageMode = alone
    ? { kind: 'thread' }
    : {
        kind: 'socket',
        path: storeSocket(settings),
        worker: channel.slot,
        incarnation: channel.epoch,
      };
  const booted = await boot({
    settings,
    placement,
    epoch: channel.epoch,
    storageMode,
    log,
    run: (command, args) => channel.ask('admin.run', { command, args }, RUN_MS),
    ...(alone
      ? {}
      : {
          openLinks: async (handler, prepare) =>
            await openWorkerLinks({
              self: channel.slot,
              epoch: channel.epoch,
              workers: channel.workers,
              directory: channel.socketsDirectory,
              membership: channel.membership,
              handler,
              prepare,
              timers: systemTimers,
              log,
            }),
        }),
  });
  guardProcess(booted, log);
  const configure = (changed: Settings): void => {
    booted.worker.configure(changed);
    root.setLevel(changed.log.level);
  };
  channel.onConnection((socket, kind, proxied) => {
    if (proxied) receiveProxied(booted.worker, socket, kind, log);
    else booted.worker.accept(socket, kind as 'c2s' | 'c2s-tls');
  });
  channel.onBeat(() => workerLoad(booted.worker));
  channel.onStop(() => booted.stop());
  channel.onAsk((verb, args) => answer(booted, configure, verb, args));
  // A reload during the start passed this worker by.
  const now = (await channel.ask('settings')) as Settings;
  if (JSON.stringify(now) !== JSON.stringify(settings)) configure(now);
  channel.ready();
  if (channel.first) void rehearse(settings, () => booted.worker.sessions.size === 0, log);
}

/** What the supervisor asks of a worker for itself, and what it asks for an administrator. */
async function answer(
  booted: Booted,
  configure: (settings: Settings) => void,
  verb: string,
  args: unknown,
): Promise<unknown> {
  switch (verb) {
    case 'configure':
      configure(args as Settings);
      return null;
    case 'certificates':
      booted.worker.renewCertificates();
      return null;
    case 'metrics':
      return sampleWorker(booted.worker);
    default:
      return await booted.answer(verb, (args ?? {}) as Record<string, unknown>);
  }
}

/** The header of a load balancer first, then the client as if it had come by itself. */
function receiveProxied(worker: Worker, socket: Socket, kind: string, log: Log): void {
  readProxied(socket, systemTimers, {
    onClient: (client, address) => {
      channel.recount(client, address).then(
        (mayStay) => {
          // It may have gone meanwhile, and would never be seen to close.
          if (mayStay && !client.destroyed) worker.accept(client, kind as 'c2s' | 'c2s-tls');
          else client.destroy();
        },
        () => client.destroy(),
      );
    },
    onRefused: (reason) => log.debug({ kind, reason }, 'no PROXY header'),
  });
}

run().catch((error: unknown) => {
  channel.fail(error);
});
