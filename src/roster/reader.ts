// What other features may know of an account's contacts. Everything is as it is on disk.
import type { AccountView, Slot } from '../host/views.ts';
import type { AccountRoster } from './account-roster.ts';
import { eachJid, find, FROM, sidesOf, TO, type Subscription } from './contacts.ts';

const NAMES: readonly Exclude<Subscription, 'remove'>[] = ['none', 'to', 'from', 'both'];

export class RosterReader {
  private readonly rosters: Slot<AccountRoster>;

  constructor(rosters: Slot<AccountRoster>) {
    this.rosters = rosters;
  }

  /**
   * The subscription to a contact, from the account's side; `none` for strangers, `both` for the account itself.
   * @param bare a prepared bare JID
   */
  subscription(account: AccountView, bare: string): Exclude<Subscription, 'remove'> {
    return NAMES[this.sides(account, bare) & (TO | FROM)] ?? 'none';
  }

  /** They may see the account's presence. */
  seesUs(account: AccountView, bare: string): boolean {
    return (this.sides(account, bare) & FROM) !== 0;
  }

  /** The account may see theirs. */
  weSee(account: AccountView, bare: string): boolean {
    return (this.sides(account, bare) & TO) !== 0;
  }

  /** It is an item of the roster. */
  has(account: AccountView, bare: string): boolean {
    const contact = find(account.slot(this.rosters).stored.contacts, bare);
    return contact !== undefined && contact.subscription !== 'remove';
  }

  /** The groups that its owner has put it in. */
  groups(account: AccountView, bare: string): readonly string[] {
    return find(account.slot(this.rosters).stored.contacts, bare)?.groups ?? [];
  }

  /**
   * Visits contacts by the sides of their subscription.
   * @param mask of TO, FROM and ASKED: one of them is enough
   * @param visit given the address, not to be kept beyond the turn, and its own mask
   */
  each(account: AccountView, mask: number, visit: (jid: string, sides: number) => void): void {
    eachJid(account.slot(this.rosters).stored.contacts, mask, visit);
  }

  private sides(account: AccountView, bare: string): number {
    if (bare === account.jid.bare) return TO | FROM;
    return sidesOf(account.slot(this.rosters).stored.contacts, bare);
  }
}
