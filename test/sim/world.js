// One run: a server of one to three workers, its store, its clients, and everything that may go wrong, from one seed.
import { Accounts } from '../../dist/account/accounts.js';
import { MemoryNetwork } from '../../dist/cluster/memory/memory-network.js';
import { loadConfig } from '../../dist/config/index.js';
import { openInlineServer, openStorage } from '../../dist/storage/sqlite/open.js';
import { silentLog } from '../../dist/util/log.js';
import { act, temper } from './actions.js';
import { Chance } from './chance.js';
import { SimClient } from './client.js';
import { Scheduler } from './scheduler.js';
import { Shelf, SimStore } from './store.js';
import { SCHEMA, SimWorker } from './worker.js';
import { Witness } from './witness.js';

const DOMAIN = 'sim.example';
export const USERS = ['ann', 'bob', 'cat'];
const BASE = loadConfig(undefined);
const BOOT_AGAIN_MS = 50;
/** Boot, storage and log-ins together never take so long. */
const SETTLE_MS = 120_000;
/** A silent connection is asked after this, and given up as much later. */
const PING_MS = 15_000;
const HANG_MS = 5 * PING_MS;

/** What a lost session leaves is given to others without a mark: it has lost its place (XEP-0198 §5). */
const rerouted = { witness: undefined };
const { reroute } = Accounts.prototype;
Accounts.prototype.reroute = function seen(account, lost, bytes) {
  const message = rerouted.witness?.messages.get(/ id='([^']*)'/.exec(bytes)?.[1]);
  if (message !== undefined) message.isRerouted = true;
  return reroute.call(this, account, lost, bytes);
};

/** A link gives once more what a dead process had not settled: it has lost its place before what needed no commit. */
const { incoming } = Accounts.prototype;
Accounts.prototype.incoming = function seen(stanza, from, to, how, ...rest) {
  const message = how.again ? rerouted.witness?.messages.get(stanza.id) : undefined;
  if (message !== undefined) message.isRerouted = true;
  return incoming.call(this, stanza, from, to, how, ...rest);
};

export class World {
  seed;
  chance;
  scheduler;
  temper;
  settings;
  store;
  network;
  witness;
  workers;
  clients = [];
  /** Processes by slot; an empty slot waits for its next one. */
  slots = [];
  print;
  /** A process died, or was gone before its links had come to rest. */
  hasCrashed = false;
  /** Nothing breaks any more. */
  isCalm = false;
  #epochs = 0;
  #counter = 0;
  #hash = 0x811c9dc5;
  #isOver = false;

  constructor(seed, path, print) {
    this.seed = seed;
    this.print = print;
    this.chance = new Chance(seed);
    this.temper = temper(this.chance);
    this.workers = this.temper.workers;
    this.scheduler = new Scheduler(new Chance(seed, 1), this.temper.pace);
    this.settings = settingsFor(this.temper, this.workers);
    this.witness = new Witness(this);
    rerouted.witness = this.witness;
    this.store = new SimStore(this, path);
    this.network = new MemoryNetwork({
      workers: this.workers,
      scheduler: this.scheduler,
      timers: this.scheduler.timers(() => true),
    });
  }

  get log() {
    return this.logFor({ name: 'store' });
  }

  /** Errors that name a bug are violations. */
  logFor({ name }) {
    const log = {
      ...silentLog,
      error: (fields, message) => {
        this.trace(() => `${name} logs: ${message} ${fields.code ?? ''}`);
        if (/This is a bug|broke the protocol/.test(message) || fields.err instanceof TypeError)
          this.witness.violation(
            `${name}: ${message} ${fields.err?.stack ?? fields.error ?? ''} ${fields.err?.cause?.message ?? ''}`,
          );
      },
      child: () => log,
    };
    return log;
  }

  trace(text) {
    if (this.print !== undefined)
      this.print(`${this.scheduler.nowMs.toFixed(2).padStart(11)}  ${text()}`);
  }

  /** Folds what happened into the fingerprint of the run. */
  mark(text) {
    for (let i = 0; i < text.length; i++)
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    this.#hash = Math.imul(this.#hash ^ this.scheduler.steps, 0x01000193);
  }

  get fingerprint() {
    return (this.#hash >>> 0).toString(16);
  }

  count() {
    return ++this.#counter;
  }

  /** A worker that takes connections. */
  anyWorker() {
    const ready = this.slots.filter((worker) => worker?.ready === true && !worker.stopping);
    return ready.length === 0 ? undefined : this.chance.pick(ready);
  }

  /** Something that a process has sent may still arrive: it lives, or somebody does not know yet that it is gone. */
  isHeard(worker) {
    if (worker === undefined) return false;
    return this.slots.some(
      (other) =>
        other === worker ||
        (other !== undefined && other.bornMs < worker.diedMs && !other.gone.has(worker.epoch)),
    );
  }

  // ---- processes

  startWorker(slot) {
    if (this.slots[slot] !== undefined) return;
    const worker = new SimWorker(this, slot, ++this.#epochs);
    this.slots[slot] = worker;
    this.trace(() => `${worker.name} starts`);
    worker.boot().then(
      () => this.trace(() => `${worker.name} is ready`),
      (error) => {
        this.trace(() => `${worker.name} does not start: ${error.message}`);
        if (error.code === undefined) this.witness.violation(`${worker.name}: ${error.stack}`);
        this.killWorker(slot);
      },
    );
  }

  killWorker(slot) {
    const worker = this.slots[slot];
    if (worker === undefined) return;
    this.hasCrashed = true;
    this.trace(() => `${worker.name} dies`);
    worker.die();
    this.network.kill(slot);
    this.scheduler.post(`kernel:${worker.name}`, () => this.store.hangUp(worker));
    this.#replace(slot, worker);
  }

  /** A graceful stop, and a successor. */
  rollWorker(slot) {
    const worker = this.slots[slot];
    if (worker?.ready !== true) return;
    this.trace(() => `${worker.name} stops`);
    worker.stop().then(
      () => {
        this.trace(() => `${worker.name} has stopped`);
        this.killWorker(slot);
      },
      (error) => {
        this.trace(() => `${worker.name} stops badly: ${error.message}`);
        if (error.code === undefined) this.witness.violation(`${worker.name}: ${error.stack}`);
        this.killWorker(slot);
      },
    );
  }

  crashStore() {
    if (!this.store.up) return;
    this.trace(() => 'the store crashes');
    this.store.crash();
    this.scheduler.at(this.scheduler.nowMs + this.chance.real() * this.temper.storeDownMs, () => {
      this.store.start();
      this.trace(() => 'the store is back');
    });
  }

  #replace(slot, worker) {
    if (this.slots[slot] !== worker) return;
    this.slots[slot] = undefined;
    const waitMs = BOOT_AGAIN_MS + this.chance.real() * this.temper.slotEmptyMs;
    this.scheduler.at(this.scheduler.nowMs + waitMs, () => {
      if (!this.#isOver) this.startWorker(slot);
    });
  }

  // ---- the run

  async run() {
    for (let slot = 0; slot < this.workers; slot++) this.startWorker(slot);
    await this.scheduler.run(() => this.#isServing(), SETTLE_MS);
    for (const user of USERS) {
      for (let i = 0; i < this.temper.devices; i++) {
        const options = { managed: this.chance.hit(0.85), resumes: this.chance.hit(0.9) };
        this.clients.push(new SimClient(this, user, `d${i}`, options));
      }
    }
    for (let i = 0; i < this.temper.actions; i++) {
      await this.scheduler.run(() => false, this.#pause());
      act(this);
      this.#checkBounds();
      if (this.witness.violations.length > 0) break;
    }
    if (this.witness.violations.length === 0) await this.#settle();
    this.#isOver = true;
    for (const worker of this.slots) worker?.die();
    if (this.store.up) this.store.crash();
  }

  #pause() {
    const { chance } = this;
    if (chance.hit(0.6)) return chance.real() * 3;
    if (chance.hit(0.85)) return chance.real() * 100;
    return chance.real() * this.temper.longPauseMs;
  }

  #isServing() {
    return (
      this.slots.length === this.workers && this.slots.every((worker) => worker?.ready === true)
    );
  }

  /** Nothing breaks any more: everybody comes back, and one more client of each user looks at everything. */
  async #settle() {
    const { scheduler } = this;
    this.trace(() => 'calm');
    this.isCalm = true;
    scheduler.calm();
    this.store.start();
    if (!(await scheduler.run(() => this.#isServing(), SETTLE_MS)))
      this.witness.violation('the server does not come back');
    for (const client of this.clients) {
      client.isLazy = false;
      if (!client.online) client.connect();
    }
    await scheduler.run(() => false, 3000);
    for (const client of this.clients) {
      client.acknowledge();
      client.request();
    }
    await scheduler.run(() => false, 3000);
    await this.#listen();
    const judges = await this.#judges();
    if (this.witness.violations.length > 0) return;
    if (this.witness.missing(judges, this.clients).length > 0) {
      // A session whose connection hangs may have it, until it is found to be gone.
      await scheduler.run(() => false, this.settings.streamManagement.resumeTimeoutMs + HANG_MS);
      for (const judge of judges.values()) judge.acknowledge();
    }
    this.witness.settle(judges, this.clients);
    this.witness.archive(this.#archiveRows(), (message) => this.#mayBeDouble(message));
  }

  /** One more client of each user stays until every session that hangs is over: by then all must have been given. */
  async #listen() {
    const listeners = USERS.map(
      (user) => new SimClient(this, user, 'listener', { managed: true, resumes: true }),
    );
    for (const listener of listeners) listener.connect();
    const everybody = [...this.clients, ...listeners];
    const longestMs = this.settings.streamManagement.resumeTimeoutMs + HANG_MS;
    await this.scheduler.run(() => this.witness.unpushed(everybody).length === 0, longestMs);
    for (const { id, kind, to } of this.witness.unpushed(everybody))
      this.witness.violation(`${id} (${kind}) to ${to} was acknowledged and given to nobody`);
    for (const listener of listeners) if (listener.online) listener.logOut();
    await this.scheduler.run(() => listeners.every(({ state }) => state === 'off'), 3000);
    // What they have proved is theirs.
    this.clients.push(...listeners);
  }

  async #judges() {
    const judges = new Map();
    let left = USERS.length;
    for (const user of USERS) {
      const judge = new SimClient(this, user, 'judge', { managed: true, resumes: true });
      judges.set(user, judge);
      judge.connect();
    }
    await this.scheduler.run(() => [...judges.values()].every((judge) => judge.online), 10_000);
    await this.scheduler.run(() => false, 5000);
    const turn = (judge, after) => {
      judge.archive(after, ({ failed, complete, last }) => {
        judge.acknowledge();
        if (failed) this.witness.violation(`${judge.name} cannot read its archive`);
        if (failed || complete || last === undefined) left--;
        else turn(judge, last);
      });
    };
    for (const judge of judges.values()) turn(judge, '');
    if (!(await this.scheduler.run(() => left === 0, 10_000)))
      this.witness.violation('an archive query was not answered');
    return judges;
  }

  #archiveRows() {
    return this.store
      .rows('SELECT owner, id, kind, CAST(stanza AS TEXT) AS stanza FROM archive ORDER BY rowid')
      .map(({ owner, id, kind, stanza }) => ({
        owner,
        id,
        message: / id='([^']*)'/.exec(stanza)?.[1],
        isIncoming: (kind & 1) !== 0,
      }));
  }

  /** What is looked for is ten minutes old at most, by the wall clock, and must have arrived before what repeats it. */
  #mayBeDouble(message) {
    return this.temper.clockJumps || message?.mayComeTwice === true;
  }

  /** Every queue has a bound. */
  #checkBounds() {
    const { unacknowledgedStanzas } = this.settings.limits;
    for (const worker of this.slots) {
      if (worker?.ready !== true) continue;
      for (const session of worker.domain.sessions.all()) {
        const length = session.management?.unacknowledged.length ?? 0;
        if (length > unacknowledgedStanzas)
          this.witness.violation(`${session.jid.full} keeps ${length} unacknowledged stanzas`);
      }
      if (worker.domain.sessions.size > this.clients.length * 4)
        this.witness.violation(`${worker.name} has ${worker.domain.sessions.size} sessions`);
    }
  }
}

function settingsFor({ archive, resumeTimeoutMs }, workers) {
  return {
    ...BASE,
    hosts: [{ ...BASE.hosts[0], domain: DOMAIN }],
    workers,
    tls: { ...BASE.tls, required: false },
    limits: {
      ...BASE.limits,
      unacknowledgedStanzas: 300,
      bytesPerSecond: 0,
      stanzasPerSecond: 0,
      idlePingMs: PING_MS,
      pingTimeoutMs: PING_MS,
    },
    streamManagement: { resumeTimeoutMs },
    archive: { ...BASE.archive, enabled: archive },
  };
}

/** All tables, and the users. */
async function fillDatabase(path) {
  const scheduler = new Scheduler(new Chance(0), { hop: 0.1, stall: 0, stallMs: 0 });
  const ports = { clock: scheduler.clock, timers: scheduler.timers(() => true), log: silentLog };
  const server = openInlineServer({ path, synchronous: 'OFF' }, ports);
  const done = async (promise) => {
    let value;
    promise.then((result) => (value = { result }));
    await scheduler.run(() => value !== undefined, SETTLE_MS);
    return value.result;
  };
  const mode = { kind: 'inline', server, worker: 99, incarnation: 1 };
  const storage = await done(openStorage({ ...ports, path, schema: SCHEMA, mode }));
  const unit = storage.unit();
  for (const user of USERS) {
    const address = `${user}@${DOMAIN}`;
    unit.add(storage.statement('accounts.address'), address);
    unit.add(storage.statement('accounts.create'), user, DOMAIN, Buffer.alloc(1), 0, address);
  }
  storage.submit(unit, 0);
  await done(storage.close());
  server.stop();
}

/** @returns what a run showed */
export async function runSeed(seed, shelf, print) {
  const path = await shelf.next(fillDatabase);
  let world;
  try {
    world = new World(seed, path, print);
    const escaped = (error) => world.witness.violation(`an exception escaped: ${error?.stack}`);
    process.on('uncaughtException', escaped);
    process.on('unhandledRejection', escaped);
    try {
      await world.run();
    } catch (error) {
      escaped(error);
    } finally {
      process.off('uncaughtException', escaped);
      process.off('unhandledRejection', escaped);
    }
  } finally {
    shelf.clear(path);
  }
  const { witness, scheduler, fingerprint } = world;
  return {
    seed,
    violations: witness.violations,
    notes: witness.notes,
    steps: scheduler.steps,
    messages: witness.messages.size,
    acknowledged: [...witness.messages.values()].filter((m) => m.acknowledged).length,
    fingerprint,
  };
}

export { Shelf };
