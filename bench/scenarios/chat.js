// One-to-one chat in all its forms, and the comparison of two workers with one.
import { treeMemoryKib } from '../proc.js';
import { Pairs } from './pairs.js';

/**
 * @typedef {import('./pairs.js').PairsSpec & { archive?: boolean }} ChatSpec
 */

/**
 * Runs one load of pairs on a running server and makes its line of the table.
 * @param {string} work
 * @param {import('./types.js').Target} target
 * @param {ChatSpec} spec
 * @param {import('./types.js').Effort} effort
 * @returns {Promise<import('./types.js').Row>}
 */
export async function measureChat(work, target, spec, effort) {
  const pairs = new Pairs(target, spec);
  await pairs.connect();
  const measured = await pairs.run(effort.seconds, effort.warmup);
  const { pss } = treeMemoryKib(target.pid);
  const { stanzaErrors } = await pairs.end();
  const { lost, doubled, outOfOrder, corrupt } = pairs.ledger;
  const notes = [];
  if (spec.rate) {
    const [late = 0] = pairs.lateness.percentiles([99]);
    notes.push(`paced ${spec.rate}/s, sent at most ${late.toFixed(1)} ms late (p99)`);
  }
  const unacknowledged = spec.ack ? pairs.ledger.sent - pairs.acknowledged : 0;
  return {
    work,
    unit: 'message',
    measured,
    saturated: !spec.rate,
    treeMib: pss / 1024,
    faults: { lost, doubled, outOfOrder, corrupt, unacknowledged, errors: stanzaErrors },
    notes,
  };
}

/**
 * A scenario of one load on a fresh server.
 * @param {string} name
 * @param {string} about
 * @param {ChatSpec} spec
 * @returns {import('./types.js').Scenario}
 */
export function chatScenario(name, about, spec) {
  return {
    name,
    about,
    async run(servers, effort, workers) {
      const needs = { archive: spec.archive ?? false, users: spec.users, workers };
      return [await measureChat(name, await servers.start(needs), spec, effort)];
    },
  };
}

/**
 * The archive of many users before the same load: does it get slower as it grows?
 * @param {string} name
 * @param {string} about
 * @param {ChatSpec} spec
 * @param {{ users: number, messages: number }} fill
 * @returns {import('./types.js').Scenario}
 */
export function filledArchiveScenario(name, about, spec, fill) {
  return {
    name,
    about,
    onRequest: true,
    async run(servers, effort, workers) {
      const target = await servers.start({ archive: true, users: fill.users, workers });
      const wave = Math.min(1000, fill.users);
      for (let firstUser = 0; firstUser < fill.users; firstUser += wave) {
        effort.progress(`filling the archive: users ${firstUser} to ${firstUser + wave - 1}`);
        const pairs = new Pairs(target, { users: wave, firstUser, window: 5 });
        await pairs.connect();
        await pairs.send(Math.ceil(fill.messages / (fill.users / 2)));
        await pairs.end();
      }
      return [await measureChat(name, target, spec, effort)];
    },
  };
}

/**
 * The same load with one worker and with two; the ratio of CPU per message is the price of crossing processes.
 * @param {string} name
 * @param {string} about
 * @param {readonly { work: string, spec: ChatSpec }[]} loads
 * @returns {import('./types.js').Scenario}
 */
export function workersScenario(name, about, loads) {
  return {
    name,
    about,
    async run(servers, effort) {
      const rows = [];
      for (const { work, spec } of loads) {
        /** @type {number[]} */
        const cpu = [];
        for (const workers of [1, 2]) {
          effort.progress(`${work} with ${workers} worker${workers > 1 ? 's' : ''}`);
          const needs = { archive: spec.archive ?? false, users: spec.users, workers };
          const title = `${work}, ${workers} worker${workers > 1 ? 's' : ''}`;
          const row = await measureChat(title, await servers.start(needs), spec, effort);
          cpu.push(row.measured?.cpuUsPerOp ?? 0);
          rows.push(row);
        }
        const [one = 0, two = 0] = cpu;
        const last = rows.at(-1);
        if (one > 0) last?.notes?.push(`${(two / one).toFixed(2)}x the CPU of one worker`);
      }
      return rows;
    },
  };
}
