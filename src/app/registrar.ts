// The registrar that modules get: the administrative operations, with the errors that a client is told.
import { HashingRefusal } from '../auth/hashing.ts';
import type { Registrar } from '../host/registrar.ts';
import type { BareJid } from '../protocol/jid.ts';
import { PasswordError } from '../protocol/password.ts';
import { StanzaError, type StanzaCondition } from '../protocol/stanza-error.ts';
import { OperatorError } from '../util/errors.ts';
import type { AccountAdmin } from './account-admin.ts';

const CONDITIONS: Readonly<Record<string, StanzaCondition>> = {
  'account-exists': 'conflict',
  'account-missing': 'item-not-found',
  'db-write': 'resource-constraint',
};

/** Modules are made before the accounts can be administered: nothing works until `connect`. */
export class AccountRegistrar implements Registrar {
  private admin: AccountAdmin | undefined;

  connect(admin: AccountAdmin): void {
    this.admin = admin;
  }

  async create(address: BareJid, password: string): Promise<void> {
    await this.run((admin) => admin.create(address, password));
  }

  async setPassword(address: BareJid, password: string): Promise<void> {
    await this.run((admin) => admin.setPassword(address, password));
  }

  async remove(address: BareJid, removed?: () => void): Promise<void> {
    await this.run((admin) => admin.remove(address, removed));
  }

  private async run(act: (admin: AccountAdmin) => Promise<void>): Promise<void> {
    if (this.admin === undefined) throw new StanzaError('resource-constraint', 'wait');
    try {
      await act(this.admin);
    } catch (error) {
      throw asStanzaError(error) ?? error;
    }
  }
}

function asStanzaError(error: unknown): StanzaError | undefined {
  if (error instanceof PasswordError) {
    return new StanzaError('not-acceptable', 'modify', 'The password cannot be used.');
  }
  if (error instanceof HashingRefusal) return new StanzaError('resource-constraint', 'wait');
  const condition = error instanceof OperatorError ? CONDITIONS[error.code] : undefined;
  return condition === undefined ? undefined : new StanzaError(condition);
}
