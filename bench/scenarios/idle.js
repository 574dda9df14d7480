// What sessions cost that do nothing, as most do most of the time, and what the server costs before the first comes.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../fleet.js';
import { BenchError } from '../errors.js';
import { Meter } from '../meter.js';
import { treeMemoryKib } from '../proc.js';

const SETTLE_MS = 5000;
const WAVE = 250;

/**
 * Gives every user a roster of `contacts` other users, over XMPP (RFC 6121 §2.3), and logs out again.
 * @param {import('./types.js').Target} target
 * @param {number} users
 * @param {number} contacts
 */
async function fillRosters(target, users, contacts) {
  for (let first = 0; first < users; first += WAVE) {
    const count = Math.min(WAVE, users - first);
    const fleet = new Fleet(target);
    let answers = 0;
    fleet.on.iq = () => void answers++;
    for (const client of await fleet.connect(first, count)) {
      for (let i = 1; i <= contacts; i++) {
        const contact = (client.user + i) % users;
        client.send(
          `<iq type='set' id='c${i}'><query xmlns='jabber:iq:roster'>` +
            `<item jid='u${contact}@${target.domain}' name='Contact ${i}'><group>Friends</group></item>` +
            '</query></iq>',
        );
      }
    }
    const deadline = performance.now() + 60_000;
    while (answers < count * contacts) {
      if (performance.now() > deadline) throw new BenchError('filling the rosters stalled');
      await sleep(5);
    }
    const { stanzaErrors } = fleet;
    await fleet.end();
    if (stanzaErrors > 0) throw new BenchError(`${stanzaErrors} roster items were refused`);
  }
}

/**
 * @param {string} name
 * @param {string} about
 * @param {{ tls: boolean, contacts: number }} spec
 * @returns {import('./types.js').Scenario}
 */
export function idleScenario(name, about, spec) {
  return {
    name,
    about,
    async run(servers, effort, workers) {
      const sessions = effort.sessions;
      const needs = { archive: false, users: sessions, workers };
      let target = await servers.start(needs);
      if (spec.contacts > 0) {
        effort.progress(`writing ${sessions} rosters of ${spec.contacts} contacts`);
        await fillRosters(target, sessions, spec.contacts);
        // What filling left in the heap is not what idle sessions cost.
        target = await servers.start(needs, true);
      }
      await sleep(SETTLE_MS);
      const before = treeMemoryKib(target.pid);
      const fleet = new Fleet({ ...target, tls: spec.tls });
      effort.progress(`opening ${sessions} sessions`);
      const ramp = new Meter(target.pid);
      ramp.begin();
      await fleet.connect(0, sessions, 50);
      const { cpuSeconds } = ramp.end();
      await sleep(SETTLE_MS);
      const idle = new Meter(target.pid);
      idle.begin();
      await sleep(effort.seconds * 1000);
      const measured = idle.end();
      const after = treeMemoryKib(target.pid);
      const { failed, reasons } = fleet;
      fleet.destroy();
      if (failed > 0) throw new BenchError(`sessions were lost: ${reasons.join('; ')}`);
      const notes = [
        `${sessions} sessions`,
        `RSS ${((after.rss - before.rss) / sessions).toFixed(1)} KiB`,
        `${((cpuSeconds * 1000) / sessions).toFixed(2)} CPU ms per log-in`,
        `idle CPU ${((measured.cpuSeconds / measured.seconds) * 100).toFixed(1)} %`,
      ];
      if (servers.attached && spec.contacts > 0) notes.push('memory before: after filling rosters');
      return [
        {
          work: name,
          unit: 'session',
          kibPerSession: (after.pss - before.pss) / sessions,
          treeMib: after.pss / 1024,
          notes,
        },
      ];
    },
  };
}

/**
 * @param {string} name
 * @param {string} about
 * @returns {import('./types.js').Scenario}
 */
export function emptyServerScenario(name, about) {
  return {
    name,
    about,
    async run(servers) {
      const rows = [];
      for (const workers of servers.attached ? [1] : [1, 2]) {
        const target = await servers.start({ archive: true, users: 1, workers });
        await sleep(SETTLE_MS);
        const { pss, rss } = treeMemoryKib(target.pid);
        rows.push({
          work: servers.attached ? name : `${name}, ${workers} worker${workers > 1 ? 's' : ''}`,
          unit: 'server',
          treeMib: pss / 1024,
          notes: [`RSS ${(rss / 1024).toFixed(0)} MiB`],
        });
      }
      return rows;
    },
  };
}
