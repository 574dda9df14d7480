// Plays a script between clients that anybody can read: who connects, what is sent, what must come. See test/scenario/README.md.
import { Client, settled, type LoginOptions } from './client.ts';
import type { TestServer, User } from './server.ts';
import {
  canonical,
  conditionOf,
  difference,
  parseElements,
  type Captures,
  type Element,
} from './xml.ts';

interface Line {
  readonly number: number;
  readonly words: string;
  /** The indented lines below it. */
  readonly block: string;
}

export interface Script {
  /** What it shows: its first comment. */
  readonly title: string;
  readonly lines: readonly Line[];
}

export function parseScript(text: string): Script {
  const lines: { number: number; words: string; block: string }[] = [];
  let title = '';
  for (const [at, line] of text.split('\n').entries()) {
    if (line.startsWith('#')) title ||= line.slice(1).trim();
    else if (/^\s+\S/.test(line)) {
      const last = lines.at(-1);
      if (last !== undefined) last.block += `${line.trim()}\n`;
    } else if (line.trim() !== '') lines.push({ number: at + 1, words: line.trim(), block: '' });
  }
  return { title, lines };
}

type Act = (actor: Client, block: string) => Promise<void> | void;

/** One play of a script. */
export class Play {
  private readonly server: TestServer;
  private readonly users = new Map<string, User>();
  private readonly actors = new Map<string, Client>();
  private readonly captures: Captures = new Map();
  private readonly record: string[] = [];

  constructor(server: TestServer) {
    this.server = server;
  }

  /** @returns what every client received, in words that are the same in every play */
  async run(script: Script): Promise<string> {
    try {
      for (const line of script.lines) await this.line(line);
      for (const [name, actor] of this.actors) {
        for (const element of actor.transcript) this.record.push(`${name}: ${canonical(element)}`);
      }
      return this.anonymous(this.record.join('\n'));
    } finally {
      for (const actor of this.actors.values()) actor.connection.destroy();
    }
  }

  private async line({ number, words, block }: Line): Promise<void> {
    try {
      if (words === 'the server restarts') await this.server.restart();
      else if (words === 'the server is killed') await this.server.kill();
      else if (words === 'the server starts') await this.server.run();
      else await this.act(words, this.filled(block));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new TypeError(`line ${number}, "${words}": ${message}`, { cause: error });
    }
  }

  private async act(words: string, block: string): Promise<void> {
    const [, name = '', what = ''] = /^(\w+\/\w+) (.*?):?$/.exec(words) ?? [];
    const options = LOGINS[what];
    if (options !== undefined) {
      const [person = '', resource = ''] = name.split('/');
      const actor = await Client.login(this.server, this.person(person), { resource, ...options });
      this.actors.set(name, actor);
      return;
    }
    const actor = this.actors.get(name);
    if (actor === undefined) throw new TypeError(`who is "${name}"?`);
    if (what === 'is replaced by another client') await this.replace(name, actor);
    else if (what === 'receives nothing') await this.receivesNothing(actor);
    else if (what === 'receives in any order') await this.receivesInAnyOrder(actor, block);
    else if (what === 'receives') await actor.receives(block, this.captures);
    else {
      const act = ACTS[what];
      if (act === undefined) throw new TypeError('nobody knows how to do this');
      await act(actor, block);
    }
  }

  /** RFC 6120 §7.7.2.2: somebody binds the same resource. */
  private async replace(name: string, old: Client): Promise<void> {
    const resource = name.split('/')[1] ?? '';
    this.actors.set(name, await Client.login(this.server, old.user, { resource }));
    const error = await old.connection.streamError();
    if (conditionOf(error) !== 'conflict') throw new TypeError(canonical(error));
  }

  private async receivesNothing(actor: Client): Promise<void> {
    const others = [...this.actors.values()].filter(
      (other) => other !== actor && other.connection.usable,
    );
    const came = await settled(actor, ...others);
    if (came.length > 0) throw new TypeError(`but ${came.map((el) => canonical(el)).join('\n')}`);
  }

  private async receivesInAnyOrder(actor: Client, block: string): Promise<void> {
    const wanted = parseElements(block);
    while (wanted.length > 0) {
      const actual = await actor.next();
      const at = wanted.findIndex((pattern) => difference(pattern, actual) === undefined);
      if (at === -1) throw new TypeError(`${canonical(actual)} came`);
      wanted.splice(at, 1);
    }
    // So that transcripts can be compared.
    const from = actor.transcript.length - parseElements(block).length;
    const sorted = actor.transcript
      .splice(from)
      .sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
    actor.transcript.push(...sorted);
  }

  private person(name: string): User {
    const known = this.users.get(name) ?? this.server.user();
    this.users.set(name, known);
    return known;
  }

  /** `{Alice}` is her bare JID, `{Alice/phone}` a full one, `{host}` the server. */
  private filled(block: string): string {
    return block
      .replaceAll('{host}', this.server.host)
      .replaceAll(/\{(\w+)(\/\w+)?\}/g, (_, name: string, resource = '') =>
        this.person(name).bare.concat(resource as string),
      )
      .replaceAll(/\$\w+/g, (name) => this.captures.get(name) ?? name);
  }

  private anonymous(text: string): string {
    let plain = text;
    for (const [name, { local }] of this.users) plain = plain.replaceAll(local, name);
    const ids = new Map<string, number>();
    return plain
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '(then)')
      .replaceAll(/ ver='\w+-\d+'/g, " ver='(version)'")
      .replaceAll(/\b\d{12,}\b|(?<=')[\w-]{22}(?=')/g, (id) => {
        if (!ids.has(id)) ids.set(id, ids.size);
        return `(id ${ids.get(id) ?? ''})`;
      });
  }
}

const LOGINS: Readonly<Record<string, LoginOptions>> = {
  connects: {},
  'connects with acknowledgements': { managed: true },
  'connects with acknowledgements, to be forgotten after a second': {
    managed: true,
    resumeWithin: 1,
  },
  'comes online': { online: true },
  'comes online with acknowledgements': { managed: true, online: true },
};

const ACTS: Readonly<Record<string, Act>> = {
  sends: (actor, block) => actor.send(block.replaceAll('\n', '')),
  'sends as written': (actor, block) => actor.send(block.trimEnd()),
  'is acknowledged': (actor) => actor.isAcknowledged(),
  'stops acknowledging': (actor) => {
    actor.acknowledging = false;
  },
  acknowledges: (actor) => {
    actor.acknowledging = true;
    actor.acknowledge();
  },
  // XEP-0352 §4.2
  'becomes inactive': (actor) => actor.sendRaw("<inactive xmlns='urn:xmpp:csi:0'/>"),
  'becomes active': (actor) => actor.sendRaw("<active xmlns='urn:xmpp:csi:0'/>"),
  'loses its connection': (actor) => actor.cut(),
  // The old connection stays open and is not read: the server does not know yet that it is of no use.
  'is left hanging': (actor) => void actor.connection.socket.pause(),
  disconnects: (actor) => actor.close(),
  resumes: async (actor) => {
    const failure = await actor.resume();
    if (failure !== undefined) throw new TypeError(`it can't: ${canonical(failure)}`);
  },
  'cannot resume': async (actor) => {
    const failure = await actor.resume();
    if (failure === undefined) throw new TypeError('but it can');
    const wanted = parseElements(
      "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    )[0] as Element;
    const wrong = difference(wanted, failure);
    if (wrong !== undefined) throw new TypeError(wrong);
  },
  'starts anew and sends again what was not acknowledged': (actor) => actor.startAnew(),
};
