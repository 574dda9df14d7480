// Who is on line, and who was when: for `session list`, `user info` and XEP-0133's lists and numbers of users.
import type { Activity, SessionInfo, UserTally } from '../../admin/session-commands.ts';
import type { ModuleHost } from '../../host/module.ts';
import type { AccountView, SessionView } from '../../host/views.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { ServerAdminStatements } from './store.ts';

export function followLogIns(host: ModuleHost, statements: ServerAdminStatements): void {
  // Seconds, so that it is a small integer in the session's slots; kept over a restart with its session.
  const since = host.storedSessionSlot(() => 0, 'since');
  host.on(
    'session.attached',
    { order: 0, why: 'the time of the log-in' },
    (account, session): void => {
      const nowMs = host.clock.now();
      session.setSlot(since, Math.floor(nowMs / 1000));
      account.write(statements.setLogIn, account.owner, nowMs, account.owner);
    },
  );

  const infoOf = (session: SessionView): SessionInfo => {
    const show = showOf(session);
    return {
      jid: session.jid.full,
      state: session.hibernates ? 'hibernating' : 'connected',
      available: session.available,
      priority: session.priority,
      ...(show === undefined ? {} : { show }),
      since: session.slot(since) * 1000,
    };
  };

  host.command('session.list', (args, account) => {
    const { domain, after, limit } = args as { domain?: string; after?: string; limit: number };
    const found: SessionView[] = [];
    for (const each of account === undefined ? host.accounts() : [account]) {
      if (domain !== undefined && each.jid.domain !== domain) continue;
      for (const session of each.sessions) {
        if (after === undefined || session.jid.full > after) found.push(session);
      }
    }
    found.sort((a, b) => (a.jid.full < b.jid.full ? -1 : 1));
    return found.slice(0, limit).map(infoOf);
  });

  host.command('session.tally', (args): UserTally => {
    const tally = { online: 0, active: 0, idle: 0 };
    for (const account of host.accounts()) {
      if (account.jid.domain !== args['domain'] || account.sessions.length === 0) continue;
      tally.online++;
      tally[activityOf(account)]++;
    }
    return tally;
  });

  host.command('session.users', (args): string[] => {
    const { domain, activity, limit } = args as {
      domain: string;
      activity?: Activity;
      limit: number;
    };
    const users: string[] = [];
    for (const account of host.accounts()) {
      if (users.length >= limit) break;
      if (account.jid.domain !== domain || account.sessions.length === 0) continue;
      if (activity === undefined || activityOf(account) === activity) users.push(account.jid.bare);
    }
    return users;
  });

  host.command('session.last', async (_args, account) => {
    if (account === undefined) return {};
    // Behind what was written so far.
    const [row] = await host.read(statements.lastLogIn, [account.owner]);
    return row === undefined ? {} : { lastLoginAt: Number(row[0]) };
  });
}

/** XEP-0133 §4.16, §4.17 leave it to the server what "active" and "idle" are. */
function activityOf(account: AccountView): Activity {
  const isActive = account.sessions.some((session) => {
    if (!session.available) return false;
    const show = showOf(session);
    return show !== 'away' && show !== 'xa';
  });
  return isActive ? 'active' : 'idle';
}

function showOf({ presence }: SessionView): string | undefined {
  const child = presence?.child('show', NS.client);
  if (presence === undefined || child === undefined) return undefined;
  const show = presence.childText(child);
  return ['away', 'xa', 'dnd', 'chat'].includes(show) ? show : undefined;
}
