// The port by which a module makes, changes and removes accounts.
import type { BareJid } from '../protocol/jid.ts';

/**
 * Every call resolves when the change is on disk.
 * @throws StanzaError (rejects) `conflict`: there is such an account; `item-not-found`: there is none; `not-acceptable`:
 *   the password cannot be one; `resource-constraint`: not now
 */
export interface Registrar {
  /** Never overwrites. */
  create(address: BareJid, password: string): Promise<void>;
  setPassword(address: BareJid, password: string): Promise<void>;
  /**
   * All rows of the account, then its sessions (not-authorized).
   * @param removed runs between the two
   */
  remove(address: BareJid, removed?: () => void): Promise<void>;
}
