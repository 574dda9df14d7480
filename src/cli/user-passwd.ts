// xmppd user passwd
import type { Command } from 'commander';
import { readNewPassword } from './password-prompt.ts';
import type { CliSession } from './session.ts';

export function addUserPasswd(user: Command, session: CliSession): void {
  user
    .command('passwd')
    .description('set the password of an account; prompted for, or read from standard input')
    .argument('<address>', 'alice@example.org')
    .action((address: string) =>
      session.withAccounts(async (admin) => {
        const password = await readNewPassword(session.terminal, address);
        const changed = await admin.call('user passwd', { address, password });
        session.terminal.result(changed, `The password of ${changed.address} is set.`);
      }),
    );
}
