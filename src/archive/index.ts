// XEP-0313 (1.1.3): every account's messages, kept for both sides, asked for by its own clients.
import type { Module, ModuleHost } from '../host/module.ts';
import { ADMIN_READS, ADMIN_WRITES, answerAdmins } from './admin.ts';
import { NS } from '../protocol/namespaces.ts';
import { Keeping } from './keeping.ts';
import { OwnerIds } from './owner-ids.ts';
import { Query } from './query.ts';
import { ARCHIVE_SCHEMA, ArchiveStatements } from './store.ts';

export { askedSlot, custodySlot, type Custody } from './custody.ts';
export { KindMemo } from './kind-memo.ts';
export { firstIdAt, OwnerIds, timeOf } from './owner-ids.ts';
export { Repeats } from './repeats.ts';
export { KIND_INCOMING } from './store.ts';

/** The section `archive` of the settings, checked there. */
export interface ArchiveOptions {
  /** Whether new messages are kept; what is kept can be asked for in any case. */
  readonly enabled: boolean;
  /** Messages of the largest page. */
  readonly maxPage: number;
}

const DEFAULTS: ArchiveOptions = { enabled: true, maxPage: 250 };

/** Behind the rules that drop and refuse, before those that count and copy. */
const ORDER = 20;

export const archive: Module = {
  declaration: {
    name: 'archive',
    summary: "Keeps every account's messages and gives them to its clients.",
    xeps: [
      {
        spec: 'XEP-0313',
        version: '1.1.3',
        status: 'partial',
        note: 'without #extended and preferences',
      },
      { spec: 'XEP-0059', version: '1.0', status: 'partial', note: 'without index' },
    ],
    // XEP-0313 §7: said where the archive is, the account.
    // COMPAT(profanity 0.13): looks for it on the host alone, and without it asks no archive.
    features: { host: [NS.mam2, NS.stanzaIds], account: [NS.mam2, NS.stanzaIds] },
    stores: {
      migrations: ARCHIVE_SCHEMA.migrations,
      writes: [...ARCHIVE_SCHEMA.writes, ...ADMIN_WRITES],
      reads: [...ARCHIVE_SCHEMA.reads, ...ADMIN_READS],
    },
    removals: ['archive.remove'],
  },
  setup(host: ModuleHost): void {
    const options = { ...DEFAULTS, ...(host.options as Partial<ArchiveOptions> | undefined) };
    host.onOptions((changed) => Object.assign(options, DEFAULTS, changed));
    const statements = new ArchiveStatements(host.storage);
    const ids = new OwnerIds(host);
    host.onLoad({
      query: statements.last,
      apply: (account, rows) => {
        ids.seen(account, Number(rows[0]?.[0] ?? 0));
      },
    });
    answerAdmins(host);
    const query = new Query(host, statements, options);
    host.iq('account', NS.mam2, 'query', (request) => query.answer(request));
    const keeping = new Keeping(host, statements, ids);
    host.on(
      'message.in',
      { order: ORDER, why: 'what was dropped or refused is not kept' },
      (stanza, account, effects) =>
        options.enabled ? keeping.incoming(stanza, account, effects) : undefined,
    );
    host.on(
      'message.out',
      { order: ORDER, why: 'what the sender may not send is not kept' },
      (stanza, account, effects) =>
        options.enabled ? keeping.outgoing(stanza, account, effects) : undefined,
    );
  },
};
