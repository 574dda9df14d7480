// The administrative operations on accounts, for the running server and for the command line without one.
import type { AccountState, AdminAccounts } from '../admin/index.ts';
import type { AccountsStore } from '../account/accounts-store.ts';
import type { Commits } from '../account/commits.ts';
import { makeCredentials, type Credentials } from '../auth/credentials.ts';
import type { Hashing } from '../auth/hashing.ts';
import { parseJid, type BareJid, type Domain } from '../protocol/jid.ts';
import type { StatementId } from '../storage/storage.ts';
import type { Clock, Random } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { committed, ConstraintBroken } from './committed.ts';

export interface AccountAdminParts {
  readonly store: AccountsStore;
  readonly commits: Commits;
  readonly hashing: Hashing;
  /** Asked for each password. */
  readonly iterations: () => number;
  readonly random: Random;
  readonly clock: Clock;
  /** Statements that delete what an account left, each with its owner id. */
  readonly removals: () => readonly StatementId[];
  /** Statements that end what an account's password was exchanged for, each with its owner id. */
  readonly revocations: () => readonly StatementId[];
  /** Told after a change is on disk: memory forgets, sessions of a removed account end. */
  readonly changed: (address: BareJid, what: AccountChange) => void | Promise<void>;
}

/** `disabled` and `password`: whoever is logged in by the old state must not stay so. */
export type AccountChange = 'created' | 'removed' | 'disabled' | 'enabled' | 'password';

export interface NewAccount {
  readonly local: string;
  readonly domain: string;
  readonly credentials: Credentials;
}

export class AccountAdmin implements AdminAccounts {
  private readonly parts: AccountAdminParts;

  constructor(parts: AccountAdminParts) {
    this.parts = parts;
  }

  async create(address: BareJid, password: string): Promise<void> {
    const { local, domain } = parseJid(address);
    if ((await this.parts.store.idOf(local, domain)) !== undefined) throw exists(address);
    await this.createMany([{ local, domain, credentials: await this.credentials(password) }]);
  }

  /** Many at once, with keys made before (imports, load tests). @throws OperatorError `account-exists` */
  async createMany(accounts: readonly NewAccount[]): Promise<void> {
    const { commits, store, clock } = this.parts;
    for (let i = 0; i < accounts.length; i += 256) {
      const done = accounts.slice(i, i + 256).map((account) => {
        const unit = commits.storage.unit();
        store.create(unit, account.local, account.domain, account.credentials, clock.now());
        return committed(commits, unit, 0).catch((error: unknown) => {
          throw error instanceof ConstraintBroken
            ? exists(`${account.local}@${account.domain}`)
            : error;
        });
      });
      await Promise.all(done);
    }
    for (const { local, domain } of accounts)
      await this.parts.changed(`${local}@${domain}` as BareJid, 'created');
  }

  async setPassword(address: BareJid, password: string): Promise<void> {
    const { local, domain } = parseJid(address);
    const id = await this.idOf(address);
    const unit = this.parts.commits.storage.unit();
    this.parts.store.setPassword(unit, local, domain, await this.credentials(password));
    // SECURITY: whoever changes a password may do so because somebody else knows it.
    for (const statement of this.parts.revocations()) unit.add(statement, id);
    await committed(this.parts.commits, unit, id);
    await this.parts.changed(address, 'password');
  }

  async setDisabled(address: BareJid, disabled: boolean): Promise<void> {
    const id = await this.idOf(address);
    const { commits, store } = this.parts;
    const unit = commits.storage.unit();
    store.setDisabled(unit, id, disabled);
    if (disabled) for (const statement of this.parts.revocations()) unit.add(statement, id);
    await committed(commits, unit, id);
    await this.parts.changed(address, disabled ? 'disabled' : 'enabled');
  }

  /** @param removed runs when the rows are gone, before the sessions end */
  async remove(address: BareJid, removed?: () => void): Promise<void> {
    const id = await this.idOf(address);
    const { commits, store } = this.parts;
    const unit = commits.storage.unit();
    for (const statement of this.parts.removals()) unit.add(statement, id);
    store.remove(unit, id);
    await committed(commits, unit, id);
    removed?.();
    await this.parts.changed(address, 'removed');
  }

  async list(
    domain: Domain,
    after: BareJid | undefined,
    limit: number,
    state: AccountState = 'any',
  ): Promise<readonly BareJid[]> {
    const last = after === undefined ? '' : parseJid(after).local;
    const locals = await this.parts.store.page(domain, last, limit, state === 'disabled');
    return locals.map((local) => `${local}@${domain}` as BareJid);
  }

  private async credentials(password: string): Promise<Credentials> {
    return await makeCredentials(
      password,
      this.parts.hashing,
      this.parts.random,
      this.parts.iterations(),
    );
  }

  private async idOf(address: BareJid): Promise<number> {
    const { local, domain } = parseJid(address);
    const id = await this.parts.store.idOf(local, domain);
    if (id === undefined) {
      throw new OperatorError(
        'account-missing',
        `There is no account ${address}.`,
        'List the accounts with `xmppd user list`.',
      );
    }
    return id;
  }
}

function exists(address: string): OperatorError {
  return new OperatorError(
    'account-exists',
    `There is an account ${address} already.`,
    'Choose another name, or change its password with `xmppd user passwd`.',
  );
}
