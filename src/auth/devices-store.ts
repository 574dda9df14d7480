// The table `devices`: one row for each client that said which installation it is, with its tokens sealed.
import type {
  QueryId,
  Schema,
  StatementId,
  Storage,
  StorageFailure,
  Unit,
} from '../storage/storage.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import type { DeviceRow, Devices, DeviceTokens, TokenSlots, UserAgent } from './devices.ts';

const ACCOUNT = '(SELECT id FROM accounts WHERE local = ? AND domain = ?)';

/** Of one page of a list; more than an account may have. */
const MAX_LISTED = 1000;

export const DEVICES_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'devices',
      version: 1,
      sql: [
        `CREATE TABLE devices (
           owner INTEGER NOT NULL,
           id TEXT NOT NULL,
           software TEXT NOT NULL,
           device TEXT NOT NULL,
           created_at INTEGER NOT NULL,
           last_seen_at INTEGER NOT NULL,
           version INTEGER NOT NULL,
           token_current BLOB,
           token_fresh BLOB,
           PRIMARY KEY (owner, id)) WITHOUT ROWID`,
      ],
    },
  ],
  writes: [
    {
      name: 'devices.seen',
      sql: `INSERT INTO devices (owner, id, software, device, created_at, last_seen_at, version)
            SELECT id, ?, ?, ?, ?, ?, 0 FROM accounts WHERE local = ? AND domain = ?
            ON CONFLICT (owner, id) DO UPDATE SET software = excluded.software,
              device = excluded.device, last_seen_at = excluded.last_seen_at`,
    },
    {
      name: 'devices.give',
      sql: `INSERT INTO devices
              (owner, id, software, device, created_at, last_seen_at, version, token_fresh)
            SELECT id, ?, ?, ?, ?, ?, 0, ? FROM accounts WHERE local = ? AND domain = ?
            ON CONFLICT (owner, id) DO UPDATE SET software = excluded.software,
              device = excluded.device, last_seen_at = excluded.last_seen_at,
              token_fresh = excluded.token_fresh, version = devices.version + 1`,
    },
    {
      // SECURITY: a version that is not as it was read makes NULL, which the column refuses, and the unit with it: of two
      // log-ins with one token, on whichever workers, one is told that the token was used meanwhile.
      name: 'devices.change',
      sql: `UPDATE devices SET software = ?, device = ?, last_seen_at = ?, token_current = ?,
              token_fresh = ?, version = CASE WHEN version = ? THEN version + 1 END
            WHERE owner = ${ACCOUNT} AND id = ?`,
    },
    {
      name: 'devices.trim',
      sql: `DELETE FROM devices WHERE owner = ${ACCOUNT} AND id NOT IN
              (SELECT id FROM devices WHERE owner = ${ACCOUNT}
               ORDER BY last_seen_at DESC, id LIMIT ?)`,
    },
    { name: 'devices.revoke', sql: 'DELETE FROM devices WHERE owner = ? AND id = ?', frees: true },
    {
      name: 'devices.end-tokens',
      sql: `UPDATE devices SET token_current = NULL, token_fresh = NULL, version = version + 1
            WHERE owner = ?`,
    },
    { name: 'devices.remove', sql: 'DELETE FROM devices WHERE owner = ?', frees: true },
  ],
  reads: [
    {
      name: 'devices.tokens',
      sql: `SELECT version, token_current, token_fresh, last_seen_at, disabled
            FROM accounts JOIN devices ON devices.owner = accounts.id
            WHERE local = ? AND domain = ? AND devices.id = ?`,
    },
    {
      name: 'devices.list',
      sql: `SELECT id, software, device, created_at, last_seen_at,
              CASE WHEN token_current IS NULL THEN 0 ELSE 1 END +
              CASE WHEN token_fresh IS NULL THEN 0 ELSE 1 END
            FROM devices WHERE owner = ? ORDER BY last_seen_at DESC, id LIMIT ${MAX_LISTED}`,
    },
  ],
};

/** Where an account's rows are deleted, and where its tokens end. Each takes the owner id. */
export const DEVICES_REMOVAL = 'devices.remove';
export const TOKENS_REVOCATION = 'devices.end-tokens';

/** How a unit of this store is handed in: what `Commits.submit` does. */
export type SubmitUnit = (
  unit: Unit,
  owner: number,
  settler: { settled(n: number, failure: StorageFailure | undefined): void },
  n: number,
) => void;

export class DevicesStore implements Devices {
  private readonly storage: Storage;
  private readonly submit: SubmitUnit;
  /** Of one account; a reload changes it. */
  maxDevices: number;
  private readonly log: Log;
  private readonly statements: Readonly<
    Record<'seen' | 'give' | 'change' | 'trim' | 'revoke', StatementId>
  >;
  private readonly tokensQuery: QueryId;
  private readonly listQuery: QueryId;
  /** For what nobody waits for. */
  private readonly logged = {
    settled: (_n: number, failure: StorageFailure | undefined): void => {
      if (failure !== undefined) this.lost(failure.message);
    },
  };

  /** @param maxDevices of one account: those not seen for longest are forgotten first */
  constructor(storage: Storage, submit: SubmitUnit, maxDevices: number, log: Log) {
    this.storage = storage;
    this.submit = submit;
    this.maxDevices = maxDevices;
    this.log = log;
    this.statements = {
      seen: storage.statement('devices.seen'),
      give: storage.statement('devices.give'),
      change: storage.statement('devices.change'),
      trim: storage.statement('devices.trim'),
      revoke: storage.statement('devices.revoke'),
    };
    this.tokensQuery = storage.query('devices.tokens');
    this.listQuery = storage.query('devices.list');
  }

  async tokensOf(local: string, domain: string, id: string): Promise<DeviceTokens | undefined> {
    const [row] = await this.storage.read(this.tokensQuery, [local, domain, id]);
    if (row === undefined) return undefined;
    return {
      version: row[0] as number,
      current: (row[1] as Buffer | null) ?? undefined,
      fresh: (row[2] as Buffer | null) ?? undefined,
      lastSeenAt: row[3] as number,
      disabled: row[4] === 1,
    };
  }

  seen(local: string, domain: string, agent: UserAgent, nowMs: number): void {
    const { id, software, device } = agent;
    const unit = this.storage.unit();
    unit.add(this.statements.seen, id, software, device, nowMs, nowMs, local, domain);
    this.trim(unit, local, domain);
    try {
      this.submit(unit, 0, this.logged, 0);
    } catch (error) {
      // A disk that is full: it matters less than the log-in.
      this.lost(String(error));
    }
  }

  async give(
    local: string,
    domain: string,
    agent: UserAgent,
    fresh: Buffer,
    nowMs: number,
  ): Promise<void> {
    const { id, software, device } = agent;
    const unit = this.storage.unit();
    unit.add(this.statements.give, id, software, device, nowMs, nowMs, fresh, local, domain);
    this.trim(unit, local, domain);
    if ((await this.commit(unit)) !== undefined) throw notWritten();
  }

  async change(
    local: string,
    domain: string,
    agent: UserAgent,
    version: number,
    slots: TokenSlots,
    nowMs: number,
  ): Promise<boolean> {
    const { id, software, device } = agent;
    const { current, fresh } = slots;
    const unit = this.storage
      .unit()
      .add(this.statements.change, software, device, nowMs, current ?? null, fresh ?? null)
      .int(version)
      .text(local)
      .text(domain)
      .text(id);
    const failure = await this.commit(unit);
    if (failure === undefined) return true;
    if (failure.code === 'constraint') return false;
    throw notWritten();
  }

  /** Devices of an account, the one that was seen last first. */
  async list(owner: number): Promise<readonly DeviceRow[]> {
    const rows = await this.storage.read(this.listQuery, [owner]);
    return rows.map(([id, software, device, createdAt, lastSeenAt, tokens]): DeviceRow => ({
      id: id as string,
      software: software as string,
      device: device as string,
      createdAt: createdAt as number,
      lastSeenAt: lastSeenAt as number,
      tokens: tokens as number,
    }));
  }

  /** Forgets a device and its tokens. On disk when it resolves. @throws OperatorError (rejects) `db-write` */
  async revoke(owner: number, id: string): Promise<void> {
    const unit = this.storage.unit().add(this.statements.revoke, owner, id);
    if ((await this.commit(unit)) !== undefined) throw notWritten();
  }

  /** SECURITY: who has a password can say a new id at each log-in. */
  private trim(unit: Unit, local: string, domain: string): void {
    unit.add(this.statements.trim, local, domain, local, domain, this.maxDevices);
  }

  private async commit(unit: Unit): Promise<StorageFailure | undefined> {
    return await new Promise((resolve) => {
      this.submit(unit, 0, { settled: (_n, failure) => resolve(failure) }, 0);
    });
  }

  private lost(reason: string): void {
    this.log.warn({ reason }, 'the last log-in of a device could not be written');
  }
}

function notWritten(): OperatorError {
  return new OperatorError(
    'db-write',
    'The change of a device could not be written.',
    'Check the free space and the state of the disk, then try again.',
  );
}
