// Process entry of a worker below a supervisor.
import type { Socket } from 'node:net';
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
import { readProxied } from '../transport/proxied.ts';
import type { Log } from '../util/log.ts';
import { sampleWorker, workerLoad } from './worker-metrics.ts';
import type { Worker } from './worker.ts';
import { rehearse } from './rehearsal/rehearsal.ts';

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
  channel.onAsk((verb, args) =>
    verb === 'configure' ? configure(args as Settings) : answer(booted, verb, args as Asked),
  );
  // A reload during the start passed this worker by.
  const now = (await channel.ask('settings')) as Settings;
  if (JSON.stringify(now) !== JSON.stringify(settings)) configure(now);
  channel.ready();
  if (channel.first) void rehearse(settings, () => booted.worker.connections() === 0, log);
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
    case 'certificates':
      worker.renewCertificates();
      return null;
    case 'metrics':
      return sampleWorker(worker);
    case 'session.count':
      return worker.countSessions(args.domain);
    default:
      return null;
  }
}

run().catch((error: unknown) => {
  channel.fail(error);
});
