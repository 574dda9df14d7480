// Lists that administrators keep and every worker has in memory: administrators, and the domains that may be spoken to.
import type { QueryId, Schema, StatementId, Storage, Unit } from '../storage/storage.ts';

/** Which list an address of another server stands on. */
export type PeerRule = 'block' | 'allow';

export const SERVER_LISTS_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'admin',
      version: 1,
      sql: [
        // By owner id, which is never given twice: who gets the name of a former administrator inherits nothing.
        'CREATE TABLE admins (owner BIGINT PRIMARY KEY)',
        `CREATE TABLE peers (
           rule TEXT NOT NULL,
           address TEXT NOT NULL,
           PRIMARY KEY (rule, address)) WITHOUT ROWID`,
      ],
    },
  ],
  writes: [
    {
      name: 'admins.add',
      sql: `INSERT INTO admins (owner) SELECT id FROM accounts WHERE id = ? ON CONFLICT (owner) DO NOTHING`,
    },
    { name: 'admins.remove', sql: 'DELETE FROM admins WHERE owner = ?', frees: true },
    {
      name: 'peers.add',
      sql: 'INSERT INTO peers (rule, address) VALUES (?, ?) ON CONFLICT (rule, address) DO NOTHING',
    },
    { name: 'peers.remove', sql: 'DELETE FROM peers WHERE rule = ? AND address = ?', frees: true },
  ],
  reads: [
    {
      name: 'admins.list',
      sql: `SELECT admins.owner, accounts.local, accounts.domain
            FROM admins JOIN accounts ON accounts.id = admins.owner ORDER BY accounts.domain, accounts.local`,
    },
    { name: 'peers.list', sql: 'SELECT rule, address FROM peers ORDER BY rule, address' },
  ],
};

/** Deletes what an account left here. */
export const SERVER_LISTS_REMOVALS: readonly string[] = ['admins.remove'];

export class ServerLists {
  private readonly storage: Storage;
  private readonly adminsQuery: QueryId;
  private readonly peersQuery: QueryId;
  private readonly statements: Readonly<
    Record<'addAdmin' | 'removeAdmin' | 'addPeer' | 'removePeer', StatementId>
  >;
  private configured: ReadonlySet<string>;
  private admins = new Map<number, string>();
  private blocked: ReadonlySet<string> = new Set();
  private allowed: ReadonlySet<string> = new Set();

  /** @param configured bare JIDs of the option `admins` */
  constructor(storage: Storage, configured: readonly string[]) {
    this.storage = storage;
    this.configured = new Set(configured);
    this.adminsQuery = storage.query('admins.list');
    this.peersQuery = storage.query('peers.list');
    this.statements = {
      addAdmin: storage.statement('admins.add'),
      removeAdmin: storage.statement('admins.remove'),
      addPeer: storage.statement('peers.add'),
      removePeer: storage.statement('peers.remove'),
    };
  }

  /** The option `admins` has changed. */
  configure(admins: readonly string[]): void {
    this.configured = new Set(admins);
  }

  /** Reads all lists anew: at the start, and when another worker has changed one. */
  async load(): Promise<void> {
    const [admins, peers] = await Promise.all([
      this.storage.read(this.adminsQuery, []),
      this.storage.read(this.peersQuery, []),
    ]);
    this.admins = new Map(
      admins.map(([owner, local, domain]) => [
        owner as number,
        `${local as string}@${domain as string}`,
      ]),
    );
    const of = (rule: PeerRule): Set<string> =>
      new Set(peers.filter((row) => row[0] === rule).map((row) => row[1] as string));
    this.blocked = of('block');
    this.allowed = of('allow');
  }

  /** @param owner row id of the account of this bare JID */
  isAdmin(bare: string, owner: number): boolean {
    return this.configured.has(bare) || this.admins.has(owner);
  }

  /** Administrators, and whether the configuration names them: such cannot be removed by a command. */
  listAdmins(): { address: string; configured: boolean }[] {
    const stored = [...this.admins.values()].filter((address) => !this.configured.has(address));
    return [
      ...[...this.configured].map((address) => ({ address, configured: true })),
      ...stored.map((address) => ({ address, configured: false })),
    ];
  }

  listPeers(): Record<PeerRule, string[]> {
    return { block: [...this.blocked], allow: [...this.allowed] };
  }

  /**
   * Whether stanzas may go to an address of another server or come from it. The list of those allowed, when there is
   * one, lets nobody else through; whom the other list names is never let through.
   */
  permits(bare: string, domain: string): boolean {
    if (this.blocked.has(domain) || this.blocked.has(bare)) return false;
    return this.allowed.size === 0 || this.allowed.has(domain) || this.allowed.has(bare);
  }

  setAdmin(unit: Unit, owner: number, is: boolean): void {
    unit.add(is ? this.statements.addAdmin : this.statements.removeAdmin, owner);
  }

  setPeer(unit: Unit, rule: PeerRule, address: string, is: boolean): void {
    unit.add(is ? this.statements.addPeer : this.statements.removePeer, rule, address);
  }
}
