// XEP-0012 (2.0): how long the server is up, and how long ago a user left.
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import type { AccountView, Verdict } from '../../host/views.ts';
import { rosterReader, type RosterReader } from '../../roster/index.ts';
import type { Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import { StorageError } from '../../storage/storage.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { escapeText } from '../../xml/writer.ts';
import { ACTIVITY_REMOVALS, ACTIVITY_SCHEMA, ActivityStore } from './activity-store.ts';

const MAX_STATUS_CHARS = 1024;

export const lastActivity: Module = {
  declaration: {
    name: 'last-activity',
    summary: 'Tells contacts how long ago a user left, and everybody how long the server is up.',
    xeps: [{ spec: 'XEP-0012', version: '2.0', status: 'complete' }],
    features: { host: [NS.lastActivity], account: [NS.lastActivity] },
    needs: ['roster'],
    stores: ACTIVITY_SCHEMA,
    removals: ACTIVITY_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const activity = new Activity(host);
    const startedMs = host.clock.monotonicMs();
    // XEP-0012 §5
    host.iq('host', NS.lastActivity, 'query', ({ type }) => {
      if (type !== 'get') throw new StanzaError('bad-request');
      return answer(host.clock.monotonicMs() - startedMs, '');
    });
    host.iq('account', NS.lastActivity, 'query', (request) => activity.of(request));
    host.on(
      'presence.own',
      { order: 60, why: 'notes when the last resource leaves' },
      (stanza, account) => {
        if (stanza.type === 'unavailable') activity.left(account, stanza);
        return undefined;
      },
    );
    const when = host.xml.bit(NS.lastActivity, 'query');
    host.on(
      'iq.in',
      { order: 60, why: 'idle times are for those who may see presence', when },
      (stanza, account, from, to) => activity.mayPass(stanza, account, from, to),
    );
  },
};

class Activity {
  private readonly host: ModuleHost;
  private readonly store: ActivityStore;
  private readonly roster: RosterReader;

  constructor(host: ModuleHost) {
    this.host = host;
    this.store = new ActivityStore(host.storage);
    this.roster = rosterReader(host);
  }

  of({ account, from, type }: IqRequest): Bytes | Promise<Bytes> {
    if (type !== 'get') throw new StanzaError('bad-request');
    // XEP-0012 §3: forbidden to whoever may not see presence. SECURITY: and the same where there is no account.
    if (account === undefined || !this.roster.seesUs(account, from.bare)) {
      throw new StanzaError('forbidden');
    }
    // XEP-0012 §3: somebody is connected.
    if (account.sessions.length > 0) return answer(0, '');
    return this.since(account);
  }

  /** XEP-0012 §3: recorded with the status that the user left with. */
  left(account: AccountView, stanza: Stanza): void {
    if (account.sessions.some((session) => session.available)) return;
    const child = stanza.child('status', NS.client);
    const status = child === undefined ? '' : stanza.childText(child);
    try {
      account.write(this.store.put, this.host.clock.now(), cut(status), account.owner);
    } catch (error) {
      // A store that takes no writes for a while: the time before stays, as if the user had left then.
      if (!(error instanceof StorageError)) throw error;
      this.host.log.warn({ err: error, account: account.jid.bare }, 'a leave was not recorded');
    }
  }

  /** XEP-0012 §4: what is for a client reaches it only from those who may see its presence. */
  mayPass(stanza: Stanza, account: AccountView, from: Jid, to: Jid): Verdict {
    if (stanza.type !== 'get' || to.resource === '') return undefined;
    if (stanza.child('query', NS.lastActivity) === undefined) return undefined;
    // Where nobody would get it, the usual answer says less (RFC 6121 §8.5.3.2.3).
    if (!account.sessions.some((session) => session.jid.full === to.full)) return undefined;
    if (this.roster.seesUs(account, from.bare)) return undefined;
    return { stop: true, error: new StanzaError('forbidden') };
  }

  private async since(account: AccountView): Promise<Bytes> {
    const [row] = await this.host.read(this.store.get, [account.owner]);
    // Never yet seen: there is no time to tell.
    if (row === undefined) throw new StanzaError('item-not-found');
    const [at, status] = row as [number, string];
    return answer(this.host.clock.now() - at, status);
  }
}

function answer(ms: number, status: string): Bytes {
  // A clock that was set back makes nobody leave in the future.
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const head = `<query xmlns='${NS.lastActivity}' seconds='${seconds.toString()}'`;
  return (status === '' ? `${head}/>` : `${head}>${escapeText(status)}</query>`) as Bytes;
}

/** Not in the middle of a character. */
function cut(text: string): string {
  return text.length <= MAX_STATUS_CHARS
    ? text
    : Array.from(text).slice(0, MAX_STATUS_CHARS).join('');
}
