// xmppd user del
import type { Command } from 'commander';
import type { CliSession } from './session.ts';

export function addUserDel(user: Command, session: CliSession): void {
  user
    .command('del')
    .description('delete an account with everything it owns, and end its sessions')
    .argument('<address>', 'alice@example.org')
    .action((address: string) =>
      session.withAccounts(async (admin) => {
        const deleted = await admin.call('user del', { address });
        session.terminal.result(deleted, `Deleted ${deleted.address}.`);
      }),
    );
}
