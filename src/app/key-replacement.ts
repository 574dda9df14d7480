// Keys that a client made of its password go to its account's row: XEP-0480.
import type { AccountsStore } from '../account/accounts-store.ts';
import type { Commits } from '../account/commits.ts';
import type { Credentials } from '../auth/credentials.ts';
import type { KeyKeeper } from '../auth/key-upgrade.ts';
import type { StorageFailure } from '../storage/storage.ts';
import { OperatorError } from '../util/errors.ts';

export class KeyReplacement implements KeyKeeper {
  private readonly store: AccountsStore;
  private readonly commits: Commits;

  constructor(store: AccountsStore, commits: Commits) {
    this.store = store;
    this.commits = commits;
  }

  async replace(
    local: string,
    domain: string,
    known: Credentials,
    better: Credentials,
  ): Promise<void> {
    const unit = this.commits.storage.unit();
    this.store.improveKeys(unit, local, domain, known, better);
    const failure = await new Promise<StorageFailure | undefined>((resolve) => {
      this.commits.submit(unit, 0, { settled: (_n, failed) => resolve(failed) }, 0);
    });
    if (failure === undefined) return;
    throw new OperatorError(
      'db-write',
      `The keys of ${local}@${domain} could not be written: ${failure.message}.`,
      'Check the free space and the state of the disk; the old keys are still good.',
    );
  }
}
