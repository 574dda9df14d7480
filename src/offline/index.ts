// XEP-0160 (1.0.1): what did not reach its user waits, is given to him when he comes, and goes when he has it.
import { custodySlot, firstIdAt, OwnerIds } from '../archive/index.ts';
import type { WaitingCount } from '../admin/account-data-commands.ts';
import type { Module, ModuleHost } from '../host/module.ts';
import type { AccountView } from '../host/views.ts';
import { Backlog } from './backlog.ts';
import { Delivery } from './delivery.ts';
import { Keeping } from './keeping.ts';
import { Mailbox } from './mailbox.ts';
import { Marks } from './marks.ts';
import { OFFLINE_REMOVALS, OFFLINE_SCHEMA, OfflineStatements, readLoaded } from './store.ts';

/** The section `offline` of the settings, checked there. */
export interface OfflineOptions {
  /** Messages without an archive row that may wait for one account. */
  readonly maxMessages: number;
  /** Days after which such a message is dropped; 0: never. */
  readonly maxAgeDays: number;
}

const DEFAULTS: OfflineOptions = { maxMessages: 1000, maxAgeDays: 0 };

/** Behind everything that delivers or copies: the holders of a message are counted here. */
const ORDER = 900;
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const offline: Module = {
  declaration: {
    name: 'offline',
    summary: 'Keeps what did not reach its user, and gives it to him when he comes.',
    xeps: [
      { spec: 'XEP-0160', version: '1.0.1', status: 'complete' },
      { spec: 'XEP-0203', version: '2.0', status: 'complete' },
      { spec: 'XEP-0334', version: '1.0.0', status: 'partial', note: 'no-copy is of carbons' },
    ],
    features: { host: ['msgoffline'] },
    needs: ['archive'],
    stores: OFFLINE_SCHEMA,
    removals: OFFLINE_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const options = { ...DEFAULTS, ...(host.options as Partial<OfflineOptions> | undefined) };
    host.onOptions((changed) => Object.assign(options, DEFAULTS, changed));
    const statements = new OfflineStatements(host.storage);
    const ids = new OwnerIds(host);
    const marks = new Marks(statements.mark);
    const mailbox = mailboxes(host, marks);
    host.onLoad({
      query: statements.load,
      apply: (account, rows) => {
        const { mark, archived, pending } = readLoaded(rows);
        mailbox(account).load(mark, archived, pending);
        ids.seen(account, Math.max(mark?.given ?? 0, mark?.proven ?? 0, pending.at(-1) ?? 0));
      },
    });
    const keeping = new Keeping(host, statements, ids, options, mailbox);
    const delivery = new Delivery(host, new Backlog(host, statements), mailbox);
    host.on(
      'message.in',
      { order: ORDER, why: 'all who are given the message are known' },
      (stanza, account, effects) => keeping.incoming(stanza, account, effects),
    );
    followSessions(host, statements, delivery, mailbox);
    answerAdmins(host, statements, mailbox);
    host.every(SECOND_MS, () => {
      delivery.tick();
      marks.write();
    });
    host.onStop(() => {
      marks.write();
    });
    expireHourly(host, statements, options, mailbox);
  },
};

type MailboxOf = (account: AccountView) => Mailbox;

function mailboxes(host: ModuleHost, marks: Marks): MailboxOf {
  const custody = custodySlot(host);
  const slot = host.accountSlot<Mailbox | undefined>(() => undefined);
  return (account) => {
    const known = account.slot(slot);
    if (known !== undefined) return known;
    const fresh = new Mailbox((mailbox) => {
      marks.changed(account, mailbox);
    });
    account.setSlot(slot, fresh);
    account.setSlot(custody, fresh);
    return fresh;
  };
}

function followSessions(
  host: ModuleHost,
  statements: OfflineStatements,
  delivery: Delivery,
  mailbox: MailboxOf,
): void {
  const late = { order: ORDER, why: 'after what other modules give a new session' };
  host.on('session.available', late, (account, session) => {
    delivery.available(account, session);
  });
  host.on('session.restored', late, (account, session, unproven, range) => {
    mailbox(account).given(session, unproven);
    if (range !== undefined) delivery.restored(account, session, range);
  });
  host.on('session.ended', late, (account, session, unproven, unseen) => {
    delivery.ended(account, session, unproven, unseen);
  });
  host.on('session.proven', late, (account, session, proven) => {
    deleteRows(account, mailbox(account), statements, mailbox(account).prove(proven));
    delivery.proven(account, session, proven);
  });
}

/** `xmppd offline`. */
function answerAdmins(host: ModuleHost, statements: OfflineStatements, mailbox: MailboxOf): void {
  const count = (account: AccountView): WaitingCount => ({
    pending: mailbox(account).pending.size,
    archived: mailbox(account).archived.size,
    more: mailbox(account).unread !== undefined,
  });
  host.command('offline.count', (_args, account) =>
    account === undefined ? null : count(account),
  );
  host.command('offline.purge', (_args, account) => {
    if (account === undefined) return null;
    const mine = mailbox(account);
    const dropped = count(account);
    const waiting = [...mine.waiting(), ...mine.maybeSeen()];
    deleteRows(account, mine, statements, mine.prove(waiting));
    // What is not followed is in the archive, and stays there.
    mine.readUpTo(Infinity);
    return dropped;
  });
}

/** One statement where all up to the last one are proven, which is nearly always. */
function deleteRows(
  account: AccountView,
  { pending }: Mailbox,
  statements: OfflineStatements,
  ids: readonly number[],
): void {
  if (ids.length === 0) return;
  const last = Math.max(...ids);
  const lowestLeft = pending.first;
  if (lowestLeft === undefined || lowestLeft > last) {
    account.write(statements.deleteUpTo, account.owner, last);
  } else {
    for (const id of ids) account.write(statements.delete, account.owner, id);
  }
}

function expireHourly(
  host: ModuleHost,
  statements: OfflineStatements,
  options: OfflineOptions,
  mailbox: MailboxOf,
): void {
  const unit = host.storage.unit();
  host.every(HOUR_MS, () => {
    if (options.maxAgeDays === 0) return;
    const belowId = firstIdAt(host.clock.now() - options.maxAgeDays * DAY_MS);
    unit.clear();
    host.storage.submit(unit.add(statements.expire, belowId), 0);
    for (const account of host.accounts()) mailbox(account).expire(belowId);
  });
}
