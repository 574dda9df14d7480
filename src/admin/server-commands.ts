// Commands about the server itself.
import type { Domain } from '../protocol/jid.ts';
import { domain, optional } from './arguments.ts';
import { command, requireServer } from './command.ts';

export const status = command({
  noun: 'server',
  verb: 'status',
  describe: 'Tells which processes run, what they serve and how busy they are.',
  args: {},
  offline: false,
  run: (context) => requireServer(context).status(),
});

export const stop = command({
  noun: 'server',
  verb: 'stop',
  describe: 'Stores the sessions that can be resumed, ends the others and stops the server.',
  args: {},
  offline: false,
  async run(context) {
    const server = requireServer(context);
    const { pid } = await server.status();
    await server.stop();
    return { pid };
  },
});

export const sessionCount = command({
  noun: 'session',
  verb: 'count',
  describe: 'Counts the sessions of a domain, or of all.',
  args: { domain: optional<Domain>(domain) },
  offline: false,
  run: (context, args) => requireServer(context).countSessions(args.domain),
});
