// Gives each scenario its server: fresh data with its users in it, or the one that `--attach` named.
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as server from './server.js';

/**
 * A server that is not ours: every scenario gets it as it is.
 * @param {{ port: number, pid: number }} where
 * @returns {import('./scenarios/types.js').Servers}
 */
export function attachedServers(where) {
  const target = { ...where, domain: server.DOMAIN, password: server.PASSWORD };
  return { attached: true, start: () => Promise.resolve(target) };
}

/** Starts servers of ours, one at a time, each in a directory of its own. */
export class OwnServers {
  attached = false;
  #directory;
  /** Data directories by the number of users in them: accounts are made once and copied. @type {Map<number, string>} */
  #prepared = new Map();
  /** @type {Awaited<ReturnType<typeof server.start>> | undefined} */
  #running = undefined;
  #number = 0;

  /** @param {string} directory */
  constructor(directory) {
    this.#directory = directory;
  }

  /**
   * @param {string} [root] a directory on the file system to be measured
   */
  static async create(root = tmpdir()) {
    return new OwnServers(await mkdtemp(join(root, 'xmppd-bench-')));
  }

  get directory() {
    return this.#directory;
  }

  /**
   * @param {import('./scenarios/types.js').ServerNeeds} needs
   * @param {boolean} [keepData]
   * @returns {Promise<import('./scenarios/types.js').Target>}
   */
  async start(needs, keepData = false) {
    await this.stop();
    const prepared = await this.#prepare(needs.users);
    if (!keepData) await rm(this.#current(), { recursive: true, force: true });
    if (!keepData) this.#number++;
    const directory = this.#current();
    const config = { ...needs, directory, port: await server.freePort() };
    await server.writeConfiguration(config);
    if (!keepData) await server.copyData(prepared, directory);
    const running = await server.start(config);
    this.#running = running;
    const { port, pid } = running;
    return { port, pid, domain: server.DOMAIN, password: server.PASSWORD };
  }

  async stop() {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Ends everything at once, when the driver itself is ended. */
  kill() {
    this.#running?.kill();
    this.remove();
  }

  remove() {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #current() {
    return join(this.#directory, `run-${this.#number}`);
  }

  /** @param {number} users */
  async #prepare(users) {
    const known = this.#prepared.get(users);
    if (known !== undefined) return known;
    const directory = join(this.#directory, `users-${users}`);
    const configFile = await server.writeConfiguration({
      directory,
      port: await server.freePort(),
      workers: 1,
      archive: false,
    });
    const { provision } = await import('./provision.js');
    await provision({ configFile, domain: server.DOMAIN, users, password: server.PASSWORD });
    this.#prepared.set(users, directory);
    return directory;
  }
}
