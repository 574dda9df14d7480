// One measured window: what the server, the generator and the rest of the machine spent, and how long operations took.
import { Durations } from './ledger.js';
import { machineBusySeconds, ownCpuSeconds, treeCpuSeconds } from './proc.js';

/**
 * @typedef {object} Measured
 * @property {number} seconds
 * @property {number} ops
 * @property {number} opsPerSecond
 * @property {number} cpuSeconds of the server's whole tree
 * @property {number} cpuUsPerOp
 * @property {number} generatorPercent of one core
 * @property {number} otherPercent of one core, used by neither the server nor the generator
 * @property {number} p50Ms
 * @property {number} p99Ms
 */

export class Meter {
  measuring = false;
  ops = 0;
  durations = new Durations();
  #pid;
  #begun = { at: 0, server: 0, own: 0, machine: 0 };

  /** @param {number} pid the server's first process */
  constructor(pid) {
    this.#pid = pid;
  }

  begin() {
    this.durations.clear();
    this.ops = 0;
    this.#begun = this.#read();
    this.measuring = true;
  }

  /**
   * One operation is done.
   * @param {number} ms how long it took
   */
  done(ms) {
    if (!this.measuring) return;
    this.ops++;
    this.durations.add(ms);
  }

  /**
   * Ends the window.
   * @returns {Measured}
   */
  end() {
    const begun = this.#begun;
    const ended = this.#read();
    this.measuring = false;
    const seconds = (ended.at - begun.at) / 1000;
    const cpuSeconds = ended.server - begun.server;
    const own = ended.own - begun.own;
    const other = Math.max(0, ended.machine - begun.machine - cpuSeconds - own);
    const [p50Ms = 0, p99Ms = 0] = this.durations.percentiles([50, 99]);
    return {
      seconds,
      ops: this.ops,
      opsPerSecond: this.ops / seconds,
      cpuSeconds,
      cpuUsPerOp: this.ops > 0 ? (cpuSeconds * 1e6) / this.ops : 0,
      generatorPercent: (own / seconds) * 100,
      otherPercent: (other / seconds) * 100,
      p50Ms,
      p99Ms,
    };
  }

  #read() {
    return {
      at: performance.now(),
      server: treeCpuSeconds(this.#pid),
      own: ownCpuSeconds(),
      machine: machineBusySeconds(),
    };
  }
}
