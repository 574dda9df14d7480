// Commands about the server itself.
import { OperatorError } from '../util/errors.ts';
import type { Domain } from '../protocol/jid.ts';
import { domain, integer, optional, words } from './arguments.ts';
import { command, requireServer, requireWorkers, type AdminContext } from './command.ts';
import { MAX_NOTICE_BYTES } from './notice-commands.ts';

export const status = command({
  noun: 'server',
  verb: 'status',
  describe: 'Tells which processes run, what they serve and how busy they are.',
  args: {},
  offline: false,
  run: (context) => requireServer(context).status(),
});

const DAY_S = 86_400;

/** When, and what those on line are told first. */
const WARNING = {
  delaySeconds: optional<number>(integer(0, DAY_S)),
  announcement: optional<string>(words(MAX_NOTICE_BYTES)),
};

async function warn(context: AdminContext, text: string | undefined): Promise<void> {
  if (text !== undefined) await requireWorkers(context).all('notice.announce', { text });
}

export const stop = command({
  noun: 'server',
  verb: 'stop',
  describe: 'Stores the sessions that can be resumed, ends the others and stops the server.',
  args: WARNING,
  offline: false,
  async run(context, args) {
    const server = requireServer(context);
    const { pid } = await server.status();
    await warn(context, args.announcement);
    await server.stop((args.delaySeconds ?? 0) * 1000);
    return { pid };
  },
});

export const restart = command({
  noun: 'server',
  verb: 'restart',
  describe: 'Replaces every worker by a new process, one after another; sessions go on.',
  args: WARNING,
  offline: false,
  async run(context, args) {
    const server = requireServer(context);
    if (server.restart === undefined) {
      throw new OperatorError(
        'restart-single',
        'a server of one process cannot replace its workers',
        'Start it without --single, or stop and start it.',
      );
    }
    await warn(context, args.announcement);
    await server.restart((args.delaySeconds ?? 0) * 1000);
    return { restarting: true };
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
