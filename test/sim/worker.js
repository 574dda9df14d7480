// One worker process of a run: the production domain and client streams over simulated storage, links and sockets.
import { composeDomain, connectLinks } from '../../dist/app/domain.js';
import { drain, restoreSessions } from '../../dist/app/drain.js';
import { serverSchema } from '../../dist/app/server-schema.js';
import { clientSettings } from '../../dist/app/worker-settings.js';
import { unpackStored } from '../../dist/account/stored-sessions.js';
import { ClientStream } from '../../dist/c2s/client-stream.js';
import { inOrder } from '../../dist/host/host.js';
import { STANDARD_MODULES } from '../../dist/modules/standard.js';
import { localPlacement } from '../../dist/placement/local.js';
import { SlotPlacement } from '../../dist/placement/slots.js';
import { Crossing } from '../../dist/router/crossing.js';
import { openStorage } from '../../dist/storage/sqlite/open.js';
import { randomPort } from './chance.js';
import { SimSocket } from './socket.js';

export const MODULES = inOrder(STANDARD_MODULES);
export const SCHEMA = serverSchema(MODULES);

/** Log-in without passwords: whoever names an account is let in. */
const AUTH = {
  begin: () => ({
    start: (_mechanism, initial) => {
      const [local, domain] = String(initial).split('@');
      return { kind: 'success', local, domain, mechanism: 'PLAIN', data: Buffer.alloc(0) };
    },
    respond: () => ({ kind: 'failure', condition: 'malformed-request' }),
    abort: () => undefined,
  }),
};

/** What is written in one turn of a process leaves at its end. */
class SimTick {
  #dirty = [];
  #timers;

  constructor(timers) {
    this.#timers = timers;
  }

  add(flushable) {
    if (this.#dirty.push(flushable) > 1) return;
    this.#timers.after(0, () => {
      for (const due of this.#dirty.splice(0)) due.flush();
    });
  }

  yield(transport) {
    this.#timers.after(0, () => transport.resumeReading());
  }
}

export class SimWorker {
  slot;
  epoch;
  alive = true;
  diedMs = Infinity;
  /** Epochs of processes that it knows to be gone. */
  gone = new Set();
  /** Connections may come. */
  ready = false;
  domain;
  #world;
  #sockets = new Set();
  #streams = new Set();
  #links;
  #c2s;
  #isStopping = false;

  constructor(world, slot, epoch) {
    this.#world = world;
    this.slot = slot;
    this.epoch = epoch;
    this.bornMs = world.scheduler.nowMs;
    this.timers = world.scheduler.timers(() => this.alive);
    this.placement = world.workers === 1 ? localPlacement : new SlotPlacement(slot, world.workers);
  }

  get name() {
    return `w${this.slot}.${this.epoch}`;
  }

  get stopping() {
    return this.#isStopping;
  }

  /** The steps of app/boot.ts. A process whose boot fails ends, as it would. */
  async boot() {
    const world = this.#world;
    const { scheduler } = world;
    const ports = {
      clock: scheduler.clock,
      timers: this.timers,
      random: randomPort(world.chance),
      log: world.logFor(this),
    };
    const storage = await openStorage({
      ...ports,
      path: world.store.path,
      schema: SCHEMA,
      mode: {
        kind: 'inline',
        server: world.store.portFor(this),
        worker: this.slot,
        incarnation: this.epoch,
      },
    });
    this.storage = storage;
    const crossing = new Crossing();
    const onPeer = crossing.onPeer.bind(crossing);
    crossing.onPeer = (slot, state, epoch) => {
      if (state === 'down') this.gone.add(epoch);
      onPeer(slot, state, epoch);
    };
    this.domain = composeDomain({
      ...ports,
      settings: world.settings,
      modules: MODULES,
      placement: this.placement,
      crossing,
      epoch: this.epoch,
      storage,
    });
    this.#c2s = this.#c2sParts(ports);
    let startLinks;
    const owned = new Promise((owns) => {
      connectLinks(crossing, this.domain, this.placement, ports.log, () => this.#links, owns);
      startLinks = owns;
    });
    if (world.workers > 1) {
      const { links, start } = world.network.prepare(this.slot, this.epoch, crossing);
      this.#links = links;
      startLinks = start;
    }
    await restoreSessions(
      {
        storage,
        commits: this.domain.commits,
        restore: (local, domain, stored) =>
          this.domain.door.restore(local, domain, unpackStored(stored)),
      },
      (bare) => this.placement.locate(bare) === 'here',
      ports.log,
    );
    startLinks();
    await owned;
    this.owns = true;
    this.ready = true;
  }

  /** A client's connection. */
  connect(name, client) {
    const socket = new SimSocket(this.#world, name, client, this.timers);
    this.#sockets.add(socket);
    if (this.#isStopping) socket.destroy();
    else this.#streams.add(new ClientStream(socket, false, this.#c2s));
    return socket;
  }

  /** As on SIGTERM: the steps of `stop` in app/boot.ts, then the process exits. */
  async stop() {
    this.#isStopping = true;
    this.ready = false;
    const log = this.#world.logFor(this);
    await drain(
      {
        stopReading: () => {
          this.domain.door.close();
          for (const stream of this.#streams) stream.stopReading();
        },
        sessions: this.domain.sessions,
        streams: this.#streams,
      },
      { clock: this.#world.scheduler.clock, timers: this.timers, log },
    );
    await this.#links?.close();
    this.domain.stop();
    await this.storage.close();
  }

  /** The process is gone at once: nothing of it runs any more. */
  die() {
    if (!this.alive) return;
    this.alive = false;
    this.ready = false;
    this.diedMs = this.#world.scheduler.nowMs;
    for (const socket of this.#sockets) if (!socket.destroyed) socket.orphan();
  }

  #c2sParts(ports) {
    const { settings } = this.#world;
    const { domain } = this;
    return {
      ...ports,
      settings: clientSettings(settings),
      hosts: domain.hosts,
      defaultDomain: domain.hostNames[0],
      auth: AUTH,
      door: domain.door,
      tls: {},
      endPoint: () => undefined,
      anonymousHosts: new Set(),
      certified: () => undefined,
      features: { for: () => '<stream:features/>' },
      xml: domain.xml,
      jids: domain.jids,
      transport: {
        tick: new SimTick(this.timers),
        gate: domain.gate,
        writeBufferBytes: settings.limits.writeBufferBytes,
      },
      wheel: domain.wheel,
      moduleFeatures: () => domain.host.streamFeatures(),
      moduleElement: (ns) => domain.host.elementHandler(ns),
      bindFeatures: () => '',
      takesInline: () => false,
      onClosed: (stream) => this.#streams.delete(stream),
    };
  }
}
