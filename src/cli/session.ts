// What every command has at hand: the terminal, the parts of the server, and the settings of the file chosen.
import { setTimeout } from 'node:timers/promises';
import {
  connectControl,
  runCommand,
  type CommandArgs,
  type CommandName,
  type CommandResult,
  type ControlClient,
} from '../admin/index.ts';
import {
  checkConfig,
  controlSocket,
  findConfig,
  readConfig,
  type Settings,
} from '../config/index.ts';
import type { Timers } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import type { CliParts } from './parts.ts';
import type { Terminal } from './terminal.ts';

/** What the options before and behind a command say. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Runs administrative commands, wherever the accounts are to be had. */
export interface Admin {
  call<N extends CommandName>(name: N, args: CommandArgs): Promise<CommandResult<N>>;
  close(): Promise<void>;
}

/** One run of the command line. */
export class CliSession {
  readonly terminal: Terminal;
  readonly parts: CliParts;
  readonly timers: Timers;
  readonly #options: () => GlobalOptions;

  constructor(terminal: Terminal, parts: CliParts, timers: Timers, options: () => GlobalOptions) {
    this.terminal = terminal;
    this.parts = parts;
    this.timers = timers;
    this.#options = options;
  }

  /** What --config says. */
  get configOption(): string | undefined {
    return this.#options().config;
  }

  /** Keeps the process alive, unlike a timer. */
  sleep(ms: number): Promise<void> {
    return setTimeout(ms);
  }

  /** @throws ConfigError, OperatorError */
  async settings(): Promise<Settings> {
    const document = readConfig(findConfig(this.#options().config));
    const schemas = await this.parts.moduleSchemas(document.externalModules, document.file);
    return checkConfig(document, schemas);
  }

  /** The running server. @throws OperatorError `server-not-running` */
  connect(settings: Settings): Promise<ControlClient> {
    return connectControl(settings.control.socket, this.timers);
  }

  /**
   * The running server, to be told about a file that may have mistakes: only the place of its socket is read from it.
   * @throws OperatorError `server-not-running`, `config-unreadable`; ConfigError where not even that can be read
   */
  async connectForReload(): Promise<ControlClient> {
    const document = readConfig(findConfig(this.#options().config));
    return connectControl(controlSocket(document), this.timers);
  }

  /** Accounts of the running server, so that changes hold at once; else those in the database. */
  async accounts(settings: Settings): Promise<Admin> {
    try {
      const client = await this.connect(settings);
      return {
        call: (name, args) => client.call(name, args),
        close() {
          client.close();
          return Promise.resolve();
        },
      };
    } catch (error) {
      if (!(error instanceof OperatorError && error.code === 'server-not-running')) throw error;
    }
    const accounts = await this.parts.openAccountsOffline(settings);
    return {
      call: <N extends CommandName>(name: N, args: CommandArgs) =>
        runCommand(accounts.context, name, args) as Promise<CommandResult<N>>,
      close: () => accounts.close(),
    };
  }

  /** `use` with the accounts, which are closed afterwards whatever happens. */
  async withAccounts<R>(use: (admin: Admin, settings: Settings) => Promise<R>): Promise<R> {
    const settings = await this.settings();
    const admin = await this.accounts(settings);
    try {
      return await use(admin, settings);
    } finally {
      await admin.close();
    }
  }
}
