// A fresh process runs uncompiled code: its first thousands of stanzas cost several times what the later ones do. So while
// nobody has logged in yet, a worker plays ordinary traffic to itself: a second worker in the same process, over a database
// that goes away, and clients that log in, write to somebody absent, come back and read.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCredentials } from '../../auth/credentials.ts';
import type { Settings } from '../../config/index.ts';
import { STANDARD_MODULES } from '../../modules/standard.ts';
import { localPlacement } from '../../placement/local.ts';
import { Crossing } from '../../router/crossing.ts';
import { openInlineServer } from '../../storage/sqlite/open.ts';
import type { StoreServer } from '../../storage/sqlite/server.ts';
import { silentLog, type Log } from '../../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../../util/system-clock.ts';
import { connectLinks, NO_LINKS } from '../domain.ts';
import { startWorker, type Worker } from '../worker.ts';
import { RehearsalClient } from './client.ts';

// PERF(docs/performance.md): fewer leave the path half compiled, more change nothing.
const ROUNDS = 50;
/** What the compiler takes for a constant on the first stage is seen to vary on the second, and not in the real worker. */
const STAGES = 2;
const MESSAGES = 40;

/** What clients put behind a body. */
const EXTRAS = [
  '',
  "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>",
  "<thread>a-thread</thread><origin-id xmlns='urn:xmpp:sid:0' id='an-origin'/><markable xmlns='urn:xmpp:chat-markers:0'/>",
  '',
];

/** The keys guard nothing: making them must cost nothing either. */
const ITERATIONS = 1;
const PORTS = {
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  log: silentLog,
};

/**
 * Plays until done or until it is no longer wanted. What fails in it harms nobody and is logged for developers.
 * @param wanted asked before each round
 */
export async function rehearse(settings: Settings, wanted: () => boolean, log: Log): Promise<void> {
  const startedAtMs = systemClock.monotonicMs();
  let rounds = 0;
  try {
    for (let stages = 0; stages < STAGES && wanted(); stages++)
      rounds += await onStage(settings, wanted);
    const ms = Math.round(systemClock.monotonicMs() - startedAtMs);
    log.debug({ rounds, ms }, 'rehearsed');
  } catch (error) {
    log.debug({ err: error }, 'the rehearsal failed: the first clients find a cold program');
  }
}

async function onStage(settings: Settings, wanted: () => boolean): Promise<number> {
  const stage = await Stage.set(settings);
  try {
    return await stage.play(wanted);
  } finally {
    await stage.strike();
  }
}

/** The second worker and its door, for which nobody else has a password. TCP, as the sockets of clients are. */
class Stage {
  private readonly worker: Worker;
  private readonly listener: Server;
  private readonly domain: string;
  private readonly closeStore: () => void;
  private readonly password = systemRandom.id();

  private constructor(worker: Worker, domain: string, closeStore: () => void) {
    this.worker = worker;
    this.domain = domain;
    this.closeStore = closeStore;
    this.listener = createServer({ pauseOnConnect: true }, (socket) =>
      worker.accept(socket, 'c2s'),
    );
  }

  static async set(settings: Settings): Promise<Stage> {
    const crossing = new Crossing();
    const { worker, server } = await startOnScratch(settings, crossing);
    connectLinks(
      crossing,
      worker,
      localPlacement,
      silentLog,
      () => NO_LINKS,
      () => undefined,
    );
    const domain = settings.hosts[0]?.domain ?? 'localhost';
    const stage = new Stage(worker, domain, () => server.stop());
    await stage.hire('writer');
    await stage.hire('reader');
    await new Promise<void>((resolve, reject) => {
      stage.listener.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return stage;
  }

  /** @returns rounds played */
  async play(wanted: () => boolean): Promise<number> {
    const writer = await this.enter('writer');
    writer.send('<presence/>');
    let round = 0;
    for (; round < ROUNDS && wanted(); round++) {
      writer.send(this.messages('reader', round));
      await writer.hear(`id='said${round}'`);
      const reader = await this.enter('reader');
      const managed = round % 2 === 0;
      if (managed) reader.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
      reader.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
      await reader.hear('</message>', MESSAGES);
      if (managed) reader.send(`<a xmlns='urn:xmpp:sm:3' h='${MESSAGES}'/>`);
      reader.send(this.messages('writer', round));
      await writer.hear('</message>', MESSAGES);
      reader.end();
      await reader.hear('</stream:stream>');
    }
    writer.end();
    return round;
  }

  async strike(): Promise<void> {
    this.listener.close();
    for (const stream of this.worker.streams) stream.cut();
    await this.worker.close();
    this.closeStore();
  }

  private async hire(local: string): Promise<void> {
    const { commits, hashing, store } = this.worker;
    const unit = commits.storage.unit();
    const keys = await makeCredentials(this.password, hashing, systemRandom, ITERATIONS);
    store.create(unit, local, this.domain, keys, systemClock.now());
    await new Promise<void>((resolve) => {
      commits.submit(unit, 0, { settled: () => resolve() }, 0);
    });
  }

  private async enter(local: string): Promise<RehearsalClient> {
    const client = new RehearsalClient((this.listener.address() as AddressInfo).port, systemTimers);
    await client.logIn({ local, domain: this.domain, password: this.password });
    return client;
  }

  private said(id: string): string {
    return `<iq type='get' id='${id}' to='${this.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`;
  }

  private messages(to: string, round: number): string {
    let xml = '';
    for (let i = 0; i < MESSAGES; i++) {
      const id = `r${round}-${i}`;
      const body = '<body>A message like many others, of the usual length: see you at six.</body>';
      xml += `<message to='${to}@${this.domain}' id='${id}' type='chat'>${body}${EXTRAS[i % EXTRAS.length] ?? ''}</message>`;
    }
    return xml + this.said(`said${round}`);
  }
}

/** A worker whose database has no name any more: whatever becomes of this process, nothing is left behind. */
async function startOnScratch(
  settings: Settings,
  crossing: Crossing,
): Promise<{ worker: Worker; server: StoreServer }> {
  const directory = mkdtempSync(join(tmpdir(), `xmppd-rehearsal-${process.pid}-`));
  try {
    const path = join(directory, 'rehearsal.sqlite');
    const server = openInlineServer({ path, synchronous: 'OFF' }, PORTS);
    const worker = await startWorker({
      ...PORTS,
      settings: ofRehearsal(settings),
      modules: STANDARD_MODULES,
      placement: localPlacement,
      crossing,
      epoch: 0,
      storageMode: { kind: 'inline', server, worker: 0, incarnation: 0 },
      databasePath: path,
    });
    return { worker, server };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The operator's settings without what would slow or refuse the clients of the rehearsal. */
function ofRehearsal(settings: Settings): Settings {
  return {
    ...settings,
    tls: { ...settings.tls, required: false },
    auth: { ...settings.auth, mechanisms: ['SCRAM-SHA-256'], iterations: ITERATIONS },
    limits: { ...settings.limits, stanzasPerSecond: 0, bytesPerSecond: 0 },
  };
}
