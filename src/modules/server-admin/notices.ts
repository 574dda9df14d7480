// What the server says to its users: announcements, the message of the day, the welcome of new accounts (XEP-0133
// §4.23 – §4.28). Every worker has the standing texts in memory and speaks to the accounts it owns.
import type { NoticeKind } from '../../admin/notice-commands.ts';
import type { ModuleHost } from '../../host/module.ts';
import type { AccountView } from '../../host/views.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';
import { attribute, escapeText } from '../../xml/writer.ts';
import type { ServerAdminStatements } from './store.ts';

interface Notice {
  readonly id: number;
  readonly text: string;
}

/** So many accounts are spoke to at once; the others after a pause. */
const AT_ONCE = 200;
const PAUSE_MS = 20;
const SUBJECTS: Readonly<Record<NoticeKind, string>> = {
  motd: 'Message of the day',
  welcome: 'Welcome',
};

export class Notices {
  private readonly host: ModuleHost;
  private readonly statements: ServerAdminStatements;
  private readonly reader: StanzaReader;
  /** By kind and domain; undefined while there is none, so that a log-in costs one look. */
  private standing: ReadonlyMap<string, Notice> | undefined = undefined;
  /** Accounts, by owner id, for which it is being looked up whether they had the message of the day. */
  private readonly asking = new Set<number>();

  constructor(host: ModuleHost, statements: ServerAdminStatements) {
    this.host = host;
    this.statements = statements;
    this.reader = new StanzaReader(host.xml);
  }

  /** Registers what speaks to users. */
  start(): void {
    const { host } = this;
    host.command('notice.announce', (args) => this.announce(args));
    host.command('notice.write', (args) => this.write(args));
    host.command('notice.changed', (args) => this.changed(args));
    host.command('notice.show', (args) => this.show(args));
    host.on(
      'session.available',
      { order: 950, why: 'behind the messages that waited' },
      (account) => {
        if (this.standing !== undefined) this.greet(account);
      },
    );
    host.on('account.created', { order: 0, why: 'a new account is welcomed' }, (jid) => {
      const welcome = this.find('welcome', jid.domain);
      if (welcome !== undefined) this.send(jid.domain, jid.bare, 'welcome', welcome.text);
    });
    this.read().catch((error: unknown) => {
      host.log.error({ err: error }, 'the standing messages could not be read');
    });
  }

  private find(kind: NoticeKind, domain: string): Notice | undefined {
    return this.standing?.get(`${kind} ${domain}`);
  }

  private async read(): Promise<void> {
    const rows = await this.host.read(this.statements.notices, []);
    this.standing =
      rows.length === 0
        ? undefined
        : new Map(
            rows.map(([domain, kind, id, text]) => [
              `${kind as string} ${domain as string}`,
              { id: id as number, text: text as string },
            ]),
          );
  }

  private async show(args: Readonly<Record<string, unknown>>): Promise<{ text?: string }> {
    const { kind, domain } = args as { kind: NoticeKind; domain: string };
    await this.read();
    const notice = this.find(kind, domain);
    return notice === undefined ? {} : { text: notice.text };
  }

  private async write(args: Readonly<Record<string, unknown>>): Promise<null> {
    const { kind, domain, text, quiet } = args as {
      kind: NoticeKind;
      domain: string;
      text?: string;
      quiet?: boolean;
    };
    const { storage, clock } = this.host;
    const unit = storage.unit();
    const known = quiet === true ? this.find(kind, domain) : undefined;
    if (text === undefined) unit.add(this.statements.deleteNotice, domain, kind);
    else unit.add(this.statements.setNotice, domain, kind, known?.id ?? clock.now(), text);
    storage.submit(unit, 0);
    // A read comes behind everything that was submitted: what it finds is on disk.
    await this.read();
    if (this.find(kind, domain)?.text === text) return null;
    throw new OperatorError(
      'db-write',
      'The change could not be written.',
      'Check the free space and the state of the disk, then try again.',
    );
  }

  private async changed(args: Readonly<Record<string, unknown>>): Promise<null> {
    const { kind, domain } = args as { kind: NoticeKind; domain: string };
    await this.read();
    // XEP-0133 §4.24: at once to those who are on line, to the others at their next log-in.
    if (kind === 'motd' && this.find(kind, domain) !== undefined) {
      this.toEach(domain, (account) => {
        this.greet(account);
      });
    }
    return null;
  }

  private announce(args: Readonly<Record<string, unknown>>): { users: number } {
    const { domain, text } = args as { domain?: string; text: string };
    const users = this.toEach(domain, (account) => {
      const { jid } = account;
      const stanza = messageBytes(
        jid.domain,
        jid.bare,
        this.host.random.id(),
        'Announcement',
        text,
        'headline',
      );
      for (const session of account.sessions) if (session.available) session.deliver(stanza);
    });
    return { users };
  }

  /** Accounts that are on line, in goes, so that nobody waits for a hundred thousand of them. */
  private toEach(domain: string | undefined, act: (account: AccountView) => void): number {
    const wanted: AccountView[] = [];
    for (const account of this.host.accounts()) {
      if (domain !== undefined && account.jid.domain !== domain) continue;
      if (account.sessions.some((session) => session.available)) wanted.push(account);
    }
    const go = (from: number): void => {
      for (const account of wanted.slice(from, from + AT_ONCE)) act(account);
      if (from + AT_ONCE < wanted.length) this.host.after(PAUSE_MS, () => go(from + AT_ONCE));
    };
    go(0);
    return wanted.length;
  }

  /** The message of the day, to an account that has not had it. */
  private greet(account: AccountView): void {
    const { domain, bare } = account.jid;
    const motd = this.find('motd', domain);
    const { owner } = account;
    if (motd === undefined || this.asking.has(owner)) return;
    const { statements } = this;
    this.asking.add(owner);
    this.host.read(statements.seenBy, [owner]).then(
      ([row]) => {
        this.asking.delete(owner);
        if (row?.[0] === motd.id) return;
        account.write(statements.seen, owner, motd.id, owner);
        this.send(domain, bare, 'motd', motd.text);
      },
      (error: unknown) => {
        this.asking.delete(owner);
        this.host.log.error({ err: error }, 'a message of the day could not be sent');
      },
    );
  }

  /** A message like any other: archived, and kept for whoever is not there. */
  private send(domain: string, to: string, kind: NoticeKind, text: string): void {
    const bytes = messageBytes(domain, to, this.host.random.id(), SUBJECTS[kind], text);
    this.host.send(this.reader.read(bytes));
  }
}

function messageBytes(
  domain: string,
  to: string,
  id: string,
  subject: string,
  text: string,
  type?: string,
): Bytes {
  const kind = type === undefined ? '' : attribute('type', type);
  const head = `<message${attribute('from', domain)}${attribute('to', to)}${attribute('id', id)}`;
  return (`${head}${kind}>` +
    `<subject>${escapeText(subject)}</subject><body>${escapeText(text)}</body></message>`) as Bytes;
}
