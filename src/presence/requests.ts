// Subscription requests that nobody has answered yet: RFC 6121 §3.1.3, kept whole and given at every log-in.
import type { ModuleHost } from '../host/module.ts';
import type { AccountView, Slot } from '../host/views.ts';
import type { Schema, StatementId, Value } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';

/** `stanza`: the request as bytes for a client's stream, with both addresses. */
export const REQUESTS_SCHEMA: Schema = {
  migrations: [
    {
      feature: 'presence',
      version: 1,
      sql: [
        `CREATE TABLE subscription_requests (
           owner BIGINT NOT NULL,
           jid TEXT NOT NULL,
           stanza BLOB NOT NULL,
           PRIMARY KEY (owner, jid)) WITHOUT ROWID`,
      ],
    },
  ],
  writes: [
    {
      name: 'requests.keep',
      sql: `INSERT INTO subscription_requests (owner, jid, stanza) VALUES (?, ?, ?)
            ON CONFLICT (owner, jid) DO UPDATE SET stanza = excluded.stanza`,
    },
    {
      name: 'requests.answered',
      sql: 'DELETE FROM subscription_requests WHERE owner = ? AND jid = ?',
      frees: true,
    },
    {
      name: 'requests.forget',
      sql: 'DELETE FROM subscription_requests WHERE owner = ?',
      frees: true,
    },
  ],
  reads: [
    {
      name: 'requests.load',
      sql: 'SELECT jid, stanza FROM subscription_requests WHERE owner = ?',
      bytes: true,
    },
  ],
};

export const REQUESTS_REMOVALS = ['requests.forget'] as const;

interface Request {
  readonly stanza: Bytes;
  /** It is on disk: clients may be told. */
  isStored: boolean;
}

type Write = (statement: StatementId, ...params: Value[]) => void;

export class Requests {
  /** By bare JID; undefined for nearly all accounts. */
  private readonly slot: Slot<Map<string, Request> | undefined>;
  private readonly keepRow: StatementId;
  private readonly answeredRow: StatementId;

  constructor(host: ModuleHost) {
    this.slot = host.accountSlot<Map<string, Request> | undefined>(() => undefined);
    this.keepRow = host.storage.statement('requests.keep');
    this.answeredRow = host.storage.statement('requests.answered');
    host.onLoad({
      query: host.storage.query('requests.load'),
      apply: (account, rows) => {
        for (const [jid, stanza] of rows) {
          this.of(account).set(jid as string, { stanza: stanza as Bytes, isStored: true });
        }
      },
    });
  }

  has(account: AccountView, jid: string): boolean {
    return account.slot(this.slot)?.has(jid) ?? false;
  }

  count(account: AccountView): number {
    return account.slot(this.slot)?.size ?? 0;
  }

  /** Those on disk, oldest first as far as this process saw them come. */
  *stored(account: AccountView): Generator<Bytes> {
    for (const request of account.slot(this.slot)?.values() ?? []) {
      if (request.isStored) yield request.stanza;
    }
  }

  /** Keeps a request from now on; `settle` says what became of its row. */
  keep(
    account: AccountView,
    jid: string,
    stanza: Bytes,
    write: Write,
  ): { settle(isStored: boolean): void } {
    const request: Request = { stanza, isStored: false };
    this.of(account).set(jid, request);
    write(this.keepRow, account.owner, jid, Buffer.from(stanza, 'latin1'));
    return {
      settle: (isStored) => {
        if (isStored) request.isStored = true;
        else if (account.slot(this.slot)?.get(jid) === request) this.drop(account, jid);
      },
    };
  }

  /** @returns takes it back, for a row that could not be deleted */
  remove(account: AccountView, jid: string, write: Write): () => void {
    const request = account.slot(this.slot)?.get(jid);
    if (request === undefined) return () => undefined;
    this.drop(account, jid);
    write(this.answeredRow, account.owner, jid);
    return () => {
      if (!this.has(account, jid)) this.of(account).set(jid, request);
    };
  }

  /** The row of a request that is over; the request itself goes with what is called when that is on disk. */
  removeLater(account: AccountView, jid: string, write: Write): () => void {
    write(this.answeredRow, account.owner, jid);
    return () => {
      this.drop(account, jid);
    };
  }

  private of(account: AccountView): Map<string, Request> {
    let requests = account.slot(this.slot);
    if (requests === undefined) account.setSlot(this.slot, (requests = new Map()));
    return requests;
  }

  private drop(account: AccountView, jid: string): void {
    const requests = account.slot(this.slot);
    requests?.delete(jid);
    if (requests?.size === 0) account.setSlot(this.slot, undefined);
  }
}
