// What the programs written in JavaScript share: their settings, their answers, the network, and a partner to talk to.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, xml } from '@xmpp/client';

export { sleep, xml };

/**
 * @typedef {{ jid: string, password: string }} Account
 * @type {{ domain: string, host: string, port: number, tlsPort: number, proxyPort: number, controlPort: number,
 *   certificate: string, directory: string, alice: Account, bob: Account, carol: Account }}
 */
export const settings = JSON.parse(process.env.XMPPD_INTEROP ?? '{}');

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

/** Thrown in a check: the client cannot do it, and why. */
export class Lacks extends Error {}

/** Runs one check: it passes unless `run` throws. What `run` returns is the note beside it. */
export async function check(id, run, timeoutMs = 20_000) {
  try {
    const note = await within(timeoutMs, run(), 'no result in time');
    say({ check: id, outcome: 'passed', ...(typeof note === 'string' && { note }) });
  } catch (error) {
    say({ check: id, outcome: error instanceof Lacks ? 'lacks' : 'failed', note: error.message });
  }
}

/** The client cannot do these. */
export function lacks(ids, note) {
  for (const id of ids) say({ check: id, outcome: 'lacks', note });
}

export function assert(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/** @template T @param {number} ms @param {Promise<T>} promise @param {string} otherwise @returns {Promise<T>} */
export function within(ms, promise, otherwise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until `ask` gives something true. */
export async function until(ask, otherwise, ms = 10_000) {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(50);
  }
  throw new Error(typeof otherwise === 'function' ? otherwise() : otherwise);
}

/** @param {'hold' | 'cut' | 'open'} word */
export function network(word) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(settings.controlPort, '127.0.0.1', () => socket.write(`${word}\n`));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      if (bytes.toString() === 'done\n') resolve(undefined);
      else reject(new Error(`proxy: ${bytes}`));
    });
  });
}

/** One connection of @xmpp/client; keeps the messages it gets. */
export class Partner {
  /** @type {{ from: string, body: string, delayed: boolean, id: string }[]} */
  messages = [];
  /** @type {import('@xmpp/xml').Element[]} */
  stanzas = [];

  /**
   * @param {Account} account
   * @param {{ resource?: string, port?: number, tls?: boolean, mechanism?: string, onMechanism?: (name: string) => void }} [options]
   */
  constructor(account, options = {}) {
    const { resource = 'partner', port = settings.port, tls = false, mechanism } = options;
    const [username] = account.jid.split('@');
    this.xmpp = client({
      service: tls ? `xmpps://localhost:${settings.tlsPort}` : `xmpp://${settings.host}:${port}`,
      domain: settings.domain,
      resource,
      credentials: async (auth, offered) => {
        const chosen = mechanism ?? offered[0];
        options.onMechanism?.(chosen);
        await auth({ username, password: account.password }, chosen);
      },
    });
    this.xmpp.reconnect.delay = 300;
    this.errors = [];
    this.xmpp.on('error', (error) => this.errors.push(error));
    this.xmpp.on('stanza', (stanza) => {
      this.stanzas.push(stanza);
      const body = stanza.is('message') ? stanza.getChildText('body') : null;
      if (body === null) return;
      this.messages.push({
        from: stanza.attrs.from,
        id: stanza.attrs.id,
        body,
        delayed: stanza.getChild('delay', 'urn:xmpp:delay') !== undefined,
      });
    });
  }

  /** Logs in and says that it is there. */
  async online({ presence = true } = {}) {
    this.jid = (await this.xmpp.start()).toString();
    if (presence) await this.xmpp.send(xml('presence'));
    return this;
  }

  say(to, body, id = `m${Math.random()}`) {
    return this.xmpp.send(xml('message', { to, type: 'chat', id }, xml('body', {}, body)));
  }

  /** Waits for a message with this body. */
  hears(body, ms = 10_000) {
    return until(
      () => this.messages.find((message) => message.body === body),
      () => `"${body}" did not arrive; got ${JSON.stringify(this.messages.map((m) => m.body))}`,
      ms,
    );
  }

  /** How often a body came. */
  count(body) {
    return this.messages.filter((message) => message.body === body).length;
  }

  ask(iq, ms = 5000) {
    return this.xmpp.iqCaller.request(iq, ms);
  }

  /** RFC 6121 §2.1.6: only who has asked for the roster is told of its changes. */
  wantsRoster() {
    return this.ask(xml('iq', { type: 'get' }, xml('query', 'jabber:iq:roster')));
  }

  addContact(jid, name) {
    const item = xml('item', { jid, name });
    return this.ask(xml('iq', { type: 'set' }, xml('query', 'jabber:iq:roster', item)));
  }

  async offline() {
    this.xmpp.reconnect.stop();
    await this.xmpp.stop();
  }
}
