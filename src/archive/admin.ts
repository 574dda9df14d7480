// What administrators ask of an account's archive, a part at a time: nobody waits for a million rows.
import type { Purged } from '../admin/account-data-commands.ts';
import type { ModuleHost } from '../host/module.ts';
import { custodySlot } from './custody.ts';
import { firstIdAt } from './owner-ids.ts';

/** Rows of one step; the reads of everybody are behind each. */
const STEP = 5000;
/** Rows deleted by one command. */
const PURGED_AT_ONCE = 500;

export function answerAdmins(host: ModuleHost): void {
  const { storage } = host;
  const countStep = storage.query('archive.count-step');
  const oldStep = storage.query('archive.old-step');
  const purge = storage.statement('archive.purge');
  const custody = custodySlot(host);

  host.command('archive.count', async (_args, account) => {
    let messages = 0;
    let last = 0;
    for (;;) {
      const [row] = await host.read(countStep, [account?.owner ?? 0, last]);
      const [rows, upTo] = (row ?? [0, null]) as [number, number | null];
      messages += rows;
      if (rows < STEP || upTo === null) return { messages };
      last = upTo;
    }
  });

  host.command('archive.purge', async (args, account): Promise<Purged> => {
    if (account === undefined) return { deleted: 0, more: false };
    const below = firstIdAt(args['before'] as number);
    // What has not arrived is pushed from here when its user comes: the archive is the only place it is in.
    const proven = Math.min(account.slot(custody).provenUpTo, Number.MAX_SAFE_INTEGER);
    const rows = await host.read(oldStep, [account.owner, below, proven]);
    for (const [id] of rows) account.write(purge, account.owner, id as number);
    return { deleted: rows.length, more: rows.length === PURGED_AT_ONCE };
  });
}

export const ADMIN_READS = [
  {
    name: 'archive.count-step',
    sql: `SELECT COUNT(*), MAX(id) FROM (
            SELECT id FROM archive WHERE owner = ? AND id > ? ORDER BY id LIMIT ${STEP}) AS step`,
  },
  {
    name: 'archive.old-step',
    sql: `SELECT id FROM archive WHERE owner = ? AND id < ? AND (kind & 1 = 0 OR id <= ?)
          ORDER BY id LIMIT ${PURGED_AT_ONCE}`,
  },
];

export const ADMIN_WRITES = [
  { name: 'archive.purge', sql: 'DELETE FROM archive WHERE owner = ? AND id = ?', frees: true },
];
