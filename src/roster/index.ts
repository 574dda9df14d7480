// RFC 6121 §2: the contacts of an account. Other features read them here, presence/ changes their subscriptions.
import type { Module, ModuleHost, Service } from '../host/module.ts';
import { NS } from '../protocol/namespaces.ts';
import type { Bytes } from '../xml/bytes.ts';
import { DEFAULT_LIMITS, type RosterLimits } from './limits.ts';
import { RosterReader } from './reader.ts';
import { ROSTER_REMOVALS, ROSTER_SCHEMA } from './roster-store.ts';
import { RosterService } from './service.ts';

export type { RosterReader } from './reader.ts';
export type { RosterService } from './service.ts';
export type { States } from './account-roster.ts';
export type { Contact, Subscription } from './contacts.ts';
export { ASKED, FROM, TO } from './contacts.ts';

const SERVICE: Service<RosterService> = { name: 'roster' };

export const roster: Module = {
  declaration: {
    name: 'roster',
    summary: 'Keeps the list of contacts and tells it to the clients of its owner.',
    xeps: [
      { spec: 'RFC 6121', version: '2011', status: 'complete', note: 'section 2' },
      { spec: 'XEP-0237', version: '1.3', status: 'complete', note: 'part of RFC 6121 since 2011' },
    ],
    // RFC 6121 §2.6.2
    streamFeatures: [`<ver xmlns='${NS.rosterVersioning}'/>` as Bytes],
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: ROSTER_SCHEMA,
    removals: ROSTER_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const given = host.options as Partial<RosterLimits> | undefined;
    const service = new RosterService(host, { ...DEFAULT_LIMITS, ...given });
    host.offer(SERVICE, service);
    host.iq('account', NS.roster, 'query', (request) => service.answer(request));
  },
};

/** For features that ask who is whose contact; they name `roster` in their needs. */
export function rosterReader(host: ModuleHost): RosterReader {
  return new RosterReader(host.use(SERVICE).rosters);
}

/** For presence/, which changes the states of subscriptions. */
export function rosterService(host: ModuleHost): RosterService {
  return host.use(SERVICE);
}
