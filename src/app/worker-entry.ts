// Process entry of a worker below a supervisor.
import { openLog } from '../observability/index.ts';
import type { Settings } from '../config/index.ts';
import { openWorkerLinks } from '../cluster/workers/worker-links.ts';
import { localPlacement } from '../placement/local.ts';
import { SlotPlacement } from '../placement/slots.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { boot } from './boot.ts';
import { storeSocket } from './paths.ts';
import { connectSupervisor } from './supervisor/index.ts';
import { guardProcess } from './process-guard.ts';
import { rehearse } from './rehearsal/rehearsal.ts';

/** A little less than the request that waits for it may take. */
const RUN_MS = 29_000;

const channel = connectSupervisor(process, systemClock, systemTimers);

async function run(): Promise<void> {
  const settings = (await channel.ask('settings')) as Settings;
  const log = openLog(settings.log).child({ worker: channel.slot });
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
  channel.onConnection((socket, kind) => booted.worker.accept(socket, kind as 'c2s' | 'c2s-tls'));
  channel.onBeat(() => booted.worker.load());
  channel.onStop(() => booted.stop());
  channel.onAsk((verb, args) => booted.answer(verb, (args ?? {}) as Record<string, unknown>));
  channel.ready();
  if (channel.first) void rehearse(settings, () => booted.worker.sessions.size === 0, log);
}

run().catch((error: unknown) => {
  channel.fail(error);
});
