// xmppd user list
import type { Command } from 'commander';
import type { Admin, CliSession } from './session.ts';

export function addUserList(user: Command, session: CliSession): void {
  user
    .command('list')
    .description('list the accounts of a domain, or of every host')
    .argument('[domain]', 'example.org')
    .option('--disabled', 'only those that are disabled')
    .action((domain: string | undefined, options: { disabled?: boolean }) =>
      session.withAccounts(async (admin, settings) => {
        const domains = domain === undefined ? settings.hosts.map((host) => host.domain) : [domain];
        const accounts: string[] = [];
        for (const each of domains) await collect(admin, each, options.disabled === true, accounts);
        if (session.terminal.json || accounts.length > 0) {
          session.terminal.result({ accounts }, accounts.join('\n'));
        } else {
          session.terminal.note(`No accounts at ${domains.join(', ')}.`);
        }
      }),
    );
}

async function collect(
  admin: Admin,
  domain: string,
  isDisabled: boolean,
  into: string[],
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await admin.call('user list', {
      domain,
      ...(isDisabled ? { state: 'disabled' } : {}),
      ...(after === undefined ? {} : { after }),
    });
    into.push(...page.accounts);
    after = page.next;
  } while (after !== undefined);
}
