// Messages to users who are away: the price of keeping them, and of giving them out when their users log in.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../fleet.js';
import { BenchError } from '../errors.js';
import { chatMessage, Ledger } from '../ledger.js';
import { Meter } from '../meter.js';

const STALL_MS = 120_000;
const DRAIN_MS = 15_000;
const BATCH = 10;
// An unanswered request for acknowledgement stalls the scenario, which then fails: it needs no count of its own.
const NO_FAULTS = { lost: 0, doubled: 0, outOfOrder: 0, corrupt: 0, unacknowledged: 0, errors: 0 };

/**
 * @typedef {object} OfflineSpec
 * @property {number} receivers users 0 to receivers - 1
 * @property {number} perReceiver
 * @property {number} senders the users after them
 */

/**
 * Senders store batches, each closed by an acknowledgement: only then is a message kept (XEP-0198 §4).
 * @param {import('./types.js').Target} target
 * @param {OfflineSpec} spec
 * @param {Ledger} ledger
 */
async function store(target, spec, ledger) {
  const meter = new Meter(target.pid);
  const fleet = new Fleet({ ...target, sm: true });
  const batches = Math.ceil((spec.receivers * spec.perReceiver) / BATCH);
  let next = 0;
  let acknowledged = 0;
  /** @param {import('../client.js').Client} client */
  const sendBatch = (client) => {
    if (next === batches) return;
    const receiver = next++ % spec.receivers;
    const to = `u${receiver}@${target.domain}`;
    const now = performance.now();
    for (let i = 0; i < BATCH; i++) {
      const number = ledger.send(client.slot * spec.receivers + receiver, receiver, now);
      client.sendCounted(chatMessage(to, ledger.prefix + number), number);
    }
    client.send("<r xmlns='urn:xmpp:sm:3'/>");
  };
  fleet.on.acknowledged = (client, number) => {
    acknowledged++;
    meter.done(performance.now() - ledger.sentAt(number));
    if (client.unacknowledged === 0) sendBatch(client);
  };
  const clients = await fleet.connect(spec.receivers, spec.senders);
  await sleep(500);
  meter.begin();
  const began = performance.now();
  clients.forEach((client, slot) => {
    client.slot = slot;
    sendBatch(client);
  });
  while (acknowledged < batches * BATCH) {
    if (fleet.failed > 0) throw new BenchError(`connections were lost: ${fleet.reasons.join()}`);
    if (performance.now() - began > STALL_MS) {
      throw new BenchError(`stalled: ${acknowledged} of ${batches * BATCH} acknowledged`);
    }
    await sleep(2);
  }
  const measured = meter.end();
  const { stanzaErrors } = fleet;
  await fleet.end();
  return { measured, stanzaErrors };
}

/**
 * All receivers log in and get what waits for them; logging in once more must bring nothing.
 * @param {import('./types.js').Target} target
 * @param {OfflineSpec} spec
 * @param {Ledger} ledger
 */
async function deliver(target, spec, ledger) {
  const meter = new Meter(target.pid);
  const fleet = new Fleet(target);
  fleet.on.message = (client, text, start, head, end) => {
    const number = ledger.numberOf(text, start, head);
    if (number < 0 || !ledger.arrive(number, client.user, text, head, end)) return;
    meter.done(performance.now() - client.startedAt);
  };
  meter.begin();
  await fleet.connect(0, spec.receivers);
  const deadline = performance.now() + DRAIN_MS;
  while (ledger.lost > 0 && performance.now() < deadline) await sleep(2);
  const measured = meter.end();
  await sleep(1000);
  await fleet.end();
  await fleet.connect(0, spec.receivers);
  await sleep(500);
  await fleet.end();
  return measured;
}

/**
 * @param {string} name
 * @param {string} about
 * @param {OfflineSpec} spec
 * @returns {import('./types.js').Scenario}
 */
export function offlineScenario(name, about, spec) {
  return {
    name,
    about,
    async run(servers, effort, workers) {
      const users = spec.receivers + spec.senders;
      const target = await servers.start({ archive: false, users, workers });
      const ledger = new Ledger(spec.receivers * spec.senders);
      effort.progress('storing');
      const { measured, stanzaErrors } = await store(target, spec, ledger);
      await sleep(1000);
      effort.progress('delivering');
      const delivery = await deliver(target, spec, ledger);
      const { lost, doubled, outOfOrder, corrupt } = ledger;
      return [
        {
          work: `${name}: kept until acknowledged`,
          unit: 'message',
          measured,
          faults: { ...NO_FAULTS, errors: stanzaErrors },
        },
        {
          work: `${name}: delivered with log-in`,
          unit: 'message',
          measured: delivery,
          faults: { ...NO_FAULTS, lost, doubled, outOfOrder, corrupt },
          notes: [`${spec.receivers} log-ins included`],
        },
      ];
    },
  };
}
