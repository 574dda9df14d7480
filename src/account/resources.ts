// Resources of an account: given to sessions, taken from those that make way. RFC 6120 §7, XEP-0386 §4.2.
import { isResourceOf } from '../auth/device-label.ts';
import type { HookName, Hooks, HookTable } from '../host/hooks.ts';
import type { InlineBinds } from '../host/inline-bind.ts';
import { makeJid } from '../protocol/jid.ts';
import { StorageError } from '../storage/storage.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import type { Account } from './account.ts';
import type { Attached, AttachRequest } from './attach.ts';
import type { PresenceEngine } from './presence-engine.ts';
import { SessionRef } from './session-ref.ts';

export interface AccountLimits {
  readonly sessionsPerAccount: number;
  /** RFC 6120 §7.7.2.2: the resource asked for is in use. */
  readonly resourceConflict: 'replace' | 'refuse';
}

export interface ResourceParts {
  readonly hooks: HookTable;
  readonly presences: PresenceEngine;
  readonly limits: AccountLimits;
  /** What modules do at the binding of a resource. */
  readonly inlineBinds: InlineBinds;
  readonly newResource: () => string;
  readonly reader: StanzaReader;
  readonly clock: Clock;
  readonly log: Log;
}

export class Resources {
  private readonly parts: ResourceParts;

  constructor(parts: ResourceParts) {
    this.parts = parts;
  }

  bind(account: Account, request: AttachRequest): Attached {
    const { limits } = this.parts;
    const resource = request.resource ?? this.parts.newResource();
    const old = account.find(resource);
    if (old?.worker === request.worker && old.id === request.id) {
      return { account, session: old, known: true };
    }
    if (old !== undefined) {
      // Nobody is there whom the newcomer would disturb, when the older one has no connection.
      const isInUse = limits.resourceConflict === 'refuse' && !old.hibernates;
      if (isInUse || request.yields === true) {
        return { refused: 'conflict' };
      }
      this.replace(account, old);
    } else if (account.sessions.length >= limits.sessionsPerAccount) {
      return { refused: 'resource-constraint' };
    }
    const { device } = request;
    if (device !== undefined && device !== '') this.endOthersOf(account, device);
    const jid = makeJid(account.jid.local, account.jid.domain, resource);
    const session = new SessionRef(jid, request.id, request.worker, request.port, this.parts.log);
    account.add(session);
    account.usedAtMs = this.parts.clock.monotonicMs();
    this.tell('session.attached', (handler) => handler(account, session));
    if (request.inline === undefined) return { account, session };
    const bind = this.parts.reader.read(request.inline);
    return { account, session, inline: this.parts.inlineBinds.run(bind, account, session) };
  }

  /** XEP-0386 §4.2: earlier sessions of the same client, whatever it called itself then. */
  private endOthersOf(account: Account, device: string): void {
    for (const other of account.sessions) {
      if (isResourceOf(other.jid.resource, device)) this.replace(account, other);
    }
  }

  private replace(account: Account, old: SessionRef): void {
    account.remove(old, true);
    this.parts.presences.gone(account, old);
    old.port.end('conflict');
  }

  /** Every module that listens hears of it, whatever one of them throws. */
  tell<N extends HookName>(hook: N, call: (handler: Hooks[N]) => void): void {
    for (const entry of this.parts.hooks.list(hook)) {
      try {
        call(entry.handler);
      } catch (error) {
        const fields = { err: error, module: entry.module, hook };
        // Nothing waits for these rows: while the storage takes none the module does without.
        if (error instanceof StorageError) this.parts.log.warn(fields, 'rows could not be stored');
        else this.parts.log.error(fields, 'a hook threw. This is a bug of that module.');
      }
    }
  }
}
