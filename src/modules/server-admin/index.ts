// XEP-0133 (1.3.1): administration from a client; what the server says to its users; who was on line and when.
import type { Step } from '../../host/ad-hoc.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError, type StanzaCondition } from '../../protocol/stanza-error.ts';
import { OperatorError } from '../../util/errors.ts';
import { SERVER_COMMANDS, type Asking, type ServerCommand } from './commands.ts';
import { adminForm } from './forms.ts';
import { followLogIns } from './log-ins.ts';
import { Notices } from './notices.ts';
import { failed } from './results.ts';
import { SERVER_ADMIN_REMOVALS, SERVER_ADMIN_SCHEMA, ServerAdminStatements } from './store.ts';

export const serverAdmin: Module = {
  declaration: {
    name: 'server-admin',
    summary: 'Lets administrators run the server from a client, and the server speak to its users.',
    xeps: [
      {
        spec: 'XEP-0133',
        version: '1.3.1',
        status: 'complete',
        note: 'blacklist and whitelist are about other servers',
      },
    ],
    needs: ['adhoc'],
    stores: SERVER_ADMIN_SCHEMA,
    removals: SERVER_ADMIN_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const statements = new ServerAdminStatements(host.storage);
    followLogIns(host, statements);
    new Notices(host, statements).start();
    for (const command of SERVER_COMMANDS) offer(host, command);
  },
};

function offer(host: ModuleHost, command: ServerCommand): void {
  host.adHoc({
    node: `${NS.admin}#${command.node}`,
    name: command.name,
    // XEP-0133 §6: to nobody else.
    allows: (request) => host.isAdmin(request.from),
    async begin(request): Promise<Step> {
      const asking = askingFor(host, command, request);
      const { fields } = command;
      if (fields === undefined) {
        return await guarded(() =>
          command.run(asking, { kind: 'submit', formType: NS.admin, values: new Map() }),
        );
      }
      return await guarded(async () => ({
        form: adminForm(
          command.name,
          ...(typeof fields === 'function' ? await fields(asking) : fields),
        ),
        submit: (form) => guarded(() => command.run(asking, form)),
      }));
    },
  });
}

function askingFor(host: ModuleHost, { node }: ServerCommand, { from, to }: IqRequest): Asking {
  return {
    domain: to.domain,
    run: async (name, args = {}) => {
      // SECURITY: who did what; arguments hold passwords and are not logged.
      host.log.info({ by: from.full, node, command: name }, 'administrative command from a client');
      return (await host.run(name, args)) as never;
    },
  };
}

/** §5: errors that are stanza errors; the others are notes of a command that is over. */
const CONDITIONS: Readonly<Record<string, StanzaCondition>> = {
  'account-exists': 'conflict',
  'control-timeout': 'internal-server-error',
  'control-broken': 'internal-server-error',
  'control-busy': 'resource-constraint',
  'internal-error': 'internal-server-error',
  'restart-single': 'not-allowed',
};

async function guarded(run: () => Promise<Step>): Promise<Step> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const condition = CONDITIONS[error.code];
    if (condition === undefined) return failed(error.message);
    throw new StanzaError(condition, undefined, error.message);
  }
}
