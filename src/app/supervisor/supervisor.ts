// The supervisor: accepts connections, hands them to workers, keeps workers and store alive. It knows no XMPP.
import type { Socket } from 'node:net';
import type { Member } from '../../cluster/membership.ts';
import type { TimerHandle } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import { addressKey } from './address-counts.ts';
import { CLEAN_END } from './child.ts';
import { fromFailure } from './conversation.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { RECOUNT, type Failure, type Recount } from './messages.ts';
import { DEFAULT_RESTART_LIMIT, RestartPolicy } from './restart-policy.ts';
import { Rush } from './rush.ts';
import {
  DEFAULTS,
  type LiveSupervisorSettings,
  type SupervisorControl,
  type SupervisorOptions,
  type SupervisorStatus,
} from './settings.ts';
import { StoreSlot, type StoreHost } from './store-slot.ts';
import { type Accepted, type SlotHost, WorkerSlot } from './worker-slot.ts';

/**
 * Connections that wait for a worker with room, at 5.4 KiB each; the next is closed. When a worker is replaced all of its
 * clients come back at once, and those turned away come again.
 */
const MAX_WAITING_SOCKETS = 8_192;
const CHECK_MS = 250;
/** The watchdog ran this late: the supervisor was held up, not the workers. */
const OWN_LAG_MS = 1_000;
/** How long processes may take to end when the server gives up. */
const GIVE_UP_MS = 2_000;
const STORE_STOP_MS = 10_000;

/**
 * Runs a server until it is stopped.
 * @returns the exit code: 0 after SIGTERM, SIGINT or `stop`, 1 when a process had to be killed for it or failed
 * @throws OperatorError `port-in-use`, `port-denied`, `address-invalid`, `listen-failed` before anything is started;
 * what a worker or the store failed with at the start; `restart-limit` when processes end too often
 */
export async function runSupervisor(options: SupervisorOptions): Promise<number> {
  const supervisor = new Supervisor(options);
  return supervisor.run();
}

type Outcome = { readonly code: number } | { readonly error: OperatorError };

class Supervisor implements SlotHost, StoreHost, SupervisorControl {
  readonly options: SupervisorOptions;
  readonly #slots: WorkerSlot[] = [];
  readonly #store: StoreSlot | undefined;
  readonly #restarts: RestartPolicy;
  readonly #waiting: Accepted[] = [];
  readonly #rush = new Rush();
  #listeners: Listeners | undefined;
  #state: SupervisorStatus['state'] = 'starting';
  #connectionsPerAddress: number;
  #lastEpoch = 0;
  #lastCheckMs = 0;
  #lastFailure: Failure | undefined;
  #outcome: Outcome = { code: 0 };
  #deadline: TimerHandle | undefined;
  #finish: () => void = () => undefined;
  #toReplace: WorkerSlot[] = [];

  constructor(options: SupervisorOptions) {
    this.options = options;
    const { workers, restartLimit, connectionsPerAddress } = options.settings;
    this.#connectionsPerAddress = connectionsPerAddress;
    this.#restarts = new RestartPolicy(restartLimit ?? DEFAULT_RESTART_LIMIT);
    for (let slot = 0; slot < workers; slot += 1) this.#slots.push(new WorkerSlot(this, slot));
    if (workers > 1 && options.storeEntry !== undefined) {
      this.#store = new StoreSlot(this, options.storeEntry);
    }
  }

  async run(): Promise<number> {
    const { settings, log, clock, timers, signals } = this.options;
    this.#listeners = await openListeners(settings.listeners, log, (socket, kind, proxied) =>
      this.#accept(socket, kind, proxied),
    );
    const onSignal = (): void => (this.#state === 'stopping' ? this.#killAll() : this.stop());
    const onHangup = (): void => this.options.onHangup?.();
    signals.on('SIGHUP', onHangup);
    signals.on('SIGTERM', onSignal);
    signals.on('SIGINT', onSignal);
    this.#lastCheckMs = clock.monotonicMs();
    const watchdog = timers.every(CHECK_MS, () => this.#check());
    try {
      await new Promise<void>((resolve) => {
        this.#finish = resolve;
        if (this.#store === undefined) this.#startWorkers();
        else this.#store.start();
      });
    } finally {
      watchdog.cancel();
      this.#deadline?.cancel();
      signals.off('SIGHUP', onHangup);
      signals.off('SIGTERM', onSignal);
      signals.off('SIGINT', onSignal);
    }
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.code;
  }

  // ---- what can be asked of it ----

  get bound(): SupervisorControl['bound'] {
    return this.#listeners?.bound ?? [];
  }

  status(): SupervisorStatus {
    return {
      pid: process.pid,
      state: this.#state,
      listeners: this.bound,
      workers: this.#slots.map((slot) => slot.status()),
      store: this.#store?.status() ?? null,
    };
  }

  get canTake(): boolean {
    return this.#state === 'running' && this.#slots.some((slot) => slot.canTake);
  }

  configure({ connectionsPerAddress }: LiveSupervisorSettings): void {
    this.#connectionsPerAddress = connectionsPerAddress;
  }

  stop(): void {
    if (this.#state === 'stopping') return;
    this.options.log.info({}, 'stopping');
    this.#end({ code: 0 }, this.options.settings.stopTimeoutMs ?? DEFAULTS.stopTimeoutMs);
  }

  restart(): void {
    if (this.#state !== 'running' || this.#toReplace.length > 0) return;
    this.options.log.info({}, 'replacing the workers one after another');
    this.#toReplace = [...this.#slots];
    this.#replaceNext();
  }

  /** The first of those to be replaced is the one whose turn it is. */
  #replaceNext(): void {
    const next = this.#toReplace[0];
    if (next === undefined) return;
    if (next.state === 'ready') this.#stopForSuccessor(next);
    // It is being replaced as it is.
    else if (next.state === 'starting') return;
    else this.#replaced(next);
  }

  #stopForSuccessor(slot: WorkerSlot): void {
    slot.stop();
    const { timers, settings } = this.options;
    timers.after(settings.stopTimeoutMs ?? DEFAULTS.stopTimeoutMs, () => {
      if (this.#toReplace[0] === slot && slot.state === 'stopping') slot.kill();
    });
  }

  #replaced(slot: WorkerSlot): void {
    if (this.#toReplace[0] !== slot) return;
    this.#toReplace.shift();
    this.#replaceNext();
  }

  async ask(slot: number, verb: string, args: unknown, timeoutMs: number): Promise<unknown> {
    return this.#slots[slot]?.ask(verb, args, timeoutMs);
  }

  // ---- connections ----

  #accept(socket: Socket, kind: string, proxied: boolean): void {
    this.#rush.add();
    // A paused socket that breaks says so when it is next used.
    socket.on('error', ignore);
    const address = addressKey(socket.remoteAddress ?? '');
    // A balancer brings many; each is counted under its client as soon as that is known.
    const tooMany = !proxied && this.#isBeyondLimit(this.#connectionsOf(address) + 1);
    if (this.#state === 'stopping' || tooMany || this.#isFull) {
      socket.destroy();
      return;
    }
    const accepted = { socket, kind, address, proxied };
    const worker = this.#leastLoaded();
    if (worker !== undefined) worker.hand(accepted);
    else if (this.#waiting.length < MAX_WAITING_SOCKETS) this.#waiting.push(accepted);
    else socket.destroy();
  }

  #isBeyondLimit(connections: number): boolean {
    const limit = this.#connectionsPerAddress;
    return limit > 0 && connections > limit;
  }

  /** SECURITY: no worker has memory for one more, so nobody waits for one either. */
  get #isFull(): boolean {
    return this.#slots.every((slot) => slot.full);
  }

  /** A worker has read who is behind a balancer. @returns false: that client has too many connections already */
  #recount(slot: number, { from, to }: Recount): boolean {
    this.#slots[slot]?.recount(from, to);
    return !this.#isBeyondLimit(this.#connectionsOf(to));
  }

  #connectionsOf(address: string): number {
    let count = 0;
    for (const slot of this.#slots) count += slot.connectionsOf(address);
    for (const waiting of this.#waiting) if (waiting.address === address) count += 1;
    return count;
  }

  #leastLoaded(): WorkerSlot | undefined {
    let best: WorkerSlot | undefined;
    for (const slot of this.#slots) {
      if (!slot.canTake) continue;
      if (best === undefined) best = slot;
      else if (best.late !== slot.late) best = best.late ? slot : best;
      else if (slot.connections < best.connections) best = slot;
    }
    return best;
  }

  onRoom(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#leastLoaded();
      const next = worker === undefined ? undefined : this.#waiting.shift();
      if (worker === undefined || next === undefined) return;
      if (!next.socket.destroyed) worker.hand(next);
    }
  }

  // ---- processes ----

  nextEpoch(): number {
    // By the clock, so that epochs grow over restarts of the server too: the store knows batches by them.
    this.#lastEpoch = Math.max(this.#lastEpoch + 1, this.options.clock.now());
    return this.#lastEpoch;
  }

  members(): readonly Member[] {
    return this.#slots.map((slot) => slot.member).filter((member) => member.epoch > 0);
  }

  tellMember(member: Member): void {
    for (const slot of this.#slots) {
      if (slot.slot !== member.slot) slot.tell({ kind: 'member', ...member });
    }
  }

  onReady(slot: WorkerSlot): void {
    const { log, onStarted } = this.options;
    const { pid, epoch } = slot.status();
    log.info({ slot: slot.slot, pid, epoch }, 'worker ready');
    if (this.#state === 'starting' && this.#slots.every(({ state }) => state === 'ready')) {
      this.#state = 'running';
      onStarted?.(this);
    }
    this.onRoom();
    this.#replaced(slot);
  }

  onFail(slot: WorkerSlot, failure: Failure): void {
    this.#failed(`worker ${slot.slot}`, failure);
    // It can't go on; if it does not end by itself, it is ended.
    slot.kill();
  }

  onEnd(slot: WorkerSlot, why: string, livedMs: number): void {
    if (this.#state === 'running' && this.#toReplace[0] === slot && why === CLEAN_END) {
      slot.start();
      return;
    }
    this.#processEnded(`worker ${slot.slot}`, why, livedMs, () => slot.start());
  }

  onStoreReady(): void {
    this.options.log.info({ pid: this.#store?.status().pid }, 'store ready');
    if (this.#state === 'starting') this.#startWorkers();
  }

  onStoreFail(failure: Failure): void {
    this.#failed('store', failure);
  }

  onStoreEnd(why: string, livedMs: number): void {
    this.#processEnded('store', why, livedMs, () => this.#store?.start());
  }

  answer(slot: number, verb: string, args: unknown): unknown {
    if (verb === 'status') return this.status();
    if (verb === RECOUNT) return this.#recount(slot, args as Recount);
    if (verb === 'stop') {
      this.stop();
      return;
    }
    if (this.options.answer !== undefined) return this.options.answer(slot, verb, args);
    throw new OperatorError('command-unknown', `the supervisor does not know ${verb}`, '');
  }

  #startWorkers(): void {
    for (const slot of this.#slots) if (slot.state === 'down') slot.start();
  }

  /** At the first start a failure ends the server; later it is one more end of a process, which may pass. */
  #failed(name: string, failure: Failure): void {
    this.#lastFailure = failure;
    this.options.log.error({ ...failure, process: name }, `${name} cannot start`);
    if (this.#state === 'starting') this.#end({ error: fromFailure(failure) }, GIVE_UP_MS);
  }

  #processEnded(name: string, why: string, livedMs: number, start: () => void): void {
    const { log, clock, timers } = this.options;
    if (this.#state === 'stopping') {
      if (why !== CLEAN_END && 'code' in this.#outcome) {
        log.error({ process: name, why }, `${name} did not stop cleanly`);
        this.#outcome = { code: 1 };
      }
      this.#stopNext();
      return;
    }
    const waitMs = this.#restarts.ended(name, livedMs, clock.monotonicMs());
    log.warn({ process: name, why, livedMs: Math.round(livedMs), waitMs }, `${name} ended`);
    if (waitMs === undefined) {
      const { restarts, windowMs } = this.options.settings.restartLimit ?? DEFAULT_RESTART_LIMIT;
      const error =
        this.#lastFailure === undefined
          ? new OperatorError(
              'restart-limit',
              `processes ended more than ${restarts} times in ${windowMs / 1000} s, last ${name} with ${why}`,
              'the log above says why they ended; mend that and start the server again',
            )
          : fromFailure(this.#lastFailure);
      this.#end({ error }, GIVE_UP_MS);
      return;
    }
    if (waitMs === 0) {
      start();
    } else {
      timers.after(waitMs, () => {
        if (this.#state !== 'stopping') start();
      });
    }
  }

  #check(): void {
    const now = this.options.clock.monotonicMs();
    const forgive = now - this.#lastCheckMs > CHECK_MS + OWN_LAG_MS;
    this.#lastCheckMs = now;
    for (const slot of this.#slots) slot.check(forgive);
    this.#store?.check();
    if (this.#rush.over()) this.options.onCalm?.();
  }

  // ---- the end ----

  #end(outcome: Outcome, limitMs: number): void {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    this.options.onStopping?.();
    this.#outcome = outcome;
    this.#listeners?.close();
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    for (const slot of this.#slots) slot.stop();
    this.#deadline = this.options.timers.after(limitMs, () => this.#overdue('workers'));
    this.#stopNext();
  }

  /** Workers first; then the store, which has what they wrote; then the end. */
  #stopNext(): void {
    if (this.#slots.some((slot) => slot.state !== 'down')) return;
    const store = this.#store;
    if (store === undefined || store.state === 'down') {
      this.#finish();
    } else if (store.state !== 'stopping') {
      this.#deadline?.cancel();
      this.#deadline = this.options.timers.after(STORE_STOP_MS, () => this.#overdue('store'));
      store.stop();
    }
  }

  #overdue(who: string): void {
    this.options.log.error({}, `${who} did not stop in time; killing`);
    if ('code' in this.#outcome) this.#outcome = { code: 1 };
    if (who === 'store') this.#store?.kill();
    else for (const slot of this.#slots) slot.kill();
  }

  #killAll(): void {
    this.options.log.warn({}, 'second signal: killing what is left');
    this.#overdue('workers');
    this.#store?.kill();
  }
}

function ignore(): void {
  // Nothing is lost: nothing was read.
}
