// Administration: commands written once, and the socket through which a running server takes them.
export {
  SERVER_LOG_LEVELS,
  type AccountState,
  type AdminAccounts,
  type AdminContext,
  type AdminServer,
  type AdminWorkers,
  type ConfigReport,
  type OptionChange,
  type ServerLogLevel,
  type ServerStatus,
  type SessionCount,
  type StoreStatus,
  type WorkerStatus,
} from './command.ts';
export {
  COMMANDS,
  runCommand,
  type CommandArgs,
  type CommandName,
  type CommandResult,
} from './commands-table.ts';
export { connectControl, type ControlClient } from './control-client.ts';
export {
  openControlServer,
  type ControlServer,
  type ControlServerOptions,
} from './control-server.ts';
export { ERROR_CODES, EXIT, exitCodeOf, renderErrorReference } from './error-codes.ts';
