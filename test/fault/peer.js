// A chat client over a raw socket that survives its server: it keeps what no <a/> covered, resumes (XEP-0198 §5), and
// where that fails logs in again and sends it once more, under the same ids.
import { connect as tcpConnect } from 'node:net';
import { attribute, contains, elementText, Framer } from '../../bench/framer.js';
import { ScramLogin } from '../../bench/scram.js';

const SM = 'urn:xmpp:sm:3';
const STREAM =
  "version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
/** A log-in that takes longer is given up and tried again. */
const LOGIN_LIMIT_MS = 10_000;

/**
 * How a session came about: `fresh` without an attempt to resume, `again` after one that failed.
 * @typedef {'fresh' | 'again' | 'resumed'} Arrival
 */

/**
 * @typedef {object} PeerEvents
 * @property {(peer: Peer, how: Arrival) => void} [up] the session stands; before what was unacknowledged goes out again
 * @property {(peer: Peer, reason: string) => void} [down]
 * @property {(peer: Peer, stanza: string) => void} [message]
 * @property {(peer: Peer, stanza: string) => void} [result] an answer to an iq of ours
 * @property {(peer: Peer, tag: number) => void} [acknowledged]
 * @property {(peer: Peer, tag: number) => void} [repeated] goes out once more on this session
 * @property {(peer: Peer) => void} [request] the server asks for a count; without this it gets it at once
 * @property {(peer: Peer) => void} [proof] everything received so far is being confirmed
 */

export class Peer {
  user;
  resource;
  /** @type {'down' | 'login' | 'up'} */
  phase = 'down';
  /** Sessions begun, resumed ones not counted. */
  sessions = 0;
  #options;
  /** @type {PeerEvents} */
  #on;
  /** @type {import('node:net').Socket | undefined} */
  #socket;
  #framer = new Framer({
    onElement: (name, text, start, head, end) => this.#element(name, text, start, head, end),
    onStreamEnd: () => this.#gone('the server closed the stream'),
  });
  #step = '';
  /** @type {ScramLogin | undefined} */
  #scram;
  /** @type {NodeJS.Timeout | undefined} */
  #watch;
  /** @type {Arrival} */
  #how = 'fresh';
  // XEP-0198 §4: what was sent and is not acknowledged, oldest first; a tag of -1 is no message.
  /** @type {{ tag: number, xml: string }[]} */
  #unacknowledged = [];
  #acknowledged = 0;
  #received = 0;
  #token = '';
  #managed = false;

  /**
   * @param {object} options
   * @param {number} options.port
   * @param {string} options.domain
   * @param {string} options.user
   * @param {string} options.resource
   * @param {import('../../bench/scram.js').ScramKeyCache} options.keys
   * @param {boolean} [options.management] XEP-0198 is used
   * @param {boolean} [options.presence] available, so that messages come
   * @param {PeerEvents} on
   */
  constructor(options, on) {
    this.#options = { management: true, presence: true, ...options };
    this.#on = on;
    this.user = options.user;
    this.resource = options.resource;
  }

  get jid() {
    return `${this.user}@${this.#options.domain}/${this.resource}`;
  }

  get unacknowledged() {
    return this.#unacknowledged.filter(({ tag }) => tag >= 0).length;
  }

  get resumable() {
    return this.#token !== '';
  }

  connect() {
    if (this.phase !== 'down') return;
    this.phase = 'login';
    this.#step = 'auth';
    const socket = tcpConnect({ port: this.#options.port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (this.#socket === socket) this.#framer.push(chunk.toString('latin1'));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#gone('the connection was closed');
    });
    this.#watch = setTimeout(() => this.#gone('log-in took too long'), LOGIN_LIMIT_MS);
    this.#openStream();
  }

  /** The connection breaks; the session may be resumed. */
  drop() {
    if (this.phase !== 'down') this.#gone('dropped');
  }

  /** Logs out: the session is over for both sides. What was not acknowledged stays to be sent. */
  leave() {
    if (this.phase === 'up') this.#write('</stream:stream>');
    this.forget();
    this.#end();
  }

  /** As after a restart of the application: what was not sent is still there, the session's token is not. */
  forget() {
    this.#token = '';
  }

  /**
   * A message; it counts as sent when its session stands.
   * @param {number} tag
   * @param {string} xml
   */
  send(tag, xml) {
    this.#counted(tag, xml);
  }

  /** @param {string} xml an iq */
  ask(xml) {
    this.#counted(-1, xml);
  }

  requestAcknowledgement() {
    if (this.#managed) this.#write(`<r xmlns='${SM}'/>`);
  }

  /** Tells the server how much has come. */
  confirm() {
    if (this.phase !== 'up' || !this.#managed) return;
    this.#write(`<a xmlns='${SM}' h='${this.#received}'/>`);
    this.#on.proof?.(this);
  }

  /** @param {number} tag @param {string} xml */
  #counted(tag, xml) {
    if (this.#options.management) this.#unacknowledged.push({ tag, xml });
    if (this.phase === 'up') this.#write(xml);
  }

  /** @param {string} data one UTF-16 unit per byte */
  #write(data) {
    this.#socket?.write(data, 'latin1');
  }

  #openStream() {
    this.#framer.restart();
    this.#write(`<?xml version='1.0'?><stream:stream to='${this.#options.domain}' ${STREAM}`);
  }

  #end() {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = undefined;
    this.phase = 'down';
    // What was written still goes out; nobody reads on.
    socket?.end();
    setTimeout(() => socket?.destroy(), 200).unref();
  }

  /** @param {string} reason */
  #gone(reason) {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = undefined;
    this.phase = 'down';
    socket?.destroy();
    this.#on.down?.(this, reason);
  }

  /**
   * @param {string} name
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #element(name, text, start, head, end) {
    if (this.#socket === undefined) return;
    switch (name) {
      case 'message':
        this.#received++;
        this.#on.message?.(this, text.slice(start, end));
        return;
      case 'presence':
        this.#received++;
        return;
      case 'iq':
        this.#received++;
        this.#iq(text, start, head, end);
        return;
      case 'r':
        if (this.#on.request) this.#on.request(this);
        else this.confirm();
        return;
      case 'a':
        this.#cover(Number(attribute(text, start, head, 'h')));
        return;
      case 'stream:features':
        this.#features();
        return;
      case 'challenge': {
        const challenge = elementText(text, start, end, 'challenge') ?? '';
        const answer = this.#scram?.respond(Buffer.from(challenge, 'base64').toString()) ?? '';
        const data = Buffer.from(answer).toString('base64');
        this.#write(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${data}</response>`);
        return;
      }
      case 'success':
        this.#scram = undefined;
        this.#step = this.#token !== '' ? 'resume' : 'bind';
        this.#openStream();
        return;
      case 'resumed':
        this.#resumed(Number(attribute(text, start, head, 'h')));
        return;
      case 'failed':
        this.#failed(attribute(text, start, head, 'h'));
        return;
      case 'enabled':
        this.#token = attribute(text, start, head, 'id') ?? '';
        this.#begin();
        return;
      default:
        this.#gone(text.slice(start, Math.min(end, start + 300)));
    }
  }

  #features() {
    if (this.#step === 'auth') {
      this.#scram = new ScramLogin(this.#options.keys, this.user);
      const first = Buffer.from(this.#scram.first()).toString('base64');
      this.#write(
        `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>${first}</auth>`,
      );
    } else if (this.#step === 'resume') {
      this.#write(`<resume xmlns='${SM}' previd='${this.#token}' h='${this.#received}'/>`);
    } else {
      this.#how = 'fresh';
      this.#bind();
    }
  }

  #bind() {
    this.#managed = false;
    this.#write(
      "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
        `<resource>${this.resource}</resource></bind></iq>`,
    );
  }

  /**
   * @param {string} text
   * @param {number} start
   * @param {number} head
   * @param {number} end
   */
  #iq(text, start, head, end) {
    const type = attribute(text, start, head, 'type');
    const id = attribute(text, start, head, 'id') ?? '';
    if (type === 'get' || type === 'set') {
      const from = attribute(text, start, head, 'from');
      const ping = contains(text, start, end, 'urn:xmpp:ping');
      this.ask(`<iq type='result' id='${id}'${from ? ` to='${from}'` : ''}/>`);
      if (ping && !this.#managed) this.#on.proof?.(this);
    } else if (id === 'bind' && this.phase === 'login') {
      if (type === 'error') this.#gone(text.slice(start, end));
      else if (this.#options.management) this.#write(`<enable xmlns='${SM}' resume='true'/>`);
      else this.#begin();
    } else {
      this.#on.result?.(this, text.slice(start, end));
    }
  }

  /** A new session; what the last one left unacknowledged is sent again in it. */
  #begin() {
    clearTimeout(this.#watch);
    this.phase = 'up';
    this.sessions++;
    this.#managed = this.#options.management;
    this.#received = 0;
    this.#acknowledged = 0;
    const left = this.#unacknowledged.filter(({ tag }) => tag >= 0);
    this.#unacknowledged = [];
    if (this.#options.presence) this.#counted(-1, '<presence/>');
    this.#on.up?.(this, this.#how);
    for (const { tag, xml } of left) {
      this.#on.repeated?.(this, tag);
      this.#counted(tag, xml);
    }
    if (left.length > 0) this.requestAcknowledgement();
  }

  /** @param {number} h */
  #resumed(h) {
    clearTimeout(this.#watch);
    this.phase = 'up';
    this.#how = 'resumed';
    this.#cover(h);
    // XEP-0198 §5: our count came with the request.
    this.#on.proof?.(this);
    this.#on.up?.(this, 'resumed');
    for (const { tag, xml } of this.#unacknowledged) {
      if (tag >= 0) this.#on.repeated?.(this, tag);
      this.#write(xml);
    }
    this.requestAcknowledgement();
  }

  /** @param {string | undefined} h */
  #failed(h) {
    if (this.#step !== 'resume') {
      this.#gone('stream management was refused');
      return;
    }
    if (h !== undefined) this.#cover(Number(h));
    this.#step = 'bind';
    this.#how = 'again';
    this.#bind();
  }

  /** @param {number} h */
  #cover(h) {
    let count = (h - this.#acknowledged) >>> 0;
    if (count > this.#unacknowledged.length) {
      this.#gone(`h='${h}' covers what was never sent`);
      return;
    }
    this.#acknowledged = h;
    for (; count > 0; count--) {
      const entry = this.#unacknowledged.shift();
      if (entry !== undefined && entry.tag >= 0) this.#on.acknowledged?.(this, entry.tag);
    }
  }
}
