// The store of a run: the production writer over SQLite on a RAM disk, which can crash between any two batches and come back.
import { copyFileSync, existsSync, linkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from '../../dist/storage/sqlite/driver.js';
import { openInlineServer } from '../../dist/storage/sqlite/open.js';

/** Every connection of this process, so that those of crashed workers are closed too. */
const open = new Set();
const Database = sqlite();
const { pragma } = Database.prototype;
Database.prototype.pragma = function noted(...args) {
  open.add(this);
  return pragma.apply(this, args);
};

/** A directory on a RAM disk where there is one: nothing of a run has to outlive it. */
export class Shelf {
  #directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'xmppd-sim-'));
  #count = 0;

  /** A fresh database: a copy of what `fill` made once. */
  async next(fill) {
    const template = this.#file('template.db');
    if (!existsSync(template)) {
      await fill(template);
      this.#closeAll();
    }
    const path = this.#file(`${++this.#count}.db`);
    copyFileSync(template, path);
    linkSync(this.#file('template.reserve'), this.#file(`${this.#count}.reserve`));
    return path;
  }

  clear(path) {
    this.#closeAll();
    for (const end of ['.db', '.db-wal', '.db-shm', '.lock', '.lock-journal', '.reserve'])
      rmSync(path.replace(/\.db$/, end), { force: true });
  }

  remove() {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #closeAll() {
    for (const db of open) if (db.open) db.close();
    open.clear();
  }

  #file(name) {
    return join(this.#directory, name);
  }
}

export class SimStore {
  path;
  #world;
  #server;
  #life = { alive: false };
  #links = new Map();

  constructor(world, path) {
    this.#world = world;
    this.path = path;
    this.start();
  }

  get up() {
    return this.#life.alive;
  }

  start() {
    if (this.up) return;
    const life = { alive: true };
    this.#life = life;
    const { scheduler, log } = this.#world;
    this.#server = openInlineServer(
      { path: this.path, synchronous: 'OFF' },
      { clock: scheduler.clock, timers: scheduler.timers(() => life.alive), log },
    );
  }

  /** What had reached the writer is committed and not answered; what was on its way is lost. */
  crash() {
    if (!this.up) return;
    this.#life.alive = false;
    for (const link of [...this.#links.keys()]) link.abort();
    this.#links.clear();
    this.#server.stop();
  }

  /** The kernel closes the connection of a process that died. */
  hangUp(process) {
    for (const [link, owner] of [...this.#links]) {
      if (owner !== process) continue;
      this.#links.delete(link);
      link.abort();
    }
  }

  /** The `server` of storage mode inline, for one process. */
  portFor(process) {
    return {
      accept: (connect) => {
        if (!this.up || !process.alive) {
          connect({ frame: () => undefined, closed: () => undefined }).close();
          return;
        }
        this.#server.accept((events) => {
          const link = connect(events);
          this.#links.set(link, process);
          return link;
        });
      },
    };
  }

  /** The rows as they lie on disk. */
  rows(sql, ...params) {
    const db = new Database(this.path, { readonly: true });
    const rows = db.prepare(sql).all(...params);
    db.close();
    return rows;
  }
}
