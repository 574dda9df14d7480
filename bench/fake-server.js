// A relay that speaks just enough XMPP for the driver's own tests, and misbehaves on request, so that they can show that
// the driver notices. Run as `node bench/fake-server.js [--drop N] [--double N] [--swap N]`; prints its port.
import { createHmac, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { attribute, elementText, Framer } from './framer.js';

const SALT = Buffer.from('one salt for all');
const ITERATIONS = 4096;
const SALTED = pbkdf2Sync('p', SALT, ITERATIONS, 20, 'sha1');
const HEADER =
  "<?xml version='1.0'?><stream:stream from='bench.local' id='1' version='1.0' " +
  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/**
 * Every n-th message is: dropped, sent twice, or sent after the one that follows it. 0 is never.
 * @typedef {{ drop: number, double: number, swap: number }} Misbehaviour
 */

class Relay {
  /** @type {Map<string, Session>} */
  sessions = new Map();
  misbehaviour;
  relayed = 0;
  /** @type {{ to: Session, text: string } | undefined} */
  heldBack = undefined;

  /** @param {Misbehaviour} misbehaviour */
  constructor(misbehaviour) {
    this.misbehaviour = misbehaviour;
  }

  /**
   * @param {string} message with `to` the bare JID of a user
   * @param {string} to
   */
  relay(message, to) {
    const receiver = this.sessions.get(to);
    if (!receiver) return;
    const nth = ++this.relayed;
    const { drop, double, swap } = this.misbehaviour;
    if (drop > 0 && nth % drop === 0) return;
    if (swap > 0 && nth % swap === 0) {
      this.heldBack = { to: receiver, text: message };
      return;
    }
    receiver.write(message);
    if (double > 0 && nth % double === 0) receiver.write(message);
    // Held back until its own receiver got a later one.
    if (this.heldBack?.to === receiver) {
      receiver.write(this.heldBack.text);
      this.heldBack = undefined;
    }
  }
}

class Session {
  #relay;
  #socket;
  #framer;
  #user = '';
  #clientFirst = '';
  #serverFirst = '';
  #authenticated = false;
  #handled = 0;
  #out = '';

  /**
   * @param {Relay} relay
   * @param {import('node:net').Socket} socket
   */
  constructor(relay, socket) {
    this.#relay = relay;
    this.#socket = socket;
    this.#framer = new Framer({
      onElement: (name, text, start, head, end) => this.#onElement(name, text, start, head, end),
      onStreamEnd: () => {
        this.write('</stream:stream>');
        this.#flush();
        socket.end();
      },
      onStreamStart: () => this.write(HEADER + this.#features()),
    });
    socket.on('data', (chunk) => this.#framer.push(chunk.toString('latin1')));
    socket.on('error', () => socket.destroy());
  }

  /** @param {string} text */
  write(text) {
    if (this.#out === '') setImmediate(() => this.#flush());
    this.#out += text;
  }

  #flush() {
    if (this.#out !== '' && this.#socket.writable) this.#socket.write(this.#out, 'latin1');
    this.#out = '';
  }

  #features() {
    const offered = this.#authenticated
      ? "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>"
      : "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms>";
    return `<stream:features>${offered}</stream:features>`;
  }

  /**
   * @param {string} name
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #onElement(name, text, start, head, end) {
    const decoded = () =>
      Buffer.from(elementText(text, start, end, name) ?? '', 'base64').toString();
    switch (name) {
      case 'auth':
        return this.#challenge(decoded());
      case 'response':
        return this.#succeed(decoded());
      case 'enable':
        this.#handled = 0;
        return this.write("<enabled xmlns='urn:xmpp:sm:3'/>");
      case 'r':
        return this.write(`<a xmlns='urn:xmpp:sm:3' h='${this.#handled}'/>`);
      case 'message':
        this.#handled++;
        return this.#relay.relay(text.slice(start, end), attribute(text, start, head, 'to') ?? '');
      case 'presence':
        this.#handled++;
        return this.write(`<presence from='${this.#user}@bench.local/bench'/>`);
      case 'iq':
        this.#handled++;
        return this.#answer(attribute(text, start, head, 'id') ?? '');
    }
  }

  /** @param {string} initial */
  #challenge(initial) {
    this.#clientFirst = initial.slice(3);
    const [, user = '', nonce = ''] = /^n=([^,]*),r=(.*)$/.exec(this.#clientFirst) ?? [];
    this.#user = user;
    const salt = SALT.toString('base64');
    const ownNonce = randomBytes(9).toString('base64');
    this.#serverFirst = `r=${nonce}${ownNonce},s=${salt},i=${ITERATIONS}`;
    this.write(
      `<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${btoa(this.#serverFirst)}</challenge>`,
    );
  }

  /** @param {string} final */
  #succeed(final) {
    const [withoutProof = '', proof = ''] = final.split(',p=');
    const authMessage = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const clientKey = hmac(SALTED, 'Client Key');
    const signature = hmac(createHash('sha1').update(clientKey).digest(), authMessage);
    const expected = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
    if (Buffer.from(expected).toString('base64') !== proof) {
      return this.write(
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
      );
    }
    const verifier = hmac(hmac(SALTED, 'Server Key'), authMessage).toString('base64');
    this.write(
      `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${btoa(`v=${verifier}`)}</success>`,
    );
    this.#authenticated = true;
    this.#framer.restart();
  }

  /** @param {string} id */
  #answer(id) {
    const jid = `${this.#user}@bench.local`;
    if (id === 'bind') this.#relay.sessions.set(jid, this);
    const bound = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${jid}/bench</jid></bind>`;
    this.write(`<iq type='result' id='${id}'>${id === 'bind' ? bound : ''}</iq>`);
  }
}

/**
 * @param {Buffer} key
 * @param {string} data
 */
function hmac(key, data) {
  return createHmac('sha1', key).update(data).digest();
}

const number = /** @type {const} */ ({ type: 'string', default: '0' });
const { values } = parseArgs({ options: { drop: number, double: number, swap: number } });
const relay = new Relay({
  drop: Number(values.drop),
  double: Number(values.double),
  swap: Number(values.swap),
});
const server = createServer({ noDelay: true }, (socket) => void new Session(relay, socket));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(address.port);
});
