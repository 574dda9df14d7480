// xmppd user add
import type { Command } from 'commander';
import { readNewPassword } from './password-prompt.ts';
import type { CliSession } from './session.ts';

export function addUserAdd(user: Command, session: CliSession): void {
  user
    .command('add')
    .description('make an account; the password is prompted for, or read from standard input')
    .argument('<address>', 'alice@example.org')
    .action((address: string) =>
      session.withAccounts(async (admin) => {
        const password = await readNewPassword(session.terminal, address);
        const added = await admin.call('user add', { address, password });
        session.terminal.result(added, `Added ${added.address}.`);
      }),
    );
}
