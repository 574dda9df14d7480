// A simulated client: what an honest client of XEP-0198 does, with what its device remembers over cuts and crashes.
import { attribute, ElementCutter, nameOf } from './elements.js';

const NS_SM = 'urn:xmpp:sm:3';
const NS_MAM = 'urn:xmpp:mam:2';
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='sim.example' version='1.0'>";
const CLOSE = '</stream:stream>';
const MAX_PAGE = 20;

/** A bound resource as its client sees it; it outlives connections. */
class ClientSession {
  /** Names it in the witness's books. */
  tag;
  token = '';
  /** <enable/> is sent; <enabled/> has come. */
  isManaged = false;
  isEnabled = false;
  /** Stanzas since <enable/>, in order: those without an <a/> yet. */
  unacknowledged = [];
  sent = 0;
  acknowledged = 0;
  /** Our h. */
  received = 0;
  /** Received and not yet proved by us. */
  held = [];
  /** Message ids that came, and for each sender's session and address how far. */
  seen = new Set();
  order = new Map();

  constructor(tag) {
    this.tag = tag;
  }
}

export class SimClient {
  user;
  resource;
  /** What the device has for certain: ids of messages. */
  kept = new Set();
  /** Ids that it has seen in the archive. */
  archived = new Set();
  session;
  state = 'off';
  /** Answers no <r/> for a while. */
  isLazy = false;
  #world;
  #socket;
  #worker;
  #formerWorker;
  #cutter;
  #wantsManagement;
  #wantsResumption;
  #isLoggedIn = false;
  #onArchive;
  #sockets = 0;

  constructor(world, user, resource, { managed, resumes }) {
    this.#world = world;
    this.user = user;
    this.resource = resource;
    this.#wantsManagement = managed;
    this.#wantsResumption = resumes;
  }

  get name() {
    return `${this.user}/${this.resource}`;
  }

  get jid() {
    return `${this.user}@sim.example/${this.resource}`;
  }

  get online() {
    return this.state === 'on';
  }

  /** Opens a connection; an old one that hangs is left hanging. */
  connect() {
    const worker = this.#world.anyWorker();
    if (worker === undefined) return;
    this.#formerWorker = this.#worker;
    this.#worker = worker;
    this.#socket?.break(false);
    this.#keepHeld();
    if (this.session?.token === '') this.session = undefined;
    this.state = 'connecting';
    this.#isLoggedIn = false;
    this.#cutter = new ElementCutter();
    this.#socket = worker.connect(`${this.name}#${++this.#sockets}`, this);
    this.#world.trace(() => `${this.name} connects to ${worker.name}`);
    this.#socket.send(HEADER);
  }

  /** @param noticed false: the server's end hangs */
  cut(noticed) {
    this.#socket?.break(noticed);
    this.#gone();
  }

  /** The device loses what it had not stored: the session, and what it had not acknowledged. */
  crash() {
    this.#socket?.break(true);
    if (this.session !== undefined) this.session.held = [];
    this.#gone();
    this.session = undefined;
  }

  logOut() {
    this.#socket?.send(CLOSE);
    this.state = 'leaving';
  }

  presence(content) {
    this.#stanza(content);
  }

  /** @param message as the witness made it */
  message(message) {
    this.#stanza(message.xml, message);
  }

  acknowledge() {
    const { session } = this;
    if (session?.isEnabled !== true || !this.online) return;
    this.#keepHeld();
    this.#socket.send(`<a xmlns='${NS_SM}' h='${session.received}'/>`);
  }

  request() {
    if (this.session?.isManaged === true && this.online) this.#socket.send(`<r xmlns='${NS_SM}'/>`);
  }

  /** One page of the archive: the last one, or all behind an id. */
  archive(after, done) {
    const id = `q${this.#world.count()}`;
    this.#onArchive = { id, done };
    const place = after === undefined ? '<before/>' : after === '' ? '' : `<after>${after}</after>`;
    this.#stanza(
      `<iq type='set' id='${id}'><query xmlns='${NS_MAM}' queryid='${id}'><set xmlns='http://jabber.org/protocol/rsm'><max>${MAX_PAGE}</max>${place}</set></query></iq>`,
    );
  }

  // ---- the connection

  data(socket, text) {
    if (socket !== this.#socket) return;
    for (const element of this.#cutter.push(text)) {
      if (socket !== this.#socket) return;
      this.#element(element);
    }
  }

  ended(socket) {
    if (socket !== this.#socket) return;
    socket.finish();
    this.#gone();
  }

  #gone() {
    if (this.state === 'off') return;
    this.#world.trace(() => `${this.name} is off line`);
    this.state = 'off';
    this.#socket = undefined;
    // What the application has, it has; a crash empties this before.
    this.#keepHeld();
    if (this.session?.token === '') this.session = undefined;
  }

  #element(element) {
    switch (nameOf(element)) {
      case 'stream:features':
        this.#features();
        return;
      case 'success':
        this.#isLoggedIn = true;
        this.#socket.send(HEADER);
        return;
      case 'stream:error':
        this.#error(element);
        return;
      case '/stream:stream':
        this.#closed();
        return;
      case 'resumed':
        this.#resumed(Number(attribute(element, 'h')));
        return;
      case 'failed':
        this.#failed(attribute(element, 'h'));
        return;
      case 'enabled':
        // XEP-0198 §4: both sides count from here.
        this.session.token = attribute(element, 'id') ?? '';
        this.session.received = 0;
        this.session.isEnabled = true;
        return;
      case 'a':
        this.#acknowledged(Number(attribute(element, 'h')));
        return;
      case 'r':
        if (!this.isLazy) this.acknowledge();
        return;
      case 'iq':
        if (this.state !== 'connecting') this.#stanzaIn(element);
        else if (attribute(element, 'type') === 'error') this.cut(true);
        else this.#bound();
        return;
      default:
        this.#stanzaIn(element);
    }
  }

  #features() {
    if (!this.#isLoggedIn) {
      const who = Buffer.from(`${this.user}@sim.example`).toString('base64');
      this.#socket.send(`<auth xmlns='${NS_SASL}' mechanism='PLAIN'>${who}</auth>`);
    } else if (this.session !== undefined && this.session.token !== '') {
      const { token, received } = this.session;
      this.#keepHeld();
      this.#socket.send(`<resume xmlns='${NS_SM}' previd='${token}' h='${received}'/>`);
    } else this.#bind();
  }

  #bind() {
    this.#socket.send(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${this.resource}</resource></bind></iq>`,
    );
  }

  #bound() {
    this.state = 'on';
    // Left of a session that was not found. Until here a new connection would have asked for it again.
    const leftover = this.session?.unacknowledged.flatMap(({ message }) => message ?? []) ?? [];
    const session = new ClientSession(`${this.name}~${this.#world.count()}`);
    this.session = session;
    this.#world.trace(() => `${session.tag} is bound`);
    if (this.#wantsManagement) {
      this.#socket.send(
        `<enable xmlns='${NS_SM}'${this.#wantsResumption ? " resume='true'" : ''}/>`,
      );
      session.isManaged = true;
    }
    // What no <a/> covered goes again, first and in order.
    for (const message of leftover) {
      message.attempts++;
      this.message(message);
    }
    this.presence('<presence/>');
  }

  #resumed(h) {
    const { session } = this;
    this.state = 'on';
    this.#world.trace(() => `${session.tag} is resumed, h=${h} of ${session.sent}`);
    this.#acknowledged(h);
    for (const { xml } of session.unacknowledged) this.#socket.send(xml);
  }

  #failed(h) {
    const { session } = this;
    this.#world.trace(() => `${session.tag} is not found`);
    if (h !== undefined) this.#acknowledged(Number(h));
    // What the session sent may be on its way still, and arrive behind what is sent again now.
    if (this.#world.isHeard(this.#formerWorker))
      for (const { message } of session.unacknowledged) if (message) message.mayComeTwice = true;
    this.#bind();
  }

  #error(element) {
    this.#world.trace(() => `${this.name}: ${element}`);
    if (
      /<(conflict|not-authorized|system-shutdown|resource-constraint|policy-violation)/.test(
        element,
      )
    ) {
      this.#keepHeld();
      this.session = undefined;
    } else if (
      /<(undefined-condition|internal-server-error|invalid-|not-well-formed|bad-format)/.test(
        element,
      )
    ) {
      this.#world.witness.violation(`${this.name} was told ${element}`);
      this.session = undefined;
    }
  }

  /** The other side closed the stream: what stood on it is over, unless an error said that only the connection is. */
  #closed() {
    const { state } = this;
    const socket = this.#socket;
    if (state === 'leaving') {
      this.#keepHeld();
      this.session = undefined;
    }
    this.#gone();
    socket?.finish();
  }

  #stanza(xml, message) {
    const { session } = this;
    if (session === undefined || !this.online) return;
    if (session.isManaged) session.unacknowledged.push({ n: ++session.sent, xml, message });
    this.#socket.send(xml);
  }

  #acknowledged(h) {
    const { session } = this;
    const { witness } = this.#world;
    if (session === undefined) return;
    if (!(h >= session.acknowledged && h <= session.sent)) {
      witness.violation(
        `${session.tag} was acknowledged ${h} of ${session.sent}, before ${session.acknowledged}`,
      );
      return;
    }
    session.acknowledged = h;
    while (session.unacknowledged.length > 0 && session.unacknowledged[0].n <= h) {
      const { message } = session.unacknowledged.shift();
      if (message !== undefined) witness.acknowledged(message);
    }
  }

  #stanzaIn(element) {
    const { session } = this;
    if (session === undefined) return;
    session.received++;
    const name = nameOf(element);
    if (name === 'message') this.#messageIn(session, element);
    else if (name === 'iq') this.#iqIn(element);
  }

  #messageIn(session, element) {
    const { witness } = this.#world;
    const inner = element.indexOf('<forwarded');
    const id = attribute(
      inner === -1 ? element : element.slice(element.indexOf('<message', inner)),
      'id',
    );
    if (id === undefined) return;
    if (inner !== -1) {
      this.archived.add(id);
      session.held.push(id);
      return;
    }
    if (attribute(element, 'type') === 'error') {
      witness.refusedTo(id);
      return;
    }
    session.held.push(id);
    witness.received(this, session, id, element);
  }

  #iqIn(element) {
    const type = attribute(element, 'type');
    const id = attribute(element, 'id');
    if (type === 'get' && element.includes('urn:xmpp:ping')) {
      this.#keepHeld();
      this.#stanza(`<iq type='result' id='${id}'/>`);
    } else if (this.#onArchive?.id === id) {
      const { done } = this.#onArchive;
      this.#onArchive = undefined;
      const last = /<last>(\d+)<\/last>/.exec(element)?.[1];
      done?.({ failed: type === 'error', complete: element.includes("complete='true'"), last });
    }
  }

  #keepHeld() {
    for (const id of this.session?.held.splice(0) ?? []) this.kept.add(id);
  }
}
