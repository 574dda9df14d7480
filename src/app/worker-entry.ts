// Process entry of a worker below a supervisor.
import { openLog } from '../observability/index.ts';
import type { Settings } from '../config/index.ts';
import { openWorkerLinks } from '../cluster/workers/worker-links.ts';
import { localPlacement } from '../placement/local.ts';
import { SlotPlacement } from '../placement/slots.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import type { BareJid, Domain } from '../protocol/jid.ts';
import { boot, type Booted } from './boot.ts';
import { storeSocket } from './paths.ts';
import { connectSupervisor } from './supervisor/index.ts';
import { guardProcess } from './process-guard.ts';
import { rehearse } from './rehearsal/rehearsal.ts';

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
  channel.onAsk((verb, args) => answer(booted, verb, args as Asked));
  channel.ready();
  if (channel.first) void rehearse(settings, () => booted.worker.sessions.size === 0, log);
}

interface Asked {
  readonly address: BareJid;
  readonly password: string;
  readonly domain: Domain;
  readonly after?: BareJid;
  readonly limit: number;
}

/** What the supervisor asks on behalf of an administrator. */
async function answer(booted: Booted, verb: string, args: Asked): Promise<unknown> {
  const { admin, worker } = booted;
  switch (verb) {
    case 'user.create':
      await admin.create(args.address, args.password);
      return null;
    case 'user.password':
      await admin.setPassword(args.address, args.password);
      return null;
    case 'user.remove':
      await admin.remove(args.address);
      return null;
    case 'user.list':
      return await admin.list(args.domain, args.after, args.limit);
    case 'session.count':
      return worker.countSessions(args.domain);
    default:
      return null;
  }
}

run().catch((error: unknown) => {
  channel.fail(error);
});
