// What the command line needs from the rest of the server. Handed in, and loaded only when used: `xmppd status` should
// not wait for a database driver.
import type { AdminContext } from '../admin/index.ts';
import type { ModuleSchemas, Settings } from '../config/index.ts';

/** The database alone, while no server runs. */
export interface OfflineAccounts {
  readonly context: AdminContext;
  close(): Promise<void>;
}

/** What a check of the database found. */
export interface DatabaseReport {
  readonly sound: boolean;
  readonly problems: readonly string[];
  readonly brokenReferences: readonly { readonly table: string; readonly parent: string }[];
  readonly schemaVersions: ReadonlyMap<string, number>;
  readonly databaseBytes: number;
  readonly walBytes: number;
}

export interface CliParts {
  /**
   * Runs the server, or hands on what to run.
   * @param options `single`: in one process; `json`: errors as JSON
   * @throws OperatorError when it cannot start
   */
  start(
    settings: Settings,
    options: { readonly single: boolean; readonly json: boolean },
  ): Promise<void>;
  /** @throws OperatorError, when a server has the database for instance */
  openAccountsOffline(settings: Settings): Promise<OfflineAccounts>;
  /** Options of the modules that come along, and of the external ones that a configuration names. */
  moduleSchemas(external: readonly string[], file: string | undefined): Promise<ModuleSchemas>;
  /** @throws OperatorError when there is no database that can be opened */
  checkDatabase(path: string): Promise<DatabaseReport>;
  /** Copies the database while it is in use. @throws OperatorError when the target exists */
  backupDatabase(
    path: string,
    target: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<void>;
}
