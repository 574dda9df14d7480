// Clients page through their own archives (XEP-0313 with RSM), from the oldest to the newest and round again.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../fleet.js';
import { BenchError } from '../errors.js';
import { attribute, contains, elementText } from '../framer.js';
import { Meter } from '../meter.js';
import { Pairs } from './pairs.js';

const MAX_BAD_PAGES = 50;

/** One client's way through its archive. */
class Pager {
  bad = 0;
  /** Set when the server answers no query: asking on would be a loop. */
  refusal = '';
  running = true;
  #client;
  #meter;
  #pageSize;
  #query = 0;
  #askedAt = 0;
  #results = 0;
  #after = '';

  /**
   * @param {import('../client.js').Client} client
   * @param {Meter} meter
   * @param {number} pageSize
   */
  constructor(client, meter, pageSize) {
    this.#client = client;
    this.#meter = meter;
    this.#pageSize = pageSize;
  }

  ask() {
    this.#query++;
    this.#results = 0;
    this.#askedAt = performance.now();
    const after = this.#after === '' ? '' : `<after>${this.#after}</after>`;
    this.#client.send(
      `<iq type='set' id='q${this.#query}'><query xmlns='urn:xmpp:mam:2' queryid='f${this.#query}'>` +
        `<set xmlns='http://jabber.org/protocol/rsm'><max>${this.#pageSize}</max>${after}</set>` +
        '</query></iq>',
    );
  }

  /** A `<result/>` came. */
  onResult() {
    this.#results++;
  }

  /**
   * The `<fin/>` or an error came: the page is over.
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  onAnswer(text, start, head, end) {
    if (attribute(text, start, head, 'id') !== `q${this.#query}`) return;
    const fin = text.indexOf('<fin', start);
    if (fin < 0 || fin >= end) {
      this.bad++;
      this.#after = '';
      if (this.bad > MAX_BAD_PAGES) {
        this.refusal = text.slice(start, Math.min(end, start + 300));
        this.running = false;
      }
    } else {
      this.#meter.done(performance.now() - this.#askedAt);
      const complete = attribute(text, fin, text.indexOf('>', fin) + 1, 'complete') === 'true';
      // XEP-0313 §4.3: a page that does not end the archive holds as many as were asked for.
      if (!complete && this.#results !== this.#pageSize) this.bad++;
      if (complete && this.#results > this.#pageSize) this.bad++;
      this.#after = complete ? '' : (elementText(text, fin, end, 'last') ?? '');
    }
    if (this.running) this.ask();
  }
}

/**
 * @param {string} name
 * @param {string} about
 * @param {{ clients: number, page: number, messagesEach: number }} spec
 * @returns {import('./types.js').Scenario}
 */
export function archivePageScenario(name, about, spec) {
  return {
    name,
    about,
    async run(servers, effort, workers) {
      const target = await servers.start({ archive: true, users: spec.clients, workers });
      effort.progress(`writing ${spec.messagesEach} messages into ${spec.clients} archives`);
      const pairs = new Pairs(target, { users: spec.clients, window: 10 });
      await pairs.connect();
      await pairs.send(spec.messagesEach);
      await pairs.end();

      const meter = new Meter(target.pid);
      const fleet = new Fleet(target);
      fleet.on = {
        message: (client, text, start, head, end) => {
          if (contains(text, head, end, 'urn:xmpp:mam:2')) client.state?.onResult();
        },
        iq: (client, text, start, head, end) => client.state?.onAnswer(text, start, head, end),
      };
      const clients = await fleet.connect(0, spec.clients);
      const pagers = clients.map((client) => new Pager(client, meter, spec.page));
      clients.forEach((client, i) => (client.state = pagers[i]));
      for (const pager of pagers) pager.ask();
      await sleep(effort.warmup * 1000);
      meter.begin();
      await sleep(effort.seconds * 1000);
      const measured = meter.end();
      for (const pager of pagers) pager.running = false;
      await sleep(300);
      const bad = pagers.reduce((sum, pager) => sum + pager.bad, 0);
      const { failed, reasons, stanzaErrors } = fleet;
      await fleet.end();
      if (failed > 0) throw new BenchError(`connections were lost: ${reasons.join('; ')}`);
      const refusal = pagers.find((pager) => pager.refusal !== '')?.refusal;
      if (refusal !== undefined) throw new BenchError(`the archive does not answer: ${refusal}`);
      return [
        {
          work: name,
          unit: `page of ${spec.page}`,
          measured,
          saturated: true,
          faults: {
            lost: 0,
            doubled: 0,
            outOfOrder: 0,
            corrupt: bad,
            unacknowledged: 0,
            errors: stanzaErrors,
          },
        },
      ];
    },
  };
}
