// A minimal XMPP client written for speed: no XML library, one string out per turn of the event loop, one read buffer
// for all sockets. What differs between scenarios is the handlers of its fleet.
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { attribute, contains, elementText, Framer } from './framer.js';
import { ScramLogin } from './scram.js';
import { SentQueue } from './sent-queue.js';

export class Client {
  user;
  /** The full JID, after binding. */
  jid = '';
  /** The scenario's own number for this client: its place, its partner, its progress. */
  slot = 0;
  startedAt = performance.now();
  /** The scenario's own state. @type {any} */
  state = undefined;
  /** @type {'open' | 'auth' | 'bind' | 'session' | 'present' | 'enabling' | 'ready' | 'ending' | 'closed'} */
  phase = 'open';
  #fleet;
  /** @type {import('node:net').Socket} */
  #socket;
  #framer;
  #out = '';
  #encrypted = false;
  #authenticated = false;
  #needsSession = false;
  #hasRoster = false;
  #hasPresence = false;
  /** @type {ScramLogin | undefined} */
  #scram = undefined;
  /** Stanzas received since stream management was enabled (XEP-0198 §4). */
  #received = 0;
  #sent = new SentQueue();

  /**
   * @param {import('./fleet.js').Fleet} fleet
   * @param {number} user
   */
  constructor(fleet, user) {
    this.#fleet = fleet;
    this.user = user;
    this.#framer = new Framer({
      onElement: (name, text, start, head, end) => this.#onElement(name, text, start, head, end),
      onStreamEnd: () => this.#onStreamEnd(),
    });
    const { port, tls } = fleet.options;
    // COMPAT(node): a socket that reads into a buffer of its own cannot be handed to tls.connect later.
    const onread = {
      buffer: fleet.readBuffer,
      callback: (/** @type {number} */ size, /** @type {Uint8Array} */ buffer) => {
        this.#framer.push(/** @type {Buffer} */ (buffer).toString('latin1', 0, size));
        return true;
      },
    };
    this.#socket = tcpConnect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(tls ? {} : { onread }),
    });
    if (tls) this.#socket.on('data', (chunk) => this.#framer.push(chunk.toString('latin1')));
    this.#watch(this.#socket);
    this.#openStream();
  }

  /**
   * Sends at the end of this turn of the event loop.
   * @param {string} data one UTF-16 unit per byte
   */
  send(data) {
    if (this.#out === '') this.#fleet.markDirty(this);
    this.#out += data;
  }

  /**
   * Sends a stanza that the server will acknowledge (stream management must be on).
   * @param {string} data
   * @param {number} tag given to the `acknowledged` handler; -1 is not given
   */
  sendCounted(data, tag) {
    this.#sent.push(tag);
    this.send(data);
  }

  /** Stanzas that no `<a h>` has covered yet. */
  get unacknowledged() {
    return this.#sent.length;
  }

  flush() {
    const data = this.#out;
    this.#out = '';
    if (this.phase !== 'closed') this.#socket.write(data, 'latin1');
  }

  /** Closes the stream in good order. */
  end() {
    if (this.phase === 'ending' || this.phase === 'closed') return;
    if (this.phase === 'ready') this.#fleet.ready--;
    this.phase = 'ending';
    this.send('</stream:stream>');
  }

  destroy() {
    if (this.phase === 'ready') this.#fleet.ready--;
    this.phase = 'closed';
    this.#socket.destroy();
  }

  /** @param {import('node:net').Socket} socket */
  #watch(socket) {
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#onClose());
  }

  #openStream() {
    this.#framer.restart();
    this.send(
      `<?xml version='1.0'?><stream:stream to='${this.#fleet.options.domain}' version='1.0' xml:lang='en' ` +
        "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    );
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.phase === 'ending' || this.phase === 'closed') return;
    if (this.phase === 'ready') this.#fleet.ready--;
    this.#fleet.failed++;
    if (this.#fleet.reasons.length < 5) this.#fleet.reasons.push(`user ${this.user}: ${reason}`);
    this.phase = 'closed';
    this.#socket.destroy();
  }

  #onStreamEnd() {
    if (this.phase === 'ending') this.#socket.end();
    else this.#fail('the server closed the stream');
  }

  #onClose() {
    this.#fail('the connection was closed');
    this.phase = 'closed';
    this.#fleet.forget(this);
    this.#fleet.on.closed?.(this);
  }

  /**
   * @param {string} name
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #onElement(name, text, start, head, end) {
    if (this.phase === 'closed') return;
    if (name === 'message') {
      this.#received++;
      if (attribute(text, start, head, 'type') === 'error') this.#fleet.stanzaErrors++;
      else this.#fleet.on.message?.(this, text, start, head, end);
    } else if (name === 'iq') {
      this.#received++;
      this.#onIq(text, start, head, end);
    } else if (name === 'presence') {
      this.#received++;
      if (this.phase === 'present' && attribute(text, start, head, 'from') === this.jid) {
        this.#hasPresence = true;
        this.#becomeReady();
      }
    } else if (name === 'a') {
      this.#onAck(Number(attribute(text, start, head, 'h')));
    } else if (name === 'r') {
      this.send(`<a xmlns='urn:xmpp:sm:3' h='${this.#received}'/>`);
    } else {
      this.#onNonza(name, text, start, end);
    }
  }

  /**
   * What is no stanza: negotiation and stream errors.
   * @param {string} name
   * @param {string} text
   * @param {number} start
   * @param {number} end
   */
  #onNonza(name, text, start, end) {
    switch (name) {
      case 'stream:features':
        return this.#onFeatures(text, start, end);
      case 'proceed':
        return this.#startTls();
      case 'challenge':
        return this.#onChallenge(elementText(text, start, end, 'challenge') ?? '');
      case 'success':
        return this.#onSuccess(elementText(text, start, end, 'success') ?? '');
      case 'enabled':
        this.#received = 0;
        this.#declareReady();
        return;
      default:
        return this.#fail(text.slice(start, Math.min(end, start + 300)));
    }
  }

  /**
   * @param {string} text
   * @param {number} start
   * @param {number} end
   */
  #onFeatures(text, start, end) {
    const { tls, mechanism = 'SCRAM-SHA-1', password } = this.#fleet.options;
    if (tls && !this.#encrypted) {
      this.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    } else if (!this.#authenticated) {
      if (!contains(text, start, end, `>${mechanism}<`)) {
        return this.#fail(`${mechanism} is not offered`);
      }
      this.phase = 'auth';
      const name = `u${this.user}`;
      if (mechanism !== 'PLAIN') this.#scram = new ScramLogin(this.#fleet.scramKeys, name);
      const initial = this.#scram ? this.#scram.first() : `\0${name}\0${password}`;
      this.send(
        `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>` +
          `${Buffer.from(initial).toString('base64')}</auth>`,
      );
    } else {
      // RFC 3921's session request, which RFC 6121 made superfluous: only where the server does not call it optional.
      const session = text.indexOf('urn:ietf:params:xml:ns:xmpp-session', start);
      this.#needsSession =
        session >= 0 && session < end && !contains(text, session, session + 80, '<optional');
      this.phase = 'bind';
      this.send(
        "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
          '<resource>bench</resource></bind></iq>',
      );
    }
  }

  #startTls() {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('close');
    this.#encrypted = true;
    const secure = tlsConnect({
      socket: plain,
      servername: this.#fleet.options.domain,
      // The server's certificate is self-signed, and the wire is the loopback interface.
      rejectUnauthorized: false,
      ...(this.#fleet.secureContext ? { secureContext: this.#fleet.secureContext } : {}),
    });
    secure.on('data', (chunk) => this.#framer.push(chunk.toString('latin1')));
    this.#socket = secure;
    this.#watch(secure);
    this.#openStream();
  }

  /** @param {string} data base64 */
  #onChallenge(data) {
    try {
      const answer = this.#scram?.respond(Buffer.from(data, 'base64').toString()) ?? '';
      this.send(
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
          `${Buffer.from(answer).toString('base64')}</response>`,
      );
    } catch (error) {
      this.#fail(String(error));
    }
  }

  /** @param {string} data base64 */
  #onSuccess(data) {
    if (this.#scram && !this.#scram.verify(Buffer.from(data, 'base64').toString())) {
      return this.#fail('wrong server signature');
    }
    this.#scram = undefined;
    this.#authenticated = true;
    this.#openStream();
  }

  /**
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #onIq(text, start, head, end) {
    const type = attribute(text, start, head, 'type');
    if (type === 'get' || type === 'set') return this.#answerIq(text, start, head, end);
    if (this.phase === 'ready') {
      if (type === 'error') this.#fleet.stanzaErrors++;
      this.#fleet.on.iq?.(this, text, start, head, end);
    } else if (type === 'error') {
      this.#fail(text.slice(start, Math.min(end, start + 300)));
    } else if (this.phase === 'bind') {
      this.jid = elementText(text, start, end, 'jid') ?? '';
      if (!this.#needsSession) return this.#becomePresent();
      this.phase = 'session';
      this.send(
        "<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
      );
    } else if (this.phase === 'session') {
      this.#becomePresent();
    } else if (attribute(text, start, head, 'id') === 'roster') {
      this.#hasRoster = true;
      this.#becomeReady();
    }
  }

  /**
   * Pings and roster pushes are answered as any client does; a server may close on one that stays silent.
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #answerIq(text, start, head, end) {
    const id = attribute(text, start, head, 'id') ?? '';
    const from = attribute(text, start, head, 'from');
    const to = from === undefined ? '' : ` to='${from}'`;
    const known =
      contains(text, start, end, 'urn:xmpp:ping') || contains(text, start, end, 'jabber:iq:roster');
    const answer = known
      ? `<iq type='result' id='${id}'${to}/>`
      : `<iq type='error' id='${id}'${to}><error type='cancel'>` +
        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    // XEP-0198 §4: the server counts from our <enable/> on.
    const counted = this.#fleet.options.sm && (this.phase === 'ready' || this.phase === 'enabling');
    if (counted) this.sendCounted(answer, -1);
    else this.send(answer);
  }

  #becomePresent() {
    this.phase = 'present';
    this.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
  }

  #becomeReady() {
    if (!this.#hasRoster || !this.#hasPresence) return;
    if (!this.#fleet.options.sm) return this.#declareReady();
    this.phase = 'enabling';
    this.send("<enable xmlns='urn:xmpp:sm:3'/>");
  }

  #declareReady() {
    this.phase = 'ready';
    this.#fleet.ready++;
    this.#fleet.on.ready?.(this);
  }

  /** @param {number} handled the server's `h` */
  #onAck(handled) {
    const covered = this.#sent.acknowledge(handled);
    if (covered === undefined) return this.#fail(`h='${handled}' covers what was never sent`);
    for (const tag of covered) {
      if (tag >= 0) this.#fleet.on.acknowledged?.(this, tag);
    }
  }
}
