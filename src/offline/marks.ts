// Writes the marks of accounts, late and together: after a crash a message is given twice rather than lost.
import type { AccountView } from '../host/views.ts';
import { StorageError, type StatementId } from '../storage/storage.ts';
import type { Mailbox } from './mailbox.ts';
import { markParameters } from './store.ts';

export class Marks {
  private readonly statement: StatementId;
  private readonly dirty = new Map<AccountView, Mailbox>();

  constructor(statement: StatementId) {
    this.statement = statement;
  }

  changed(account: AccountView, mailbox: Mailbox): void {
    this.dirty.set(account, mailbox);
  }

  /** One unit for each account whose mark moved. */
  write(): void {
    for (const [account, mailbox] of this.dirty) {
      mailbox.compact();
      try {
        account.write(this.statement, ...markParameters(account.owner, mailbox.mark));
      } catch (error) {
        // Disk full, or too much under way: all that is left here is written another time.
        if (error instanceof StorageError) return;
        throw error;
      }
      this.dirty.delete(account);
    }
  }
}
