// Commands about the configuration of the running server.
import { oneOf } from './arguments.ts';
import { command, requireServer, SERVER_LOG_LEVELS, type ServerLogLevel } from './command.ts';

export const reload = command({
  noun: 'server',
  verb: 'reload',
  describe:
    'Reads the configuration again; a file with mistakes leaves the one that runs in force.',
  args: {},
  offline: false,
  run: (context) => requireServer(context).reload(),
});

export const configDiff = command({
  noun: 'config',
  verb: 'diff',
  describe: 'Tells what a reload would change, and what needs a restart.',
  args: {},
  offline: false,
  run: (context) => requireServer(context).configDiff(),
});

export const logLevel = command({
  noun: 'log',
  verb: 'level',
  describe: 'Sets the least severe message that is written, until the next reload.',
  args: { level: oneOf<ServerLogLevel>(SERVER_LOG_LEVELS) },
  offline: false,
  async run(context, { level }) {
    await requireServer(context).setLogLevel(level);
    return { level };
  },
});
