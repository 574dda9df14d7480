// What was promised and what was seen: every message of a run, and the rules that a run must keep.
import { Router } from '../../dist/router/router.js';

/** Messages by what the server owes for them. */
export const KINDS = {
  chat: { type: 'chat', content: (id) => `<body>${id}</body>`, archivable: true, kept: true },
  normal: { type: '', content: (id) => `<body>${id}</body>`, archivable: true, kept: true },
  temporary: {
    type: 'chat',
    content: (id) => `<body>${id}</body><no-permanent-store xmlns='urn:xmpp:hints'/>`,
    archivable: false,
    kept: true,
  },
  'no-store': {
    type: 'chat',
    content: (id) => `<body>${id}</body><no-store xmlns='urn:xmpp:hints'/>`,
    archivable: false,
    kept: false,
  },
  headline: {
    type: 'headline',
    content: (id) => `<body>${id}</body>`,
    archivable: false,
    kept: false,
  },
  typing: {
    type: 'chat',
    content: () => "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    archivable: false,
    kept: false,
  },
};

/** Whose books are open: errors are seen where every one of them passes. */
const current = { witness: undefined };
const { send } = Router.prototype;
Router.prototype.send = function seen(stanza, from, to) {
  if (stanza.startsWith("<message type='error'")) {
    const id = / id='([^']*)'/.exec(stanza)?.[1];
    current.witness?.refused(id, stanza);
  }
  return send.call(this, stanza, from, to);
};

export class Witness {
  messages = new Map();
  violations = [];
  /** Doubles and the like that are allowed, for the figures. */
  notes = new Map();
  #world;
  #next = 0;

  constructor(world) {
    this.#world = world;
    current.witness = this;
  }

  violation(text) {
    this.violations.push(`${this.#world.scheduler.nowMs.toFixed(1)} ms: ${text}`);
    this.#world.trace(() => `VIOLATION ${text}`);
  }

  note(what) {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1);
  }

  /** @param to a JID */
  message(client, kind, to) {
    const n = ++this.#next;
    const id = `m${n}`;
    const { type, content } = KINDS[kind];
    const message = {
      id,
      n,
      kind,
      from: client,
      tag: client.session.tag,
      to,
      user: to.slice(0, to.indexOf('@')),
      attempts: 1,
      acknowledged: false,
      refused: false,
      xml: `<message id='${id}' to='${to}'${type === '' ? '' : ` type='${type}'`}>${content(id)}</message>`,
    };
    this.messages.set(id, message);
    this.#world.trace(() => `${client.session.tag} sends ${id} (${kind}) to ${to}`);
    return message;
  }

  acknowledged(message) {
    message.acknowledged = true;
    this.#world.trace(() => `${message.id} is acknowledged`);
  }

  refused(id, stanza) {
    const message = this.messages.get(id);
    if (message === undefined) return;
    message.refused = true;
    this.#world.trace(() => `${id} is refused: ${/<error.*?><([\w-]+)/.exec(stanza)?.[1]}`);
  }

  /** An error reached a sender. */
  refusedTo(id) {
    const message = this.messages.get(id);
    if (message !== undefined) message.refused = true;
  }

  /** A message reached a client, live or from what waited for it. */
  received(client, session, id, element) {
    const message = this.messages.get(id);
    this.#world.mark(`${session.tag}${id}`);
    this.#world.trace(
      () => `${session.tag} gets ${id}${element.includes('<delay') ? ' (late)' : ''}`,
    );
    if (message === undefined) return this.violation(`${session.tag} got ${id}, which nobody sent`);
    message.isPushed = true;
    if (message.user !== client.user)
      this.violation(`${session.tag} got ${id}, meant for ${message.user}`);
    const once = message.attempts === 1 && !this.#mayRepeat(message, element);
    if (session.seen.has(id)) {
      if (once) this.violation(`${session.tag} got ${id} (${message.kind}) twice`);
      else this.note('sent again and given twice to one session');
    }
    session.seen.add(id);
    const archiveId = /<stanza-id [^>]*\bid='(\d+)'/.exec(element)?.[1];
    if (archiveId !== undefined) (message.archiveIds ??= new Set()).add(archiveId);
    // XEP-0203 marks what comes again or late; what a client sent again has lost its place too.
    if (!once || message.isRerouted || element.includes('<delay')) return undefined;
    const pair = `${message.tag} ${message.to}`;
    const last = session.order.get(pair);
    if (last !== undefined && last.n > message.n)
      this.violation(`${session.tag} got ${id} behind ${last.id}, of ${pair}`);
    else session.order.set(pair, message);
    return undefined;
  }

  /** What may be seen twice after a crash (docs/develop/simulation.md). */
  #mayRepeat(message, element) {
    if (!this.#world.hasCrashed) return false;
    // On no disk, or no longer: a link that gives it again cannot look for it.
    if (!this.isArchived(message)) return true;
    // What is looked through is ten minutes by a clock that jumps.
    if (this.#world.temper.clockJumps) return true;
    // Proved, but the mark that says so was not written yet.
    return element.includes('<delay');
  }

  isArchived({ kind }) {
    return this.#world.settings.archive.enabled && KINDS[kind].archivable;
  }

  /** Acknowledged and to be kept, and no session was given it nor found it in the archive. */
  unpushed(clients) {
    return [...this.messages.values()].filter(
      ({ id, kind, user, acknowledged, refused, isPushed }) =>
        acknowledged &&
        !refused &&
        KINDS[kind].kept &&
        isPushed !== true &&
        !clients.some((client) => client.user === user && client.archived.has(id)),
    );
  }

  /** Acknowledged, to be kept, and nowhere to be found. @param judges a client of each user that has read it all */
  missing(judges, clients) {
    return [...this.messages.values()].filter((message) => {
      if (!message.acknowledged || message.refused || !KINDS[message.kind].kept) return false;
      const judge = judges.get(message.user);
      if (this.isArchived(message)) return !judge.archived.has(message.id);
      return ![judge, ...clients].some(
        ({ user, kept, archived }) =>
          user === message.user && (kept.has(message.id) || archived.has(message.id)),
      );
    });
  }

  /** After the run: everything acknowledged must be somewhere. @param judges a client of each user that has read it all */
  settle(judges, clients) {
    for (const { id, kind, to } of this.missing(judges, clients))
      this.violation(`${id} (${kind}) to ${to} was acknowledged and is lost`);
    for (const message of this.messages.values()) {
      if (!message.acknowledged || message.refused || !this.isArchived(message)) continue;
      if (!judges.get(message.from.user).archived.has(message.id))
        this.violation(`${message.id} was acknowledged and is not in the archive of its sender`);
    }
  }

  /** @param rows of the archive in the order of writing: owner, id, message id, incoming */
  archive(rows, isDoubleAllowed) {
    const last = new Map();
    const ids = new Set();
    const incoming = new Map();
    for (const { owner, id, message, isIncoming } of rows) {
      if (id <= (last.get(owner) ?? 0))
        this.violation(`archive ids of owner ${owner} run backwards at ${id}`);
      last.set(owner, id);
      ids.add(String(id));
      if (!isIncoming) continue;
      const times = (incoming.get(`${owner} ${message}`) ?? 0) + 1;
      incoming.set(`${owner} ${message}`, times);
      if (times === 1) continue;
      if (isDoubleAllowed(this.messages.get(message))) this.note('archived twice, as documented');
      else this.violation(`${message} is in the archive of owner ${owner} ${times} times`);
    }
    for (const { id, archiveIds } of this.messages.values()) {
      for (const archiveId of archiveIds ?? [])
        if (!ids.has(archiveId))
          this.violation(`${id} was given with archive id ${archiveId}, which is not on disk`);
    }
  }
}
