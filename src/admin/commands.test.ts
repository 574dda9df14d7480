import type { BareJid } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import type { AdminAccounts, AdminContext } from './command.ts';
import { COMMANDS, runCommand } from './commands-table.ts';
import type { AccountPage } from './user-commands.ts';

class MemoryAccounts implements AdminAccounts {
  readonly passwords = new Map<string, string>();

  create(address: BareJid, password: string): Promise<void> {
    this.passwords.set(address, password);
    return Promise.resolve();
  }

  setPassword(address: BareJid, password: string): Promise<void> {
    return this.create(address, password);
  }

  setDisabled(): Promise<void> {
    return Promise.resolve();
  }

  remove(address: BareJid): Promise<void> {
    this.passwords.delete(address);
    return Promise.resolve();
  }

  list(domain: string, after: string | undefined, limit: number): Promise<readonly BareJid[]> {
    const all = [...this.passwords.keys()].filter((each) => each.endsWith(`@${domain}`)).sort();
    const behind = all.filter((each) => after === undefined || each > after);
    return Promise.resolve(behind.slice(0, limit) as BareJid[]);
  }
}

function contextWith(accounts: AdminAccounts): AdminContext {
  return { hosts: ['example.org'], accounts };
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'none';
  } catch (error) {
    return error instanceof OperatorError ? error.code : String(error);
  }
}

test('an address is prepared before it becomes an account', async () => {
  const accounts = new MemoryAccounts();
  await runCommand(contextWith(accounts), 'user add', {
    address: 'Alice@EXAMPLE.org',
    password: 'wonder land',
  });
  expect([...accounts.passwords]).toEqual([['alice@example.org', 'wonder land']]);
});

test.each([
  ['no address', { password: 'x' }],
  ['a domain', { address: 'example.org', password: 'x' }],
  ['a full address', { address: 'a@example.org/r', password: 'x' }],
  ['a malformed address', { address: 'a b@example.org', password: 'x' }],
  ['an empty password', { address: 'a@example.org', password: '' }],
  ['a password that no mechanism can use', { address: 'a@example.org', password: '\u0000' }],
  ['a password that is too long', { address: 'a@example.org', password: 'x'.repeat(1025) }],
  ['an argument too many', { address: 'a@example.org', password: 'x', admin: true }],
  ['no arguments at all', undefined],
])('an account is not made from %s', async (_, args) => {
  const accounts = new MemoryAccounts();
  expect(await codeOf(runCommand(contextWith(accounts), 'user add', args))).toBe(
    'command-arguments',
  );
  expect(accounts.passwords.size).toBe(0);
});

test('an error about a password does not repeat it', async () => {
  const args = { address: 'a@example.org', password: `secret\u0000` };
  await expect(runCommand(contextWith(new MemoryAccounts()), 'user add', args)).rejects.toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') as string }),
  );
});

test('an account of a domain that is not served is refused', async () => {
  const args = { address: 'a@example.com', password: 'x' };
  expect(await codeOf(runCommand(contextWith(new MemoryAccounts()), 'user add', args))).toBe(
    'host-unknown',
  );
});

test('an account of a domain that is no longer served can still be deleted', async () => {
  const accounts = new MemoryAccounts();
  accounts.passwords.set('a@old.example', 'x');
  await runCommand(contextWith(accounts), 'user del', { address: 'a@old.example' });
  expect(accounts.passwords.size).toBe(0);
});

test('a list too large for a frame comes in parts, each account once', async () => {
  const accounts = new MemoryAccounts();
  for (let at = 0; at < 1500; at += 1) {
    accounts.passwords.set(`${String(at).padStart(60, '0')}@example.org`, '');
  }
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const args = { domain: 'example.org', ...(after === undefined ? {} : { after }) };
    const page = (await runCommand(contextWith(accounts), 'user list', args)) as AccountPage;
    expect(JSON.stringify(page).length).toBeLessThan(60_000);
    seen.push(...page.accounts);
    after = page.next;
  } while (after !== undefined);
  expect(seen).toEqual([...accounts.passwords.keys()].sort());
});

test('what needs the running server says so when there is none', async () => {
  const context = contextWith(new MemoryAccounts());
  for (const [name, { offline }] of Object.entries(COMMANDS)) {
    if (!offline) expect(await codeOf(runCommand(context, name, {}))).toBe('server-not-running');
  }
});

test.each(['user', 'user frob', 'toString', '__proto__'])(
  'there is no command %s',
  async (name) => {
    const context = contextWith(new MemoryAccounts());
    expect(await codeOf(runCommand(context, name, {}))).toBe('command-unknown');
  },
);
