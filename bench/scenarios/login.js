// Log-ins at a given concurrency: from the TCP connection to roster and own presence, then a close that nobody waits for.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../fleet.js';
import { BenchError } from '../errors.js';
import { Meter } from '../meter.js';

/**
 * @typedef {object} LoginSpec
 * @property {import('../fleet.js').Mechanism} mechanism
 * @property {boolean} tls
 * @property {number} users
 * @property {number} concurrency
 */

/**
 * @param {string} name
 * @param {string} about
 * @param {LoginSpec} spec
 * @returns {import('./types.js').Scenario}
 */
export function loginScenario(name, about, spec) {
  return {
    name,
    about,
    async run(servers, effort, workers) {
      const target = await servers.start({ archive: false, users: spec.users, workers });
      const meter = new Meter(target.pid);
      const fleet = new Fleet({ ...target, tls: spec.tls, mechanism: spec.mechanism });
      let next = 0;
      let running = true;
      const startNext = () => {
        if (running) fleet.start(next++ % spec.users);
      };
      fleet.on.ready = (client) => {
        meter.done(performance.now() - client.startedAt);
        client.end();
        startNext();
      };
      for (let i = 0; i < spec.concurrency; i++) startNext();
      await sleep(effort.warmup * 1000);
      meter.begin();
      await sleep(effort.seconds * 1000);
      const measured = meter.end();
      running = false;
      await sleep(1000);
      const { failed, reasons } = fleet;
      await fleet.end();
      if (failed > 0) throw new BenchError(`${failed} log-ins failed: ${reasons.join('; ')}`);
      return [{ work: name, unit: 'log-in', measured, saturated: true }];
    },
  };
}
