// RFC 6121 §3 and §4: subscriptions, and who is told of an account's presence.
import type { Module, ModuleHost, Service } from '../host/module.ts';
import { NS } from '../protocol/namespaces.ts';
import { rosterReader, rosterService } from '../roster/index.ts';
import type { Bytes } from '../xml/bytes.ts';
import { Announcer } from './announcer.ts';
import { DEFAULT_LIMITS, type PresenceLimits } from './limits.ts';
import { Presences } from './presences.ts';
import { Requests, REQUESTS_REMOVALS, REQUESTS_SCHEMA } from './requests.ts';
import { Subscriptions } from './subscriptions.ts';
import { makeWords } from './words.ts';

export type { Announcer } from './announcer.ts';

const ANNOUNCER: Service<Announcer> = { name: 'presence.announcer' };
const PRESENCES: Service<Presences> = { name: 'presence' };

export const presence: Module = {
  declaration: {
    name: 'presence',
    summary: 'Keeps subscriptions and tells contacts who is available.',
    xeps: [{ spec: 'RFC 6121', version: '2011', status: 'complete', note: 'sections 3 and 4' }],
    // RFC 6121 §3.4
    streamFeatures: [`<sub xmlns='${NS.preApproval}'/>` as Bytes],
    options: async () => (await import('./options.ts')).OPTIONS,
    needs: ['roster'],
    stores: REQUESTS_SCHEMA,
    removals: REQUESTS_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const given = host.options as Partial<PresenceLimits> | undefined;
    const limits = { ...DEFAULT_LIMITS, ...given };
    const words = makeWords(host.xml);
    const roster = rosterService(host);
    const requests = new Requests(host);
    const announcer = new Announcer(host, words);
    const shared = { host, requests, announcer, limits, words };
    const subscriptions = new Subscriptions({ ...shared, roster });
    const presences = new Presences({ ...shared, contacts: rosterReader(host) });
    roster.onRemoving = (account, was, contact, write) =>
      subscriptions.removing(account, was, contact, write);
    host.onStop(() => {
      roster.onRemoving = undefined;
    });
    host.offer(ANNOUNCER, announcer);
    host.offer(PRESENCES, presences);
    host.presence({
      outgoing: (stanza, account, to, _session, change) => {
        subscriptions.outgoing(stanza, account, to, change);
      },
      incoming: (stanza, account, from, change) => {
        subscriptions.incoming(stanza, account, from, change);
      },
      broadcast: (...told) => {
        presences.broadcast(...told);
      },
      directed: (...sent) => {
        presences.directed(...sent);
      },
      mayProbe: (account, to) => presences.mayProbe(account, to),
      probed: (account, from) => {
        presences.probed(account, from);
      },
    });
  },
};

/** For features that decide who may see an account; they name `presence` in their needs. */
export function announcer(host: ModuleHost): Announcer {
  return host.use(ANNOUNCER);
}

/** What others may know of directed presence (RFC 6121 §4.6). */
export interface PresenceReader {
  /** The session's presence went to this address directly, and its broadcasts do not reach it. */
  wentTo: Presences['wentTo'];
  /** Those of these addresses that fit are no longer told of anything by presence/. */
  takeDirected: Presences['takeDirected'];
}

export function presenceReader(host: ModuleHost): PresenceReader {
  return host.use(PRESENCES);
}
