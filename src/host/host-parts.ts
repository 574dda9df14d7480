// What modules are given of the rest of a worker.
import type { Jid } from '../protocol/jid.ts';
import type { Storage } from '../storage/storage.ts';
import type { Clock, Random, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { XmlContext } from '../xml/xml-context.ts';
import type { IqHandler, IqTarget, ModuleHost } from './module.ts';
import type { Registrar } from './registrar.ts';
import type { AccountView, SessionView } from './views.ts';

/** What the host needs of the rest of the worker. */
export interface HostParts {
  readonly storage: Storage;
  readonly xml: XmlContext;
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly addIq: (
    target: IqTarget,
    ns: string,
    name: string,
    handler: IqHandler,
    module: string,
  ) => boolean;
  readonly removeIq: (target: IqTarget, ns: string, name: string) => void;
  readonly accounts: () => Iterable<AccountView>;
  readonly send: (stanza: Stanza, from: Jid, to: Jid) => void;
  readonly fanOut: (stanza: Stanza, from: Jid, to: readonly Jid[]) => void;
  readonly mayTell: (stanza: Stanza, account: AccountView, to: Jid) => boolean;
  /** The address of a prepared text. */
  readonly address: (text: string) => Jid | undefined;
  /** Absent: there are no administrators. */
  readonly isAdmin?: (jid: Jid) => boolean;
  /** Absent: there is nobody who could run commands. */
  readonly run?: ModuleHost['run'];
  readonly version?: string;
  readonly registrar?: Registrar;
  /** Absent: no client answers. */
  readonly ask?: (
    session: SessionView,
    content: Bytes,
    done: (answer: Stanza | undefined) => void,
  ) => void;
}
